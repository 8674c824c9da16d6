"""What answers at the addresses of an external stack; each probe asks, and changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import readiness, source, target, topics
from cdc_perf.stack.connect_api import ConnectApi, Rebalancing, Unreachable
from cdc_perf.stack.connector_health import CONNECTOR, Condition, look
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady


@dataclass(frozen=True)
class ProbeAnswer:
    """What a component said.

    Attributes:
        component: Its name.
        version: What it calls itself; empty where it did not say.
        fault: Why it cannot be used; empty where it can.
        given: Whether there is an address to ask at.
    """

    component: str
    version: str = ""
    fault: str = ""
    given: bool = True

    def __str__(self) -> str:
        """Return a line for people."""
        if not self.given:
            return f"{self.component}: no address given"
        if self.fault:
            return f"{self.component}: {self.fault}"
        return f"{self.component} answers{f' ({self.version})' if self.version else ''}"


def ask_all(pipeline: Pipeline, endpoints: Endpoints) -> tuple[ProbeAnswer, ...]:
    """Ask every component, in the order of the pipeline."""
    questions: dict[str, tuple[str, Callable[[], str]]] = {
        "postgres": (endpoints.postgres_dsn, lambda: _postgres(endpoints)),
        "kafka": (endpoints.kafka_bootstrap, lambda: _kafka(endpoints)),
        "connect": (endpoints.connect_url, lambda: _connect(endpoints)),
        CONNECTOR: (endpoints.connect_url, lambda: _connector(pipeline, endpoints)),
        "mongodb": (endpoints.mongodb_uri, lambda: target.server(endpoints.mongodb_uri)),
        "consumer": (endpoints.consumer_url, lambda: _consumer(endpoints)),
    }
    return tuple(_ask(name, *question) for name, question in questions.items())


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
    health = look(pipeline, endpoints)
    if health is None or health.condition is Condition.ABSENT:
        raise NotReady(f"there is no {name}: inv connector.deploy --stack external")
    if not health.running:
        raise NotReady(health.sentence)
    source.slot_active(endpoints.postgres_dsn, pipeline.postgres.slot)
    return name


def _consumer(endpoints: Endpoints) -> str:
    readiness.consumer_ready(endpoints)
    return ""
