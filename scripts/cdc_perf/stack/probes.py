"""Probes the components of a running stack, and runs the checks that rely on their answers."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline, PostgresSink
from cdc_perf.stack import kafka_client, readiness, source, target
from cdc_perf.stack.checks.capture import ANY_SOURCE, TableCheck
from cdc_perf.stack.checks.connectors import absent
from cdc_perf.stack.checks.results import Checks, Result, State
from cdc_perf.stack.checks.sequence import check_flow
from cdc_perf.stack.component_specs import PIPELINE, components_of
from cdc_perf.stack.connect_api import ConnectApi, Rebalancing, Unreachable
from cdc_perf.stack.connector_health import (
    CONNECTOR,
    SINK_CONNECTOR,
    Condition,
    ConnectorDown,
    ConnectorHealth,
    read_health,
    read_sink_health,
)
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.sinks.choice import sink_of
from cdc_perf.waiting import NotReady

CONNECTORS = (CONNECTOR, SINK_CONNECTOR)
# What to do about an error, by the words of libpq, librdkafka, PyMongo, and OpenSSL.
_REMEDIES = {
    r"private key": "give the files of the client's certificate and of its key",
    r"certificate|verify failed|mismatch": "give the file of the authority that signed the "
    "server's certificate, and a host name that the certificate has",
    r"authentication|password|refuses the login": "correct the user and the password",
    r"security\.protocol": "set security.protocol in [kafka.client_properties]",
}


@dataclass(frozen=True)
class ProbeAnswer:
    """A component's answer to a probe.

    Attributes:
        component: The component's name.
        version: The version that it reports; empty if unknown.
        fault: Why it is unusable; empty if it is usable.
        given: Whether its address is given.
        failure: The fault with its remedy and exit code, if they are known.
    """

    component: str
    version: str = ""
    fault: str = ""
    given: bool = True
    failure: StackFailure | None = None

    def __str__(self) -> str:
        """Return the answer as one line."""
        if not self.given:
            return f"{self.component}: no address given"
        if self.fault:
            return f"{self.component}: {self.fault}"
        return f"{self.component} answers{f' ({self.version})' if self.version else ''}"


def probe_all(pipeline: Pipeline, endpoints: Endpoints) -> tuple[ProbeAnswer, ...]:
    """Probe every component, in pipeline order."""
    probes: dict[str, tuple[str, Callable[[], str]]] = {
        "postgres": (endpoints.postgres_dsn, lambda: _postgres(endpoints)),
        "kafka": (endpoints.kafka_bootstrap, lambda: _kafka(endpoints)),
        "connect": (endpoints.connect_url, lambda: _connect(endpoints)),
        CONNECTOR: (
            endpoints.connect_url,
            lambda: _connector(read_health(pipeline, endpoints), endpoints),
        ),
        SINK_CONNECTOR: (
            endpoints.connect_url,
            lambda: _connector(read_sink_health(pipeline, endpoints), endpoints),
        ),
        "mongodb": (endpoints.mongodb_uri, lambda: target.server(endpoints.mongodb_uri)),
        "sink": (endpoints.sink_dsn, lambda: sink_of(pipeline, endpoints).server()),
        "consumer": (endpoints.consumer_url, lambda: _consumer(endpoints)),
    }
    lacking = {spec.name for spec in PIPELINE} - {spec.name for spec in components_of(pipeline)}
    if not isinstance(pipeline.sink, PostgresSink):
        lacking.add("sink")
    if pipeline.sink_connector is None:
        lacking.add(SINK_CONNECTOR)
    return tuple(_probe(name, *probe) for name, probe in probes.items() if name not in lacking)


def _probe(name: str, address: str, probe: Callable[[], str]) -> ProbeAnswer:
    if not address:
        return ProbeAnswer(name, given=False)
    try:
        return ProbeAnswer(name, version=probe())
    except (NotReady, Rebalancing, Unreachable) as reason:
        return ProbeAnswer(name, fault=str(reason).splitlines()[0])
    except StackFailure as failure:
        known = failure if failure.hint else None
        return ProbeAnswer(name, fault=failure.message.splitlines()[0], failure=known)


def _postgres(endpoints: Endpoints) -> str:
    with source.connect(endpoints.postgres_dsn) as connection:
        return f"PostgreSQL {connection.info.parameter_status('server_version')}"


def _kafka(endpoints: Endpoints) -> str:
    kafka_client.cluster_id(endpoints.kafka_bootstrap, endpoints.kafka_client)
    return ""


def _connect(endpoints: Endpoints) -> str:
    return f"Kafka Connect {ConnectApi.of(endpoints).version()}"


def _connector(health: ConnectorHealth | None, endpoints: Endpoints) -> str:
    if health is None:
        raise NotReady("Kafka Connect has no address")
    if health.condition is Condition.ABSENT:
        raise absent(health, endpoints)
    if not health.running:
        raise ConnectorDown(health)
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


def check_answers(
    pipeline: Pipeline,
    endpoints: Endpoints,
    answers: Sequence[ProbeAnswer],
    of_tables: tuple[TableCheck, ...] = ANY_SOURCE,
    checks: Checks | None = None,
) -> tuple[Result, ...]:
    """Check all that can be read of a pipeline, after its components were probed.

    Args:
        pipeline: The pipeline.
        endpoints: Its addresses.
        answers: The answers of its components.
        of_tables: The checks of each table.
        checks: Gets the results, for checks that rely on them.
    """
    checks = checks or Checks()
    seen: set[str] = set()
    for answer in answers:
        checks.note(_result(answer, known=answer.fault in seen))
        seen.add(answer.fault)
    return check_flow(pipeline, endpoints, reading=True, of_tables=of_tables, checks=checks)


def _result(answer: ProbeAnswer, *, known: bool) -> Result:
    """Return a component's answer as a result; a known fault is an effect of an earlier one.

    A connector, for example, does not answer without Kafka Connect.
    """
    name = answer.component
    if not answer.given:
        return Result(name, State.UNKNOWN, "no address given")
    if not answer.fault:
        return Result(name, State.OK, answer.version)
    if known:
        return Result(name, State.UNKNOWN, answer.fault)
    failure = answer.failure or StackFailure(str(answer), hint=remedy(answer.fault))
    return Result(name, State.FAILED, failures=(failure,))
