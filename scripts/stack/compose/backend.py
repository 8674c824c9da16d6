"""The compose stack: the pipeline of docker-compose.yml."""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from scripts.errors import StackFailure
from scripts.files import write_atomically
from scripts.settings.paths import Checkout
from scripts.settings.pipeline import Pipeline
from scripts.stack import connector, readiness, target, topics
from scripts.stack.backend import LogTail, Say
from scripts.stack.component import COMPONENTS, ComponentStatus
from scripts.stack.compose import observe as observers
from scripts.stack.compose import ports
from scripts.stack.compose.cli import Compose
from scripts.stack.compose.containers import SERVICES, Containers
from scripts.stack.compose.engine import Engine
from scripts.stack.compose.events import Listener
from scripts.stack.compose.statistics import Statistics
from scripts.stack.compose.watch import LAST_LINES, ComposeWatch, lines_of
from scripts.stack.endpoints import Endpoints
from scripts.stack.usage import Usage
from scripts.waiting import NotReady, until_called_off, wait_until

T = TypeVar("T")
_DEADLINE_SECONDS = 120.0
_INTERVAL_SECONDS = 0.1
_GRACE_SECONDS = 10
# So often the engine may start a component again before it counts as one that cannot start.
_MOST_RESTARTS = 3
_GIB = 1024**3


