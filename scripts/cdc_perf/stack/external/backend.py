"""The external stack: the harness checks and measures it, and never starts or stops it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline, PostgresSink
from cdc_perf.stack import readiness, source, target, topics
from cdc_perf.stack.backend import JvmMemory, LogTail
from cdc_perf.stack.checks.flow import check_events, check_flow
from cdc_perf.stack.checks.sequence import check_connector, check_pipeline, warnings
from cdc_perf.stack.component import ComponentEvent, ComponentStatus
from cdc_perf.stack.component_specs import COMPONENTS, PIPELINE, components_of
from cdc_perf.stack.connect_api import ConnectApi, Rebalancing, Unreachable
from cdc_perf.stack.connector_health import CONNECTOR, Condition, read_health, status_rows
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.external.addresses import addresses
from cdc_perf.stack.sinks.choice import sink_of
from cdc_perf.stack.usage import Usage
from cdc_perf.waiting import NotReady

_log = logging.getLogger(__name__)
_OURS = "cdc-perf does not stop an external stack: nothing was changed"


@dataclass(frozen=True)
class ProbeAnswer:
    """A component's answer to a probe.

    Attributes:
        component: The component's name.
        version: The version that it reports; empty if unknown.
        fault: Why it is unusable; empty if it is usable.
        given: Whether its address is given.
    """

    component: str
    version: str = ""
    fault: str = ""
    given: bool = True

    def __str__(self) -> str:
        """Return the answer as one line."""
        if not self.given:
            return f"{self.component}: no address given"
        if self.fault:
            return f"{self.component}: {self.fault}"
        return f"{self.component} answers{f' ({self.version})' if self.version else ''}"


def ask_all(pipeline: Pipeline, endpoints: Endpoints) -> tuple[ProbeAnswer, ...]:
    """Probe every component, in pipeline order."""
    questions: dict[str, tuple[str, Callable[[], str]]] = {
        "postgres": (endpoints.postgres_dsn, lambda: _postgres(endpoints)),
        "kafka": (endpoints.kafka_bootstrap, lambda: _kafka(endpoints)),
        "connect": (endpoints.connect_url, lambda: _connect(endpoints)),
        CONNECTOR: (endpoints.connect_url, lambda: _connector(pipeline, endpoints)),
        "mongodb": (endpoints.mongodb_uri, lambda: target.server(endpoints.mongodb_uri)),
        "sink": (endpoints.sink_dsn, lambda: sink_of(pipeline, endpoints).server()),
        "consumer": (endpoints.consumer_url, lambda: _consumer(endpoints)),
    }
    absent = {spec.name for spec in PIPELINE} - {spec.name for spec in components_of(pipeline)}
    if not isinstance(pipeline.sink, PostgresSink):
        absent.add("sink")
    return tuple(
        _ask(name, *question) for name, question in questions.items() if name not in absent
    )


def _ask(name: str, address: str, question: Callable[[], str]) -> ProbeAnswer:
    if not address:
        return ProbeAnswer(name, given=False)
    try:
        return ProbeAnswer(name, version=question())
    except (NotReady, StackFailure, Rebalancing, Unreachable) as failure:
        return ProbeAnswer(name, fault=str(failure).splitlines()[0])


def _postgres(endpoints: Endpoints) -> str:
    with source.connect(endpoints.postgres_dsn) as connection:
        return f"PostgreSQL {connection.info.parameter_status('server_version')}"


def _kafka(endpoints: Endpoints) -> str:
    topics.cluster_id(endpoints.kafka_bootstrap)
    return ""


def _connect(endpoints: Endpoints) -> str:
    return f"Kafka Connect {ConnectApi(endpoints.connect_url).version()}"


def _connector(pipeline: Pipeline, endpoints: Endpoints) -> str:
    name = pipeline.connector.name
    health = read_health(pipeline, endpoints)
    if health is None or health.condition is Condition.ABSENT:
        raise NotReady(f"there is no {name}: inv connector.deploy --stack external")
    if not health.running:
        raise NotReady(health.sentence)
    return name


def _consumer(endpoints: Endpoints) -> str:
    readiness.consumer_ready(endpoints)
    return ""


class ExternalStack:
    """A pipeline that others run; the harness does not start, stop, or delete any part of it."""

    name = "external"

    def __init__(self, pipeline: Pipeline, environment: Mapping[str, str]) -> None:
        self._pipeline = pipeline
        self._environment = environment

    def _addresses(self) -> Endpoints:
        return addresses(self._pipeline, self._environment)

    def _answers(self) -> tuple[ProbeAnswer, ...]:
        return ask_all(self._pipeline, self._addresses())

    def up(self, *, observe: bool = False) -> Endpoints:
        """Probe every component, report the answers, and send a canary row through the pipeline."""
        endpoints = self._addresses()
        if observe and not endpoints.prometheus_url:
            raise StackFailure(
                "--observe: no Prometheus address is set",
                hint="set CDC_PROMETHEUS_URL, or prometheus_url in [stacks.external]",
            )
        answers = ask_all(self._pipeline, endpoints)
        for answer in answers:
            _log.info(str(answer))
        faults = [str(answer) for answer in answers if answer.fault]
        if faults:
            raise StackFailure(
                f"the external stack is not ready: {faults[0]}",
                hint="fix it, or its address (CDC_*, [stacks.external] in pipeline.toml)",
                detail=tuple(faults[1:]),
            )
        self.verify()
        for warning in warnings(self._pipeline, endpoints):
            _log.info(warning)
        # The topic of the canary's event may have been empty before, and its form may be the reason
        # why the row does not arrive.
        events = partial(check_events, self._pipeline, endpoints)
        readiness.prove_pipeline(self._pipeline, endpoints, explain=events)
        events()
        return endpoints

    def verify(self, *, connector: bool = True) -> None:
        """Raise StackFailure if the external stack does not match pipeline.toml.

        It checks tables, publication, sink, plugins, connector, slot, topics, consumer group, and
        the form of events.

        Args:
            connector: Whether the connector must run as the file says; not before its deployment.
        """
        endpoints = self._addresses()
        check_pipeline(self._pipeline, endpoints)
        if connector:
            check_connector(self._pipeline, endpoints)
        for warning in check_flow(self._pipeline, endpoints, reading=connector):
            _log.info(warning)

    def down(self) -> bool:
        """Report that nothing is stopped."""
        _log.info(_OURS)
        return True

    def abandon(self) -> bool:
        """Do nothing."""
        return True

    def endpoints(self) -> Endpoints | None:
        """Return the addresses if every component with an address answers."""
        silent = [x for x in self._answers() if x.fault and x.component != CONNECTOR]
        return None if silent else self._addresses()

    def status(self) -> tuple[ComponentStatus, ...]:
        """Probe every component; one without an address counts as running."""
        health = read_health(self._pipeline, self._addresses())
        components = tuple(
            ComponentStatus(
                name=answer.component,
                version=answer.version if answer.given else "no address given",
                state="failed" if answer.fault else "running",
                pid=None,
                port=None,
                memory=None,
                uptime=None,
                detail=answer.fault,
            )
            for answer in self._answers()
            if answer.component != CONNECTOR
        )
        return (*components, *status_rows(health))

    def usage(self) -> Mapping[str, Usage]:
        """Return nothing: its processes are not on this machine."""
        return {}

    def collected(self) -> Mapping[str, JvmMemory]:
        """Return nothing: its processes are not on this machine."""
        return {}

    def versions(self) -> Mapping[str, str]:
        """Return the versions that the components report."""
        answers = {x.component: x for x in self._answers() if x.given}
        return {name: answers[name].version or "external" for name in COMPONENTS if name in answers}

    def notes(self) -> tuple[str, ...]:
        """Return what was not observed."""
        answers = {x.component: x for x in self._answers()}
        missing = ", ".join(name for name, x in answers.items() if not x.given)
        notes = (
            "external stack: restarts, logs, CPU, and memory were not monitored",
            f"no address given for {missing}" if missing else "",
            target.note(answers["mongodb"].version) if "mongodb" in answers else "",
        )
        return tuple(x for x in notes if x)

    def log_tails(self, _lines: int) -> Mapping[str, LogTail]:
        """Return no lines: its logs are not available."""
        return {name: LogTail("external: not available", ()) for name in COMPONENTS}

    def watch(self) -> "ExternalWatch":
        """Return a watch that observes nothing."""
        return ExternalWatch()


class ExternalWatch:
    """A watch without access to events or logs."""

    def events(self) -> tuple[ComponentEvent, ...] | None:
        """Return None: events are unknown."""
        return None

    def logs(self) -> Mapping[str, bytes]:
        """Return no logs."""
        return {}
