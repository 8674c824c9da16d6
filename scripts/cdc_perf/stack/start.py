"""`up`: the start of a stack, the same for every backend."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

import psycopg

from cdc_perf.errors import StackFailure
from cdc_perf.installation import COMMAND
from cdc_perf.settings.connector_rules import connector_warnings
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline, PostgresSink
from cdc_perf.stack import connector, kafka_client, readiness, source, topics
from cdc_perf.stack.backend import Backend
from cdc_perf.stack.canary_row import CREATE
from cdc_perf.stack.checks.capture import OWN_SOURCE
from cdc_perf.stack.checks.collections import expect_collections, prove_collections
from cdc_perf.stack.checks.results import Result, expect_passed
from cdc_perf.stack.checks.sequence import check_pipeline
from cdc_perf.stack.connector_health import PERSISTENT, read_sink_health
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.probes import check_answers, probe_all
from cdc_perf.stack.sink_connector import deploy_sink, sink_address
from cdc_perf.stack.started import expect_same, record
from cdc_perf.stack.statement_limits import lift_limit
from cdc_perf.terminal import progress_to
from cdc_perf.waiting import NotReady, log_waits, wait_until

_log = logging.getLogger(__name__)


class Starter(Protocol):
    """The steps of a start that depend on the backend.

    Attributes:
        deadline_seconds: Timeout for a component to become ready.
        interval_seconds: Pause between two checks of a component.
    """

    deadline_seconds: ClassVar[float]
    interval_seconds: ClassVar[float]

    @property
    def checkout(self) -> Checkout:
        """The checkout."""

    def announce(self) -> None:
        """Report what the stack runs on, and what an earlier start left, which is then removed."""

    def start(self, *, observe: bool, proxied: bool) -> Endpoints:
        """Start every component; return the addresses after a canary row went through."""

    def stopped(self) -> Sequence[str]:
        """Return the components of a running stack that someone stopped."""

    def start_again(self, name: str) -> None:
        """Start a stopped component."""

    def ended(self, name: str) -> str:
        """Return the remedy for a component that ended; empty while it may become ready."""

    def log(self, name: str) -> Path:
        """Return the path of a component's log, which exists at the latest after a failed start."""

    def last_lines(self, name: str) -> tuple[str, ...]:
        """Return the last lines of a component's log."""


def up(
    backend: Backend, starter: Starter, pipeline: Pipeline, *, observe: bool, proxied: bool = False
) -> Endpoints:
    """Start the stack, or its stopped components, and send a canary row through it.

    Raises:
        StackFailure: As in `Backend.up`; a failed start leaves nothing behind.
    """
    running = backend.endpoints()
    if running is not None:
        if observe:
            readiness.expect_observed(running)
        expect_same(starter.checkout, pipeline)
        with log_waits():
            if not _start_stopped(starter, pipeline, running):
                _log.info("the stack is already up")
        expect_passed(check_pipeline(pipeline, running))
        return running
    began = time.monotonic()
    starter.announce()
    # Remove what an unfinished start left, for example.
    with progress_to(lambda _line: None):
        backend.abandon()
    try:
        with log_waits():
            endpoints = starter.start(observe=observe, proxied=proxied)
        record(starter.checkout, pipeline)
        for warning in connector_warnings(pipeline.connector.config):
            _log.info(warning)
    except BaseException:
        backend.abandon()
        raise
    _log.info(f"the stack is up after {time.monotonic() - began:.1f} s")
    return endpoints


def _start_stopped(starter: Starter, pipeline: Pipeline, endpoints: Endpoints) -> bool:
    """Start what was stopped, the connectors included; return False if everything runs."""
    sink = read_sink_health(pipeline, endpoints)
    stopped = starter.stopped()
    for name in stopped:
        _log.info(f"{name} was stopped: starting it")
        starter.start_again(name)
    if stopped:
        connector.wait_running(pipeline, endpoints, resume=True)
    revived = bool(stopped) or connector.revive(pipeline, endpoints)
    if sink is not None and sink.condition in PERSISTENT:
        _log.info(f"{sink.detail}: restarting it")
    _deploy_sink(starter, pipeline, endpoints)
    # A restarted sink task fails again at the same row: only a row that passes proves it.
    if not revived and (sink is None or sink.running):
        return False
    if pipeline.consumer is not None:
        wait_ready(starter, "consumer", lambda: readiness.consumer_ready(endpoints))
    readiness.prove_pipeline(pipeline, endpoints)
    return True


