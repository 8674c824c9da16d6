"""The start of the embedded stack."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from scripts.errors import StackFailure
from scripts.settings.paths import Checkout
from scripts.settings.pipeline import Pipeline
from scripts.stack import connector, readiness, start, topics
from scripts.stack.backend import Say
from scripts.stack.component import COMPONENTS, OBSERVERS
from scripts.stack.endpoints import Endpoints, on_loopback
from scripts.stack.local import consumer, jvm, mongodb, observe, postgres, symptoms
from scripts.stack.local.installed import Install
from scripts.stack.local.layout import Layout
from scripts.stack.local.logs import last_lines
from scripts.stack.local.observe import Observers
from scripts.stack.local.ports import Ports, choose
from scripts.stack.local.program import Program
from scripts.stack.local.state import LocalState
from scripts.stack.local.supervisor import Supervisor

NAME = "local"
_DEADLINE_SECONDS = 60.0
_INTERVAL_SECONDS = 0.05


@dataclass(frozen=True)
class LocalStarter:
    """Starts the components of one checkout under its supervisord."""

    checkout: Checkout
    pipeline: Pipeline
    layout: Layout
    supervisor: Supervisor
    install: Install

    def announce(self, say: Say) -> None:
        """Say so where a supervisord was killed."""
        if self.supervisor.left_running():
            say("supervisord was killed: ending what it left running")

    def stopped(self) -> tuple[str, ...]:
        """Return the components that supervisord was told to stop, the observers among them."""
        known = self.supervisor.processes()
        names = (x for x in (*COMPONENTS, *OBSERVERS) if x in known)
        return tuple(name for name in names if self.supervisor.state(name) == "stopped")

    def start_again(self, name: str) -> None:
        """Start a component that was stopped."""
        self.supervisor.start_program(name)

    def start(self, say: Say, *, observe: bool) -> Endpoints:
        """Get the tools, start the components, and make a pipeline of them."""
        installed, versions = self.install(say, observe=observe)
        layout, pipeline = self.layout, self.pipeline
        local = pipeline.stacks.local
        given = {k: v for k, v in msgspec.structs.asdict(local.ports).items() if v is not None}
        ports = choose(given)
        mongod = mongodb.configured(self.checkout, pipeline)
        server = mongodb.find_server(mongod, versions["mongodb"])
        observers = installed.observers
        endpoints = on_loopback(
            NAME, pipeline, msgspec.structs.asdict(ports), observed=observers is not None
        )
        state = LocalState(
            ports=ports,
            cluster_id=jvm.new_cluster_id(),
            versions={**versions, "mongodb": server.version},
        )
        state.write(layout.state)
        jvm.write_settings(layout, ports)
        jvm.copy_storage(installed.storage, layout, state.cluster_id)
        agents, observing = self._observing(observers, ports)
        self.supervisor.start(
            (
                *jvm.programs(layout, installed.java, agents),
                mongodb.program(layout, server, installed.mongodb, ports.mongodb),
                postgres.program(layout, installed.postgres, ports.postgres),
                consumer.program(
                    self.checkout.root, self.checkout.pipeline_file, endpoints, ports.consumer
                ),
                *observing,
            )
        )
        # The JVMs take longest, so they start first; Connect waits for its broker by itself.
        for name in ("kafka", "connect", "mongodb"):
            self.supervisor.start_program(name)
        postgres.create_cluster(layout, installed.postgres, pipeline.postgres.user)
        self.supervisor.start_program("postgres")
        for program in observing:
            self.supervisor.start_program(program.name)
        self.wait_ready(
            say,
            "postgres",
            lambda: readiness.prepare_source(pipeline, endpoints, self.checkout.root),
        )
        self.wait_ready(say, "kafka", lambda: _check_broker(endpoints, state))
        topics.create(endpoints.kafka_bootstrap, pipeline)
        self.supervisor.start_program("consumer")
        self.wait_ready(say, "connect", lambda: _check_connect(endpoints, state))
        connector.deploy(pipeline, endpoints)
        say(f"connector {pipeline.connector.name} is running, its replication slot active")
        self.wait_ready(say, "consumer", lambda: readiness.consumer_ready(endpoints))
        for program in observing:
            self.wait_ready(say, program.name, lambda: readiness.prometheus_ready(endpoints))
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
        observe.write_settings(self.layout, observers, ports)
        prometheus = observe.program(self.layout, observers, ports)
        return observe.agent_flags(observers, ports), (prometheus,)

    def wait_ready(self, say: Say, name: str, probe: Callable[[], object]) -> None:
        """Wait for a component, and give up at once if it ended."""
        log = self.layout.log(name)

        def ended() -> str:
            if self.supervisor.state(name) not in ("failed", "stopped"):
                return ""
            return symptoms.remedy(last_lines(log)) or f"see {log}"

        start.wait_ready(
            say,
            name,
            probe,
            ended=ended,
            last_lines=lambda: last_lines(log),
            log=log,
            deadline_seconds=_DEADLINE_SECONDS,
            interval_seconds=_INTERVAL_SECONDS,
        )


def _check_broker(endpoints: Endpoints, state: LocalState) -> None:
    _expect_cluster(topics.cluster_id(endpoints.kafka_bootstrap), state, "the Kafka broker")


def _check_connect(endpoints: Endpoints, state: LocalState) -> None:
    _expect_cluster(readiness.connect_cluster(endpoints), state, "Kafka Connect")


def _expect_cluster(found: str, state: LocalState, who: str) -> None:
    if found != state.cluster_id:
        raise StackFailure(
            f"{who} on our port belongs to another cluster ({found})",
            hint="end the stranger, or give other ports in pipeline.toml",
        )
