"""The state of the connector and its tasks. Only this module decides whether they run."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

import psycopg

from cdc_perf.errors import StackFailure
from cdc_perf.reasons import connector as reasons
from cdc_perf.reasons.reason import Reason
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import source
from cdc_perf.stack.component import ComponentStatus, State
from cdc_perf.stack.connect_api import ConnectApi, ConnectorStatus, Rebalancing, Unreachable
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.task_failure import FailureCode, TaskFailure
from cdc_perf.waiting import NotReady

CONNECTOR = "connector"
_READ_EVERY_SECONDS = 0.5
_ANSWER_SECONDS = 5.0
# A starting worker reports no connector before it has read its internal topics.
_ABSENT_SECONDS = 5.0


class Condition(StrEnum):
    """The combined state of a connector and its tasks."""

    RUNNING = "running"
    FAILED = "failed"
    PAUSED = "paused"
    STOPPED = "stopped"
    NO_TASKS = "no_tasks"
    # A task waits for a worker, or restarts.
    UNASSIGNED = "unassigned"
    ABSENT = "absent"
    # Kafka Connect does not answer, rebalances, or answers 5xx.
    UNKNOWN = "unknown"


# Conditions that do not end by themselves and are visible at once.
PERSISTENT = frozenset((Condition.FAILED, Condition.PAUSED, Condition.STOPPED))
_REASONS = {
    Condition.RUNNING: reasons.connector_not_running,
    Condition.UNASSIGNED: reasons.connector_not_running,
    Condition.FAILED: reasons.connector_failed,
    Condition.PAUSED: reasons.connector_halted,
    Condition.STOPPED: reasons.connector_halted,
    Condition.NO_TASKS: reasons.connector_without_task,
    Condition.ABSENT: reasons.connector_absent,
    Condition.UNKNOWN: reasons.connector_unknown,
}
_STATES: dict[str, State] = {
    "RUNNING": "running",
    "FAILED": "failed",
    "PAUSED": "paused",
    "STOPPED": "stopped",
    "RESTARTING": "starting",
    "UNASSIGNED": "unassigned",
}
_ABSENT_REMEDY = "inv connector.deploy"
_RESUME_REMEDY = "inv up or inv connector.restart resumes it"


@dataclass(frozen=True)
class ConnectorHealth:
    """The state of a connector at one check.

    Attributes:
        name: The connector's name.
        condition: The combined state of the connector and its tasks.
        detail: The problem, in one line; empty if it runs.
        remedy: How to fix it; may be empty.
        failures: The failures of the connector and its tasks.
        status: Kafka Connect's answer; None if it gave none or has no such connector.
    """

    name: str
    condition: Condition
    detail: str = ""
    remedy: str = ""
    failures: tuple[TaskFailure, ...] = ()
    status: ConnectorStatus | None = None

    @property
    def running(self) -> bool:
        """Whether the connector and each task run."""
        return self.condition is Condition.RUNNING

    @property
    def sentence(self) -> str:
        """The problem and its fix."""
        return self.reason.text

    @property
    def reason(self) -> Reason:
        """The problem and its fix, for a verdict."""
        return _REASONS[self.condition](problem=self.detail, remedy=self.remedy)


class ConnectorDown(StackFailure):
    """A connector that does not run and does not recover by itself."""

    def __init__(self, health: ConnectorHealth) -> None:
        more = tuple(str(failure) for failure in health.failures[1:])
        super().__init__(health.detail, hint=health.remedy, detail=more)
        self.health = health


def assess(name: str, status: ConnectorStatus | None) -> ConnectorHealth:
    """Return a connector's health; `status` is None if Kafka Connect has no such connector."""
    if status is None:
        return ConnectorHealth(
            name, Condition.ABSENT, f"there is no connector {name}", _ABSENT_REMEDY
        )
    if failures := status.failures:
        first = failures[0]
        detail = f"connector {name}: {first}" if first.who.startswith("task") else str(first)
        return ConnectorHealth(name, Condition.FAILED, detail, first.remedy, failures, status)
    for condition in (Condition.PAUSED, Condition.STOPPED):
        states = (status.state, *(task.state for task in status.tasks))
        if condition.upper() in states:
            detail = f"connector {name} is {condition}"
            return ConnectorHealth(name, condition, detail, _RESUME_REMEDY, (), status)
    if status.running:
        return ConnectorHealth(name, Condition.RUNNING, status=status)
    if not status.tasks:
        detail = f"connector {name} is {status.state} and has no task"
        return ConnectorHealth(name, Condition.NO_TASKS, detail, "", (), status)
    tasks = ", ".join(f"task {task.id} {task.state}" for task in status.tasks)
    detail = f"connector {name} is {status.state}, {tasks}"
    return ConnectorHealth(name, Condition.UNASSIGNED, detail, "", (), status)


