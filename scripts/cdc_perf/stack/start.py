"""`up`: how a stack comes up, whichever backend runs its components."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

from cdc_perf.errors import StackFailure
from cdc_perf.settings.connector_rules import connector_warnings
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import connector, readiness, topics
from cdc_perf.stack.backend import Backend, Say
from cdc_perf.stack.checks.capture import OWN_SOURCE
from cdc_perf.stack.checks.collections import expect_collections, prove_collections
from cdc_perf.stack.checks.sequence import check_pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.started import expect_same, record
from cdc_perf.waiting import log_waits, wait_until


class Starter(Protocol):
    """What a backend does of it in its own way.

    Attributes:
        deadline_seconds: How long a component may take to get ready.
        interval_seconds: Pause between two looks at one.
    """

    deadline_seconds: ClassVar[float]
    interval_seconds: ClassVar[float]

    @property
    def checkout(self) -> Checkout:
        """The checkout."""

    def announce(self, say: Say) -> None:
        """Say what it is started on, and what an earlier start left, which is then removed."""

    def start(self, say: Say, *, observe: bool) -> Endpoints:
        """Start every component, and return the addresses once a canary row went through."""

    def stopped(self) -> Sequence[str]:
        """Return the components of a stack that is up that someone has stopped."""

    def start_again(self, name: str) -> None:
        """Start one of these."""

    def ended(self, name: str) -> str:
        """Return what to do about a component that ended; nothing while it may get ready."""

    def log(self, name: str) -> Path:
        """Return where a component's log is, at the latest once the start was given up."""

    def last_lines(self, name: str) -> tuple[str, ...]:
        """Return the last lines of a component's log."""


def up(
    backend: Backend, starter: Starter, pipeline: Pipeline, say: Say, *, observe: bool
) -> Endpoints:
    """Start the stack, or what was stopped of it, and prove it with a canary row.

    Raises:
        StackFailure: As `Backend.up`; of a start that failed nothing is left.
    """
    running = backend.endpoints()
    if running is not None:
        if observe:
            readiness.expect_observed(running)
        expect_same(starter.checkout, pipeline)
        with log_waits(say):
            if not _start_stopped(starter, pipeline, running, say):
                say("the stack is up already")
        check_pipeline(pipeline, running, OWN_SOURCE)
        return running
    began = time.monotonic()
    starter.announce(say)
    # Of a start that did not come to its end, for one.
    backend.abandon(lambda _line: None)
    try:
        with log_waits(say):
            endpoints = starter.start(say, observe=observe)
        record(starter.checkout, pipeline)
        for warning in connector_warnings(pipeline.connector.config):
            say(warning)
    except BaseException:
        backend.abandon(say)
        raise
    say(f"the stack is up after {time.monotonic() - began:.1f} s")
    return endpoints


def _start_stopped(starter: Starter, pipeline: Pipeline, endpoints: Endpoints, say: Say) -> bool:
    """Start what was stopped, the connector included; False where all of it runs."""
    stopped = starter.stopped()
    for name in stopped:
        say(f"{name} was stopped: starting it")
        starter.start_again(name)
    if stopped:
        connector.wait_running(pipeline, endpoints, resume=True)
    elif not connector.revive(pipeline, endpoints, say):
        return False
    wait_ready(starter, say, "consumer", lambda: readiness.consumer_ready(endpoints))
    readiness.prove_pipeline(pipeline, endpoints, say)
    return True


def make_pipeline(
    starter: Starter,
    pipeline: Pipeline,
    root: Path,
    endpoints: Endpoints,
    say: Say,
    *,
    create_account: Callable[[], None] = lambda: None,
    start_consumer: Callable[[], None],
    cluster_id: str = "",
) -> None:
    """Make a pipeline of components that are on their way: schema, topics, consumer, connector.

    Args:
        starter: Knows how the components are.
        pipeline: The pipeline.
        root: The checkout, which holds the schema.
        endpoints: Where the components are.
        say: Told of each that is ready.
        create_account: Creates PostgreSQL's role for the pipeline, where that is not there yet.
        start_consumer: Called once its topics are there.
        cluster_id: Of the only Kafka cluster that is ours; empty: nobody else's can be met.

    Raises:
        StackFailure: A component ended, was not ready in time, or is a stranger's.
    """

    def broker() -> None:
        found = topics.cluster_id(endpoints.kafka_bootstrap)
        _expect_cluster(found, cluster_id, "the Kafka broker")

    def connect() -> None:
        _expect_cluster(readiness.connect_cluster(endpoints), cluster_id, "Kafka Connect")

    def postgres() -> None:
        create_account()
        readiness.prepare_source(pipeline, endpoints, root)

    wait_ready(starter, say, "postgres", postgres)
    wait_ready(starter, say, "mongodb", lambda: prepare_target(pipeline, endpoints))
    wait_ready(starter, say, "kafka", broker)
    topics.create(endpoints.kafka_bootstrap, pipeline)
    start_consumer()
    wait_ready(starter, say, "connect", connect)
    connector.deploy(pipeline, endpoints)
    say(f"connector {pipeline.connector.name} is running, its replication slot active")
    wait_ready(starter, say, "consumer", lambda: readiness.consumer_ready(endpoints))


def verify(backend: Backend, checkout: Checkout, pipeline: Pipeline) -> None:
    """Refuse a running stack that was started here and does not match pipeline.toml.

    The connector is not looked at: `inv connector.deploy` configures it, and a test may on purpose.

    Raises:
        StackFailure: It is not.
    """
    endpoints = backend.endpoints()
    if endpoints is not None:
        expect_same(checkout, pipeline)
        check_pipeline(pipeline, endpoints, OWN_SOURCE)


def prepare_target(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Return when the target holds each collection.

    Raises:
        NotReady: It does not answer yet.
        StackFailure: It cannot hold one.
    """
    expect_collections(pipeline, endpoints)
    prove_collections(pipeline, endpoints)


def _expect_cluster(found: str, ours: str, who: str) -> None:
    if ours and found != ours:
        raise StackFailure(
            f"{who} on our port belongs to another cluster ({found})",
            hint="end the stranger, or give other ports in pipeline.toml",
        )


def wait_ready(starter: Starter, say: Say, name: str, probe: Callable[[], object]) -> None:
    """Wait for a component, and give up at once if it ended.

    Raises:
        StackFailure: It ended, or was not ready in time.
    """

    def check() -> None:
        if hint := starter.ended(name):
            raise StackFailure(
                f"{name} ended while it was started", hint=hint, detail=starter.last_lines(name)
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
    say(f"{name} is ready")