class ComposeStack:
    """The compose stack of one checkout; others have projects and ports of their own."""

    name = "compose"

    def __init__(
        self,
        checkout: Checkout,
        pipeline: Pipeline,
        find_engine: Callable[[], Engine],
        jmx_agent: Callable[[Say], Path],
    ) -> None:
        self._checkout = checkout
        self._pipeline = pipeline
        self._find_engine = find_engine
        self._jmx_agent = jmx_agent
        digest = hashlib.sha256(str(checkout.root).encode()).hexdigest()[:8]
        self.project = f"cdc-perf-{digest}"

    @cached_property
    def _engine(self) -> Engine:
        return self._find_engine()

    @cached_property
    def _containers(self) -> Containers:
        return Containers(self._engine.client, self.project)

    @cached_property
    def _statistics(self) -> Statistics:
        return Statistics(self._engine.client)

    @cached_property
    def _listener(self) -> Listener:
        return Listener(self._engine.client, self.project)

    def _compose(
        self,
        chosen: Mapping[str, int] | None = None,
        observing: Mapping[str, str] | None = None,
    ) -> Compose:
        given = {ports.VARIABLES[name]: str(port) for name, port in (chosen or {}).items()}
        user = {"POSTGRES_USER": self._pipeline.postgres.user}
        variables = {**given, **user, **(observing or {})}
        return Compose(self._checkout.root, self.project, variables)

    def up(self, say: Say, *, observe: bool = False) -> Endpoints:
        """Start the stack, or what was stopped of it, and prove it with a canary row."""
        running = self.endpoints()
        if running is not None:
            if observe:
                readiness.expect_observed(running)
            self._start_stopped(running, say)
            return running
        began = time.monotonic()
        say(f"{self._engine}, project {self.project}")
        left = self._containers.leftovers()
        if left:
            say(f"an earlier start left {' and '.join(left)}: removing them")
            self._remove(0)
        try:
            endpoints = self._start(say, observe=observe)
        except BaseException:
            self.abandon(say)
            raise
        say(f"the stack is up after {time.monotonic() - began:.1f} s")
        return endpoints

    def _start(self, say: Say, *, observe: bool) -> Endpoints:
        pipeline = self._pipeline
        chosen = ports.choose(os.environ)
        observing = observers.variables(self._jmx_agent(say), os.environ) if observe else {}
        compose = self._compose(chosen, observing)
        images = compose.images()
        self._get_images(compose, images, say)
        # Of a profile that someone has chosen (COMPOSE_PROFILES), otel for one.
        others = set(images) - {*SERVICES.values(), *observers.SERVICES}
        # The JVMs take longest, so everything else is done while they start.
        compose.start(["kafka", "kafka-connect", "mongodb", "postgres", *sorted(others)])
        compose.build("cdc-consumer")
        endpoints = self._addresses(chosen, observed=observe)
        root = self._checkout.root
        self._ready(say, "postgres", lambda: readiness.prepare_source(pipeline, endpoints, root))
        self._ready(say, "kafka", lambda: topics.cluster_id(endpoints.kafka_bootstrap))
        topics.create(endpoints.kafka_bootstrap, pipeline)
        compose.start(["cdc-consumer"])
        self._ready(say, "connect", lambda: readiness.connect_cluster(endpoints))
        connector.deploy(pipeline, endpoints)
        say(f"connector {pipeline.connector.name} is running, its replication slot active")
        self._ready(say, "consumer", lambda: readiness.consumer_ready(endpoints))
        if observe:
            compose.start(observers.SERVICES)
            wait_until(
                lambda: readiness.prometheus_ready(endpoints),
                what="prometheus",
                deadline_seconds=_DEADLINE_SECONDS,
                hint="docker compose logs prometheus",
            )
            say(f"watch it: http://127.0.0.1:{chosen['grafana']}")
        readiness.prove(pipeline, endpoints, say)
        endpoints.write(self._checkout.endpoints_file)
        return endpoints

    def _get_images(self, compose: Compose, images: Mapping[str, str], say: Say) -> None:
        missing = self._containers.missing(images)
        if missing:
            say(f"getting the images of {', '.join(missing)}")
            compose.pull(missing)

    def _start_stopped(self, endpoints: Endpoints, say: Say) -> None:
        found = self._containers.all()
        stopped = [x for x in COMPONENTS if x in found and found[x].state == "stopped"]
        if not stopped:
            return
        for name in stopped:
            say(f"{name} was stopped: starting it")
            self._containers.start(SERVICES[name])
        connector.wait_running(self._pipeline, endpoints)
        self._ready(say, "consumer", lambda: readiness.consumer_ready(endpoints))
        readiness.prove(self._pipeline, endpoints, say)

    def _ready(self, say: Say, name: str, probe: Callable[[], T]) -> None:
        """Wait for a component, and give up if its container does not stay up."""

        def explain() -> tuple[str, ...]:
            return self._last_lines(name, LAST_LINES)

        def check() -> T:
            container = self._containers.all().get(name)
            if container is None:
                raise NotReady("it has no container")
            if container.state == "stopped" or container.restarts >= _MOST_RESTARTS:
                raise StackFailure(
                    f"{name} ended while it was started",
                    hint=f"docker logs {container.name}",
                    detail=explain(),
                )
            return probe()

        wait_until(
            check,
            what=name,
            deadline_seconds=_DEADLINE_SECONDS,
            interval_seconds=_INTERVAL_SECONDS,
            explain=explain,
            hint=f"see {self._checkout.stack / 'logs' / f'{name}.log'}",
        )
        say(f"{name} is ready")

    def _addresses(self, chosen: Mapping[str, int], *, observed: bool) -> Endpoints:
        postgres = self._pipeline.postgres
        return Endpoints(
            stack=self.name,
            postgres_dsn=f"postgresql://{postgres.user}@127.0.0.1:{chosen['postgres']}"
            f"/{postgres.database}",
            kafka_bootstrap=f"127.0.0.1:{chosen['kafka']}",
            connect_url=f"http://127.0.0.1:{chosen['connect']}",
            connector=self._pipeline.connector.name,
            mongodb_uri=f"mongodb://127.0.0.1:{chosen['mongodb']}",
            mongodb_database=self._pipeline.mongodb.database,
            consumer_url=f"http://127.0.0.1:{chosen['consumer']}",
            connector_postgres="postgres:5432",
            prometheus_url=f"http://127.0.0.1:{chosen['prometheus']}" if observed else "",
        )

    def down(self, say: Say) -> bool:
        """Stop the containers, and remove them with their data; their logs are kept as files."""
        found = bool(self._containers.leftovers())
        if found:
            self._remove(_GRACE_SECONDS)
            say("the stack is down")
        self._checkout.endpoints_file.unlink(missing_ok=True)
        return found

    def abandon(self, say: Say) -> bool:
        """Kill the containers, and remove them with their data."""
        # Whoever was called off still has to clean up.
        with until_called_off(threading.Event()):
            found = bool(self._containers.leftovers())
            if found:
                self._remove(0)
                say("the stack is down")
        self._checkout.endpoints_file.unlink(missing_ok=True)
        return found

    def _remove(self, grace_seconds: int) -> None:
        folder = self._checkout.stack / "logs"
        for name, log in self._containers.logs().items():
            write_atomically(folder / f"{name}.log", log)
        self._compose().down(grace_seconds)

    def endpoints(self) -> Endpoints | None:
        """Return the addresses if `up` got to its end and the containers are still there."""
        found = Endpoints.read(self._checkout.endpoints_file, self.name)
        if found is None:
            return None
        try:
            return found if self._containers.ids() else None
        except StackFailure:
            return None

    def versions(self) -> Mapping[str, str]:
        """Return the images, with their digests."""
        found = self._containers.all()
        return {name: self._containers.version(found[name]) for name in COMPONENTS if name in found}

    def status(self) -> tuple[ComponentStatus, ...]:
        """Ask the engine."""
        found = self._containers.all() if self.endpoints() is not None else {}
        usage = self.usage() if found else {}
        statuses = []
        for name in COMPONENTS:
            container = found.get(name)
            statuses.append(
                ComponentStatus(
                    name=name,
                    version=self._containers.version(container) if container else "",
                    state=container.state if container else "stopped",
                    pid=container.pid if container else None,
                    port=next(iter(container.ports.values()), None) if container else None,
                    memory=usage[name].memory if name in usage else None,
                    uptime=container.uptime if container else None,
                )
            )
        return tuple(statuses)

    def usage(self) -> Mapping[str, Usage]:
        """Ask the engine; nothing where it does not answer."""
        try:
            return self._statistics.of(self._containers.component_ids())
        except StackFailure:
            return {}

    def notes(self) -> tuple[str, ...]:
        """Name what differs from a pipeline in production."""
        limits = ", ".join(
            f"{name} {x.limits[0]:g} CPU {x.limits[1] / _GIB:g} GiB"
            for name, x in self._containers.all().items()
        )
        endpoints = self.endpoints()
        observed = endpoints is not None and endpoints.prometheus_url
        notes = (
            f"compose stack: one machine carries the load; limits: {limits}",
            "" if endpoints is None else self._note_on_mongodb(endpoints),
            "observed: Prometheus, Grafana and the JMX agents ran beside it" if observed else "",
        )
        return tuple(x for x in notes if x)

    @staticmethod
    def _note_on_mongodb(endpoints: Endpoints) -> str:
        try:
            return target.note(target.server(endpoints.mongodb_uri))
        except NotReady:
            return ""

    def log_tails(self, lines: int) -> Mapping[str, LogTail]:
        """Return the last lines that the engine keeps of each container."""
        names = {name: x.name for name, x in self._containers.all().items()}
        found = self._containers.logs(lines=lines)
        return {
            name: LogTail(f"docker logs {names[name]}", lines_of(found.get(name, b"")))
            for name in COMPONENTS
            if name in names
        }

    def _last_lines(self, name: str, count: int) -> tuple[str, ...]:
        try:
            return lines_of(self._containers.logs(lines=count).get(name, b""))
        except StackFailure:
            return ()

    def watch(self) -> ComposeWatch:
        """Observe from now on."""
        return ComposeWatch(self._containers, self._listener)