def make_pipeline(
    starter: Starter,
    pipeline: Pipeline,
    folder: Path,
    endpoints: Endpoints,
    *,
    create_account: Callable[[], None] = lambda: None,
    start_consumer: Callable[[], None],
    cluster_id: str = "",
) -> None:
    """Make a pipeline of starting components: schema, topics, consumer, connectors.

    Args:
        starter: Reports the state of the components.
        pipeline: The pipeline.
        folder: The pipeline's folder, which contains the schema.
        endpoints: Addresses of the components.
        create_account: Creates PostgreSQL's role for the pipeline if it does not exist.
        start_consumer: Called when its topics exist.
        cluster_id: Id of this stack's Kafka cluster; empty if no other cluster can answer.

    Raises:
        StackFailure: A component ended, was not ready in time, or belongs to another stack.
    """

    def broker() -> None:
        found = kafka_client.cluster_id(endpoints.kafka_bootstrap, endpoints.kafka_client)
        _expect_cluster(found, cluster_id, "the Kafka broker")

    def connect() -> None:
        _expect_cluster(readiness.connect_cluster(endpoints), cluster_id, "Kafka Connect")

    def postgres() -> None:
        create_account()
        readiness.prepare_source(pipeline, endpoints, folder)

    wait_ready(starter, "postgres", postgres)
    if pipeline.mongodb is not None:
        wait_ready(starter, "mongodb", lambda: prepare_target(pipeline, endpoints))
    if isinstance(pipeline.sink, PostgresSink):
        own_canary = pipeline.canary is None
        prepare_sink(pipeline.sink, endpoints.sink_dsn, folder, own_canary=own_canary)
    wait_ready(starter, "kafka", broker)
    topics.create(endpoints.kafka_bootstrap, pipeline, endpoints.kafka_client)
    if pipeline.consumer is not None:
        start_consumer()
    wait_ready(starter, "connect", connect)
    connector.deploy(pipeline, endpoints)
    _log.info(f"connector {pipeline.connector.name} is running, its replication slot active")
    _deploy_sink(starter, pipeline, endpoints)
    if pipeline.consumer is not None:
        wait_ready(starter, "consumer", lambda: readiness.consumer_ready(endpoints))


def _deploy_sink(starter: Starter, pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Deploy the sink connector, or restart it if it failed; do nothing if there is none."""
    if pipeline.sink_connector is None:
        return
    address = sink_address(endpoints)
    deploy_sink(pipeline, endpoints, address, lambda: starter.last_lines("connect"))
    _log.info(f"sink connector {pipeline.sink_connector.name} is running")


def verify(backend: Backend, checkout: Checkout, pipeline: Pipeline) -> None:
    """Raise StackFailure if a running stack of this checkout does not match pipeline.toml.

    It ignores the connector: `inv connector.deploy` configures it, and a test may change it.

    Raises:
        StackFailure: It does not match.
    """
    endpoints = backend.endpoints()
    if endpoints is not None:
        expect_same(checkout, pipeline)
        expect_passed(check_pipeline(pipeline, endpoints))


def check(backend: Backend, checkout: Checkout, pipeline: Pipeline) -> tuple[Result, ...]:
    """Check everything that can be read of a running stack of this checkout.

    Raises:
        StackFailure: It is not up, or was started with other settings.
    """
    endpoints = backend.endpoints()
    if endpoints is None:
        raise StackFailure("no stack is up", hint=f"{COMMAND} up starts one")
    expect_same(checkout, pipeline)
    return check_answers(pipeline, endpoints, probe_all(pipeline, endpoints), OWN_SOURCE)


def prepare_target(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Return if the target accepts each collection.

    Raises:
        NotReady: It does not answer yet.
        StackFailure: It cannot store one.
    """
    expect_collections(pipeline, endpoints)
    prove_collections(pipeline, endpoints)


def prepare_sink(sink: PostgresSink, dsn: str, folder: Path, *, own_canary: bool = True) -> None:
    """Create the sink's database and its tables.

    Args:
        sink: The sink.
        dsn: Its address.
        folder: The pipeline's folder, which contains the schema.
        own_canary: Whether the canary has a table of its own.

    Raises:
        StackFailure: PostgreSQL refused a statement, or does not answer.
    """
    try:
        source.create_database(dsn, sink.database)
        with source.connect(dsn) as connection:
            lift_limit(connection)
            connection.execute((folder / sink.schema).read_bytes())
            if own_canary:
                connection.execute(CREATE.encode())
    except (psycopg.Error, NotReady) as error:
        raise StackFailure(
            f"{sink.schema}: {str(error).strip().splitlines()[0]}",
            hint="fix the schema of the sink",
        ) from None


def _expect_cluster(found: str, ours: str, who: str) -> None:
    if ours and found != ours:
        raise StackFailure(
            f"{who} on the stack's port belongs to another cluster ({found})",
            hint="stop the other process, or set other ports in pipeline.toml",
        )


def wait_ready(starter: Starter, name: str, probe: Callable[[], object]) -> None:
    """Wait until a component is ready; fail at once if it ended.

    Raises:
        StackFailure: It ended, or was not ready in time.
    """

    def check() -> None:
        if hint := starter.ended(name):
            raise StackFailure(
                f"{name} exited during startup", hint=hint, detail=starter.last_lines(name)
            )
        probe()

    wait_until(
        check,
        what=name,
        deadline_seconds=starter.deadline_seconds,
        interval_seconds=starter.interval_seconds,
        explain=lambda: starter.last_lines(name),
        hint=f"see {starter.log(name)}",
    )
    _log.info(f"{name} is ready")