def read_health(pipeline: Pipeline, endpoints: Endpoints) -> ConnectorHealth | None:
    """Return the connector's current health; None if Kafka Connect has no address."""
    if not endpoints.connect_url:
        return None
    name = pipeline.connector.name
    try:
        health = assess(name, ConnectApi.of(endpoints, _ANSWER_SECONDS).status(name))
    except (Rebalancing, Unreachable) as reason:
        return ConnectorHealth(name, Condition.UNKNOWN, str(reason), "inv status")
    except StackFailure as failure:
        return ConnectorHealth(name, Condition.UNKNOWN, failure.message, failure.hint)
    return with_tables(health, pipeline, endpoints)


def with_tables(
    health: ConnectorHealth, pipeline: Pipeline, endpoints: Endpoints
) -> ConnectorHealth:
    """Add the tables that a failure may concern, if the trace names only a column."""
    first = next(iter(health.failures), None)
    if first is None or first.code is not FailureCode.NULL_IN_REQUIRED:
        return health
    tables: tuple[str, ...] = ()
    with suppress(NotReady, psycopg.Error):
        tables = source.tables_requiring(endpoints.postgres_dsn, pipeline, first.column)
    known = replace(first, tables=tables)
    return replace(
        health,
        detail=f"connector {health.name}: {known}",
        remedy=known.remedy,
        failures=(known, *health.failures[1:]),
    )


def expect_running(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Return if the connector and its tasks run, or if Kafka Connect has no address.

    Raises:
        ConnectorDown: They do not run and do not recover by themselves.
        NotReady: They do not run yet.
    """
    health = read_health(pipeline, endpoints)
    if health is None or health.running:
        return
    if health.condition in PERSISTENT:
        raise ConnectorDown(health)
    raise NotReady(health.sentence)


class Guard:
    """Ends a wait for a change that cannot arrive because the connector is down.

    The wait calls it at each attempt; it asks Kafka Connect at intervals.
    """

    def __init__(self, pipeline: Pipeline, endpoints: Endpoints) -> None:
        self._pipeline = pipeline
        self._endpoints = endpoints
        # A change that arrives soon must not wait for an answer from Connect.
        self._read_at = time.monotonic()
        self._absent_since: float | None = None

    def __call__(self) -> None:
        """Check the connector, unless it was checked a moment ago.

        Raises:
            ConnectorDown: It does not run and does not recover by itself.
        """
        now = time.monotonic()
        if now - self._read_at < _READ_EVERY_SECONDS:
            return
        health = read_health(self._pipeline, self._endpoints)
        self._read_at = time.monotonic()
        if health is None or health.condition is not Condition.ABSENT:
            self._absent_since = None
        elif self._absent_since is None:
            self._absent_since = now
        if health is None:
            return
        removed = self._absent_since is not None and now - self._absent_since >= _ABSENT_SECONDS
        if health.condition in PERSISTENT or removed:
            raise ConnectorDown(health)


def status_rows(health: ConnectorHealth | None) -> tuple[ComponentStatus, ...]:
    """Return a row for the connector and one for each task; nothing if `health` is None."""
    return () if health is None else tuple(_rows(health))


def _rows(health: ConnectorHealth) -> Iterator[ComponentStatus]:
    failures = {failure.who: f"{failure.what}: {failure.remedy}" for failure in health.failures}
    if health.status is None:
        state: State = "missing" if health.condition is Condition.ABSENT else "unknown"
        yield _row(CONNECTOR, health.name, state, health.sentence)
        return
    own = failures.get(f"connector {health.name}", "")
    if not own and health.condition not in (Condition.RUNNING, Condition.FAILED):
        own = health.sentence
    # A RUNNING connector without a task does nothing.
    idle = health.condition is Condition.NO_TASKS
    own_state = "unassigned" if idle else _STATES.get(health.status.state, "unknown")
    yield _row(CONNECTOR, health.name, own_state, own)
    for task in health.status.tasks:
        state = _STATES.get(task.state, "unknown")
        yield _row(f"{CONNECTOR} task {task.id}", "", state, failures.get(f"task {task.id}", ""))


def _row(name: str, version: str, state: State, detail: str) -> ComponentStatus:
    return ComponentStatus(name, version, state, None, None, None, None, detail)
