"""The external stack: the harness checks and measures it, and never starts or stops it."""

import logging
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.settings.kafka_client import generator_ignores
from cdc_perf.settings.pipeline import KafkaSink, Pipeline, PostgresSink
from cdc_perf.stack import kafka_client, readiness, source, target
from cdc_perf.stack.backend import JvmMemory, LogTail
from cdc_perf.stack.checks.flow import check_events, check_flow
from cdc_perf.stack.checks.sequence import check_connector, check_pipeline, warnings
from cdc_perf.stack.component import ComponentEvent, ComponentStatus
from cdc_perf.stack.component_specs import COMPONENTS, PIPELINE, components_of
from cdc_perf.stack.connect_api import ConnectApi, Rebalancing, Unreachable
from cdc_perf.stack.connector_health import (
    CONNECTOR,
    SINK_CONNECTOR,
    Condition,
    ConnectorHealth,
    read_connectors,
    read_health,
    read_sink_health,
    status_rows,
)
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.external.addresses import addresses, client_file
from cdc_perf.stack.sinks.choice import sink_of
from cdc_perf.stack.usage import Usage
from cdc_perf.waiting import NotReady

_log = logging.getLogger(__name__)
_GIT_SECONDS = 10
# What to do about an error, by the words of libpq, librdkafka, PyMongo, and OpenSSL.
_REMEDIES = {
    r"private key": "give the files of the client's certificate and of its key",
    r"certificate|verify failed|mismatch": "give the file of the authority that signed the "
    "server's certificate, and a host name that the certificate has",
    r"authentication|password|refuses the login": "correct the user and the password",
    r"security\.protocol": "set security.protocol in [kafka.client_properties]",
}
_CONNECTORS = (CONNECTOR, SINK_CONNECTOR)
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
        CONNECTOR: (endpoints.connect_url, lambda: _connector(read_health(pipeline, endpoints))),
        SINK_CONNECTOR: (
            endpoints.connect_url,
            lambda: _connector(read_sink_health(pipeline, endpoints)),
        ),
        "mongodb": (endpoints.mongodb_uri, lambda: target.server(endpoints.mongodb_uri)),
        "sink": (endpoints.sink_dsn, lambda: sink_of(pipeline, endpoints).server()),
        "consumer": (endpoints.consumer_url, lambda: _consumer(endpoints)),
    }
    absent = {spec.name for spec in PIPELINE} - {spec.name for spec in components_of(pipeline)}
    if not isinstance(pipeline.sink, PostgresSink):
        absent.add("sink")
    if pipeline.sink_connector is None:
        absent.add(SINK_CONNECTOR)
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
    kafka_client.cluster_id(endpoints.kafka_bootstrap, endpoints.kafka_client)
    return ""


def _connect(endpoints: Endpoints) -> str:
    return f"Kafka Connect {ConnectApi.of(endpoints).version()}"


def _connector(health: ConnectorHealth | None) -> str:
    if health is None:
        raise NotReady("Kafka Connect has no address")
    if health.condition is Condition.ABSENT and health.role == CONNECTOR:
        raise NotReady(f"there is no {health.name}: inv connector.deploy --stack external")
    if not health.running:
        raise NotReady(health.sentence)
    return health.name


def _consumer(endpoints: Endpoints) -> str:
    readiness.consumer_ready(endpoints)
    return ""


def remedy(fault: str) -> str:
    """Return what to do about the error of a component."""
    for words, what in _REMEDIES.items():
        if re.search(words, fault, re.IGNORECASE):
            return f"{what} (docs/your-pipeline.md, TLS and logins)"
    return "fix it, or its address (CDC_*, [stacks.external] in pipeline.toml)"


def in_git(path: Path) -> bool:
    """Return whether git tracks a file; False if that is unknown."""
    if shutil.which("git") is None:
        return False
    words = ("git", "-C", str(path.parent), "ls-files", "--error-unmatch", "--", path.name)
    return process.run(words, check=False, timeout_seconds=_GIT_SECONDS).exit_code == 0


class ExternalStack:
    """A pipeline that others run; the harness does not start, stop, or delete any part of it."""

    name = "external"

    def __init__(self, pipeline: Pipeline, environment: Mapping[str, str], folder: Path) -> None:
        self._pipeline = pipeline
        self._environment = environment
        self._folder = folder

    @cached_property
    def _addresses(self) -> Endpoints:
        return addresses(self._pipeline, self._environment, self._folder)

    def _answers(self) -> tuple[ProbeAnswer, ...]:
        return ask_all(self._pipeline, self._addresses)

    def _warn_of_client(self) -> None:
        """Report what the settings of Kafka clients do not do as expected."""
        file = client_file(self._pipeline, self._environment, self._folder)
        if file is not None and in_git(file):
            _log.warning(f"git tracks {file}, which may contain secrets: remove it from git")
        if isinstance(self._pipeline.sink, KafkaSink):
            for name in generator_ignores(self._addresses.kafka_client):
                _log.info(f"k6 reads the topics without {name}, which its Kafka client lacks")

    def up(self, *, observe: bool = False) -> Endpoints:
        """Probe every component, report the answers, and send a canary row through the pipeline."""
        endpoints = self._addresses
        if observe and not endpoints.prometheus_url:
            raise StackFailure(
                "--observe: no Prometheus address is set",
                hint="set CDC_PROMETHEUS_URL, or prometheus_url in [stacks.external]",
            )
        answers = ask_all(self._pipeline, endpoints)
        for answer in answers:
            _log.info(str(answer))
        # One error may have several effects: a connector is not asked without PostgreSQL.
        found: dict[str, str] = {}
        for answer in answers:
            if answer.fault:
                found.setdefault(answer.fault, str(answer))
        faults = list(found.values())
        if faults:
            raise StackFailure(
                f"the external stack is not ready: {faults[0]}",
                hint=remedy(faults[0]),
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
        endpoints = self._addresses
        self._warn_of_client()
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
        silent = [x for x in self._answers() if x.fault and x.component not in _CONNECTORS]
        return None if silent else self._addresses

    def status(self) -> tuple[ComponentStatus, ...]:
        """Probe every component; one without an address counts as running."""
        connectors = read_connectors(self._pipeline, self._addresses)
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
            if answer.component not in _CONNECTORS
        )
        return (*components, *status_rows(connectors))

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
