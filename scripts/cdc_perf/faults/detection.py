"""When an operator could first see a fault: signals of the pipeline, never the injection itself."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
import requests

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.connect_api import why_not
from cdc_perf.stack.connector_health import Condition, read_connectors
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.lag import ConsumerLag
from cdc_perf.stack.statement_limits import limit_statements
from cdc_perf.waiting import NotReady

_INTERVAL_SECONDS = 0.2
_ANSWER_SECONDS = 2
# A frozen component never answers; the thread is then abandoned.
_LAST_ANSWER_SECONDS = 3.0
# The highest lag of a few seconds is not the highest of all.
_FACTOR = 1.5
_SLACK_EVENTS, _SLACK_BYTES = 2, 65_536
_SLOT = """
    SELECT active, pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::bigint
    FROM pg_replication_slots WHERE slot_name = %s
"""

# Returns what is wrong, in a sentence; empty if nothing is.
Look = Callable[[], str]


@dataclass
class Signal:
    """What one signal has shown, in the order of time.

    Attributes:
        look: Returns what it shows now.
        changes: When it changed, and what it showed then; empty: nothing wrong.
    """

    look: Look
    changes: list[tuple[datetime, str]] = field(default_factory=list)

    def follow(self, ending: threading.Event) -> None:
        """Look again and again until the event is set."""
        shown = None
        while not ending.wait(_INTERVAL_SECONDS):
            now = self.look()
            if now != shown:
                self.changes.append((datetime.now(UTC), now))
                shown = now

    def first_wrong(self, since: datetime) -> tuple[datetime, str] | None:
        """Return when it first turned wrong after a time, and what it showed."""
        return next((x for x in self.changes if x[0] >= since and x[1]), None)


class Level:
    """A lag, which is wrong if it is above its highest value before the fault."""

    def __init__(self, what: str, slack: int) -> None:
        self._what = what
        self._slack = slack
        self._highest = 0
        self._learning = True

    def learn(self) -> None:
        """Take every value from now on as one before the fault."""
        self._highest, self._learning = 0, True

    def watch(self) -> None:
        """Take a higher value from now on as wrong."""
        self._learning = False

    def shown(self, value: int) -> str:
        """Return what a value shows."""
        if self._learning:
            self._highest = max(self._highest, value)
            return ""
        # The value itself would be a change at each look.
        most = _FACTOR * self._highest + self._slack
        return f"{self._what} is above {most:,.0f}" if value > most else ""


@dataclass(frozen=True)
class Detection:
    """The signals of one pipeline, while they are followed."""

    signals: tuple[Signal, ...]
    levels: tuple[Level, ...] = ()

    def before_fault(self) -> None:
        """Learn what is normal, until `fault_begins`."""
        for level in self.levels:
            level.learn()

    def fault_begins(self) -> None:
        """Take what is not normal as wrong from now on."""
        for level in self.levels:
            level.watch()

    def first_wrong(self, since: datetime) -> tuple[datetime, str] | None:
        """Return when the first signal turned wrong after a time, and what it showed."""
        found = [x for signal in self.signals if (x := signal.first_wrong(since)) is not None]
        return min(found, default=None)


@contextmanager
def detecting(pipeline: Pipeline, endpoints: Endpoints) -> Iterator[Detection]:
    """Follow the signals of a pipeline until the block ends, each in its own thread.

    The signals are the state of the connectors and their tasks, the replication slot with its lag,
    the consumer lag, and the consumer's `/healthz`; those without an address are left out.
    """
    behind = Level(f"the lag of the replication slot {endpoints.slot}, in bytes,", _SLACK_BYTES)
    levels = [behind]
    looks: list[Look] = [lambda: _slot(endpoints, behind)]
    if endpoints.connect_url:
        looks.append(lambda: _connectors(pipeline, endpoints))
    if endpoints.consumer_url:
        looks.append(lambda: _consumer(endpoints))
    if pipeline.consumer_group:
        reader = ConsumerLag(endpoints.kafka_bootstrap, pipeline, endpoints.kafka_client)
        lag = Level("the consumer lag", _SLACK_EVENTS)
        levels.append(lag)
        looks.append(lambda: _lag(reader, lag))
    signals = tuple(map(Signal, looks))
    ending = threading.Event()
    threads = [
        threading.Thread(target=signal.follow, args=(ending,), daemon=True) for signal in signals
    ]
    for thread in threads:
        thread.start()
    try:
        yield Detection(signals, tuple(levels))
    finally:
        ending.set()
        deadline = time.monotonic() + _LAST_ANSWER_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def _slot(endpoints: Endpoints, level: Level) -> str:
    """Return what is wrong with the replication slot.

    A new connection has a timeout; a query on an open one would wait for a frozen server.
    """
    try:
        with psycopg.connect(
            endpoints.postgres_dsn, autocommit=True, connect_timeout=_ANSWER_SECONDS
        ) as connection:
            limit_statements(connection, _ANSWER_SECONDS)
            row = connection.execute(_SLOT, (endpoints.slot,)).fetchone()
    except psycopg.Error:
        return "PostgreSQL does not answer"
    if row is None:
        return f"the replication slot {endpoints.slot} does not exist"
    active, behind = row
    if not active:
        return f"the replication slot {endpoints.slot} is not active"
    return level.shown(behind or 0)


def _connectors(pipeline: Pipeline, endpoints: Endpoints) -> str:
    down = next((x for x in read_connectors(pipeline, endpoints) if not x.running), None)
    if down is None:
        return ""
    known = down.condition is not Condition.UNKNOWN
    return down.detail if known else "Kafka Connect does not answer"


def _consumer(endpoints: Endpoints) -> str:
    try:
        answer = requests.get(
            f"{endpoints.consumer_url}/healthz",
            timeout=_ANSWER_SECONDS,
            verify=endpoints.connect_ca or True,
        )
    except requests.RequestException as error:
        return f"/healthz of the consumer does not answer: {why_not(error)}"
    return "" if answer.ok else f"/healthz of the consumer answers {answer.status_code}"


def _lag(reader: ConsumerLag, level: Level) -> str:
    try:
        return level.shown(reader.read())
    except NotReady:
        return "Kafka does not report the consumer lag"
