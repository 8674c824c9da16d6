"""The embedded stack: the real pipeline without Docker, under supervisord."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from scripts.errors import StackFailure
from scripts.files import write_atomically
from scripts.settings.paths import Checkout
from scripts.settings.pipeline import Pipeline
from scripts.stack import connector, readiness, target, topics
from scripts.stack.backend import LogTail, Say
from scripts.stack.component import COMPONENTS, OBSERVERS, ComponentStatus
from scripts.stack.endpoints import Endpoints
from scripts.stack.local import consumer, jvm, mongodb, observe, postgres, symptoms
from scripts.stack.local.layout import Layout
from scripts.stack.local.logs import last_lines
from scripts.stack.local.observe import Observers
from scripts.stack.local.ports import Ports, choose
from scripts.stack.local.program import Program
from scripts.stack.local.supervisor import Supervisor, uptime
from scripts.stack.local.watch import LocalWatch
from scripts.stack.usage import Usage, usage_of
from scripts.waiting import until_called_off, wait_until

T = TypeVar("T")
_DEADLINE_SECONDS = 60.0


@dataclass(frozen=True)
class Installed:
    """Where the tools of the embedded stack are; `k6` is only linked to, for runs by hand."""

    postgres: Path
    java: jvm.Java
    storage: Path
    mongodb: Path
    k6: Path | None
    observers: Observers | None


class Install(Protocol):
    """Gets the tools, and returns where they are, with their versions."""

    def __call__(self, say: Say, /, *, observe: bool) -> tuple[Installed, dict[str, str]]:
        """Get what is missing."""


class LocalState(msgspec.Struct, frozen=True, kw_only=True):
    """What `up` decided, in `.stack/stack.json`."""

    ports: Ports
    cluster_id: str
    versions: dict[str, str]


class LocalStack:
    """The embedded stack of one checkout."""

    name = "local"

    def __init__(
        self,
        checkout: Checkout,
        pipeline: Pipeline,
        layout: Layout,
        install: Install,
    ) -> None:
        self._checkout = checkout
        self._pipeline = pipeline
        self._layout = layout
        self._install = install
        self._supervisor = Supervisor(layout)

    def up(self, say: Say, *, observe: bool = False) -> Endpoints:
        """Start the stack, or what was stopped of it, and prove it with a canary row."""
        running = self.endpoints()
        if running is not None:
            if observe:
                readiness.expect_observed(running)
            self._start_stopped(running, say)
            return running
        began = time.monotonic()
        if self._supervisor.left_running():
            say("supervisord was killed: ending what it left running")
        # Of a start that did not come to its end, for one.
        self.abandon(lambda _line: None)
        installed, versions = self._install(say, observe=observe)
        try:
            endpoints = self._start(installed, versions, say)
        except BaseException:
            self.abandon(say)
            raise
        say(f"the stack is up after {time.monotonic() - began:.1f} s")
        return endpoints

    def _start_stopped(self, endpoints: Endpoints, say: Say) -> None:
        stopped = [status.name for status in self.status() if status.state == "stopped"]
        if not stopped:
            return
        for name in stopped:
            say(f"{name} was stopped: starting it")
            self._supervisor.start_program(name)
        connector.wait_running(self._pipeline, endpoints)
        readiness.prove(self._pipeline, endpoints, say)

    def _start(self, installed: Installed, versions: dict[str, str], say: Say) -> Endpoints:
        layout, pipeline = self._layout, self._pipeline
        local = pipeline.stacks.local
        given = {k: v for k, v in msgspec.structs.asdict(local.ports).items() if v is not None}
        ports = choose(given)
        mongod = mongodb.configured(self._checkout, pipeline)
        server = mongodb.find_server(mongod, versions["mongodb"])
        observers = installed.observers
        endpoints = self._addresses(ports, observed=observers is not None)
        state = LocalState(
            ports=ports,
            cluster_id=jvm.new_cluster_id(),
            versions={**versions, "mongodb": server.version},
        )
        write_atomically(layout.state, msgspec.json.encode(state))
        jvm.write_settings(layout, ports)
        jvm.copy_storage(installed.storage, layout, state.cluster_id)
        agents, observing = self._observing(observers, ports)
        self._supervisor.start(
            (
                *jvm.programs(layout, installed.java, agents),
                mongodb.program(layout, server, installed.mongodb, ports.mongodb),
                postgres.program(layout, installed.postgres, ports.postgres),
                consumer.program(
                    self._checkout.root, self._checkout.pipeline_file, endpoints, ports.consumer
                ),
                *observing,
            )
        )
        # The JVMs take longest, so they start first; Connect waits for its broker by itself.
        for name in ("kafka", "connect", "mongodb"):
            self._supervisor.start_program(name)
        postgres.create_cluster(layout, installed.postgres, pipeline.postgres.user)
        self._supervisor.start_program("postgres")
        for program in observing:
            self._supervisor.start_program(program.name)
        self._ready(
            say,
            "postgres",
            lambda: readiness.prepare_source(pipeline, endpoints, self._checkout.root),
        )
        self._ready(say, "kafka", lambda: self._check_broker(endpoints, state))
        topics.create(endpoints.kafka_bootstrap, pipeline)
        self._supervisor.start_program("consumer")
        self._ready(say, "connect", lambda: self._check_connect(endpoints, state))
        connector.deploy(pipeline, endpoints)
        say(f"connector {pipeline.connector.name} is running, its replication slot active")
        self._ready(say, "consumer", lambda: readiness.consumer_ready(endpoints))
        for program in observing:
            self._ready(say, program.name, lambda: readiness.prometheus_ready(endpoints))
        readiness.prove(pipeline, endpoints, say)
        if installed.k6 is not None:
            layout.k6.parent.mkdir(parents=True, exist_ok=True)
            layout.k6.symlink_to(installed.k6)
        endpoints.write(layout.endpoints)
        return endpoints

    def _observing(
        self, observers: Observers | None, ports: Ports
    ) -> tuple[dict[str, str], tuple[Program, ...]]:
        """Return the agents' flags by program, and what runs beside the stack."""
        if observers is None:
            return {}, ()
        observe.write_settings(self._layout, observers, ports)
        prometheus = observe.program(self._layout, observers, ports)
        return observe.agent_flags(observers, ports), (prometheus,)

    def _ready(self, say: Say, name: str, probe: Callable[[], T]) -> None:
        """Wait for a component, and give up at once if it ended."""
        log = self._layout.log(name)

        def check() -> T:
            if self._supervisor.state(name) in ("failed", "stopped"):
                lines = last_lines(log)
                raise StackFailure(
                    f"{name} ended while it was started",
                    hint=symptoms.remedy(lines) or f"see {log}",
                    detail=lines,
                )
            return probe()

        wait_until(
            check,
            what=name,
            deadline_seconds=_DEADLINE_SECONDS,
            explain=lambda: last_lines(log),
            hint=f"see {log}",
        )
        say(f"{name} is ready")

    def _addresses(self, ports: Ports, *, observed: bool) -> Endpoints:
        postgres_settings = self._pipeline.postgres
        return Endpoints(
            stack=self.name,
            postgres_dsn=f"postgresql://{postgres_settings.user}@127.0.0.1:{ports.postgres}"
            f"/{postgres_settings.database}",
            kafka_bootstrap=f"127.0.0.1:{ports.kafka}",
            connect_url=f"http://127.0.0.1:{ports.connect}",
            connector=self._pipeline.connector.name,
            mongodb_uri=f"mongodb://127.0.0.1:{ports.mongodb}",
            mongodb_database=self._pipeline.mongodb.database,
            consumer_url=f"http://127.0.0.1:{ports.consumer}",
            prometheus_url=f"http://127.0.0.1:{ports.prometheus}" if observed else "",
        )

    @staticmethod
    def _check_broker(endpoints: Endpoints, state: LocalState) -> None:
        _expect_cluster(topics.cluster_id(endpoints.kafka_bootstrap), state, "the Kafka broker")

    @staticmethod
    def _check_connect(endpoints: Endpoints, state: LocalState) -> None:
        _expect_cluster(readiness.connect_cluster(endpoints), state, "Kafka Connect")

    def down(self, say: Say) -> bool:
        """Stop the components in the direction opposite to the data's, and remove their data."""
        found = self._layout.state.exists() or self._supervisor.alive()
        if self._supervisor.alive():
            for name in ("consumer", "connect", "kafka", "mongodb", "postgres"):
                self._supervisor.stop_program(name)
        self._supervisor.shut_down()
        self._layout.clear()
        if found:
            say("the stack is down")
        return found

    def abandon(self, say: Say) -> bool:
        """Stop at once a stack that is not wanted any more, and remove its data."""
        for name in COMPONENTS:
            with suppress(StackFailure):
                # A PostgreSQL that is killed leaves shared memory behind; by SIGQUIT it does not.
                self._supervisor.kill_program(name, "QUIT" if name == "postgres" else "KILL")
        # Whoever was called off still has to clean up.
        with until_called_off(threading.Event()):
            return self.down(say)

    def endpoints(self) -> Endpoints | None:
        """Return the addresses if `up` got to its end and supervisord still answers."""
        found = Endpoints.read(self._layout.endpoints, self.name)
        return found if found is not None and self._supervisor.alive() else None

    def _state(self) -> LocalState | None:
        with suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode(self._layout.state.read_bytes(), type=LocalState)
        return None

    def versions(self) -> Mapping[str, str]:
        """Return the versions that `up` recorded."""
        state = self._state()
        return state.versions if state is not None else {}

    def status(self) -> tuple[ComponentStatus, ...]:
        """Ask supervisord."""
        state = self._state()
        processes = self._supervisor.processes()
        usage = self.usage()
        versions = self.versions()
        statuses = []
        for name in self._names(processes):
            info = processes.get(name, {})
            pid = info.get("pid") or None
            statuses.append(
                ComponentStatus(
                    name=name,
                    version=versions.get(name, ""),
                    state=self._supervisor.state(name) if info else "stopped",
                    pid=pid,
                    port=getattr(state.ports, name) if state is not None and info else None,
                    memory=usage[name].memory if name in usage else None,
                    uptime=uptime(info) if info else None,
                )
            )
        return tuple(statuses)

    @staticmethod
    def _names(processes: Mapping[str, Any]) -> tuple[str, ...]:
        return (*COMPONENTS, *(name for name in OBSERVERS if name in processes))

    def usage(self) -> Mapping[str, Usage]:
        """Look at the processes that supervisord has started."""
        processes = self._supervisor.processes()
        return usage_of({name: x["pid"] for name, x in processes.items() if x.get("pid")})

    def notes(self) -> tuple[str, ...]:
        """Name what differs from a pipeline in production."""
        server = self.versions().get("mongodb", "")
        notes = ["embedded stack: one machine carries the load, PostgreSQL runs with fsync off"]
        if on_mongodb := target.note(server):
            notes.append(on_mongodb)
        if any(name in self.versions() for name in OBSERVERS):
            notes.append("observed: Prometheus and the JMX agents ran on the same machine")
        return tuple(notes)

    def log_files(self) -> Mapping[str, Path]:
        """Return the log files, supervisord's among them."""
        observers = (name for name in OBSERVERS if name in self.versions())
        return {name: self._layout.log(name) for name in (*COMPONENTS, *observers, "supervisord")}

    def log_tails(self, lines: int) -> Mapping[str, LogTail]:
        """Return the ends of the log files."""
        files = self.log_files().items()
        return {name: LogTail(str(path), last_lines(path, lines)) for name, path in files}

    def watch(self) -> LocalWatch:
        """Observe from the present end of each log on."""
        return LocalWatch(self._layout, self._supervisor, self.log_files())


def _expect_cluster(found: str, state: LocalState, who: str) -> None:
    if found != state.cluster_id:
        raise StackFailure(
            f"{who} on our port belongs to another cluster ({found})",
            hint="end the stranger, or give other ports in pipeline.toml",
        )
