"""Steps that make components a pipeline, and readiness checks, for every backend."""

import logging
from collections.abc import Callable
from pathlib import Path

import requests

from cdc_perf.errors import StackFailure
from cdc_perf.installation import COMMAND
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import canary, source
from cdc_perf.stack.connect_api import ConnectApi, Rebalancing, Unreachable, why_not
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady

_log = logging.getLogger(__name__)
_REQUEST_SECONDS = 2.0


def prepare_source(pipeline: Pipeline, endpoints: Endpoints, folder: Path) -> None:
    """Create the database, the schema, and the publication.

    Raises:
        NotReady: PostgreSQL does not accept connections.
        StackFailure: PostgreSQL refused a statement.
    """
    source.create_database(endpoints.postgres_dsn, pipeline.postgres.database)
    source.prepare(endpoints.postgres_dsn, pipeline, folder)


def connect_cluster(endpoints: Endpoints) -> str:
    """Return the id of the Kafka cluster that Kafka Connect uses.

    Raises:
        NotReady: Connect does not answer yet.
        StackFailure: Another server answers.
    """
    try:
        return ConnectApi.of(endpoints).cluster_id()
    except (Rebalancing, Unreachable) as reason:
        raise NotReady(str(reason)) from None


def consumer_ready(endpoints: Endpoints) -> None:
    """Return if the consumer has a partition of every topic and reaches MongoDB.

    Raises:
        NotReady: It does not, or does not answer.
    """
    _answers(f"{endpoints.consumer_url}/readyz", endpoints.connect_ca)


def expect_observed(endpoints: Endpoints) -> None:
    """Return if a running stack has a Prometheus.

    Raises:
        StackFailure: It was started without one.
    """
    if not endpoints.prometheus_url:
        raise StackFailure(
            "--observe: the stack is up without Prometheus",
            hint=f"{COMMAND} down, then {COMMAND} up --observe",
        )


def prometheus_ready(endpoints: Endpoints) -> None:
    """Return if Prometheus accepts pushed metrics.

    Raises:
        NotReady: It does not, or does not answer.
    """
    _answers(f"{endpoints.prometheus_url}/-/ready")


def _answers(url: str, ca: str = "") -> None:
    try:
        answer = requests.get(url, timeout=_REQUEST_SECONDS, verify=ca or True)
    except requests.RequestException as error:
        raise NotReady(why_not(error)) from None
    if not answer.ok:
        raise NotReady(answer.text.strip()[:300])


def prove_pipeline(
    pipeline: Pipeline, endpoints: Endpoints, explain: Callable[[], None] | None = None
) -> None:
    """Send a canary row through every hop, and report how long it took.

    Args:
        pipeline: Declares the row.
        endpoints: Where to write and read it.
        explain: As in `run_canary`.

    Raises:
        StackFailure: The row did not arrive.
    """
    seconds = canary.run_canary(pipeline, endpoints, explain=explain)
    _log.info(f"a canary row went through every hop in {seconds * 1000:.0f} ms")
