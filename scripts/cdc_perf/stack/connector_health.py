"""The state of each connector and its tasks. Only this module decides whether they run."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

import psycopg

from cdc_perf.errors import StackFailure
from cdc_perf.installation import COMMAND
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
SINK_CONNECTOR = "sink connector"
# The backend of a pipeline that others run.
_EXTERNAL = "external"
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
_ABSENT_REMEDY = f"{COMMAND} connector.deploy"
_RESUME_REMEDY = f"{COMMAND} up or {COMMAND} connector.restart resumes it"
NOT_CREATED = (
    "cdc-perf creates no sink connector there: correct sink_connector.name in pipeline.toml; if "
    "another worker runs it, replace [sink_connector] by kafka.consumer_group"
)


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
        role: The row of the connector in a status: CONNECTOR or SINK_CONNECTOR.
    """

    name: str
    condition: Condition
    detail: str = ""
    remedy: str = ""
    failures: tuple[TaskFailure, ...] = ()
    status: ConnectorStatus | None = None
    role: str = CONNECTOR

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


def assess_sink(name: str, status: ConnectorStatus | None, endpoints: Endpoints) -> ConnectorHealth:
    """Return the health of the sink connector; `status` as in `assess`."""
    health = replace(assess(name, status), role=SINK_CONNECTOR)
    if health.condition is Condition.ABSENT:
        remedy = NOT_CREATED if endpoints.stack == _EXTERNAL else _ABSENT_REMEDY
        return replace(health, detail=f"there is no sink connector {name}", remedy=remedy)
    if not health.failures:
        return health
    failures = tuple(replace(failure, of_sink=True) for failure in health.failures)
    return replace(health, remedy=failures[0].remedy, failures=failures)


def read_health(pipeline: Pipeline, endpoints: Endpoints) -> ConnectorHealth | None:
    """Return the current health of the source's connector; None if Connect has no address."""
    if not endpoints.connect_url:
        return None
    name = pipeline.connector.name
    health = _read(endpoints, name, lambda status: assess(name, status))
    return with_tables(health, pipeline, endpoints)


def read_sink_health(pipeline: Pipeline, endpoints: Endpoints) -> ConnectorHealth | None:
    """Return the current health of the sink connector.

    Returns:
        The health; None if the pipeline has no sink connector, or Connect has no address.
    """
    if pipeline.sink_connector is None or not endpoints.connect_url:
        return None
    name = pipeline.sink_connector.name
    health = _read(endpoints, name, lambda status: assess_sink(name, status, endpoints))
    return replace(health, role=SINK_CONNECTOR)


def read_connectors(pipeline: Pipeline, endpoints: Endpoints) -> tuple[ConnectorHealth, ...]:
    """Return the current health of each connector of the pipeline, the source's first.

    Returns:
        One or two; empty if Kafka Connect has no address.
    """
    both = (read_health(pipeline, endpoints), read_sink_health(pipeline, endpoints))
    return tuple(health for health in both if health is not None)


def _read(
    endpoints: Endpoints,
    name: str,
    assessed: Callable[[ConnectorStatus | None], ConnectorHealth],
) -> ConnectorHealth:
    try:
        return assessed(ConnectApi.of(endpoints, _ANSWER_SECONDS).status(name))
    except (Rebalancing, Unreachable) as reason:
        return ConnectorHealth(name, Condition.UNKNOWN, str(reason), f"{COMMAND} status")
    except StackFailure as failure:
        return ConnectorHealth(name, Condition.UNKNOWN, failure.message, failure.hint)


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
    """Return if the connectors and their tasks run, or if Kafka Connect has no address.

    Raises:
        ConnectorDown: One does not run and does not recover by itself.
        NotReady: One does not run yet.
    """
    down = [x for x in read_connectors(pipeline, endpoints) if not x.running]
    for health in down:
        if health.condition in PERSISTENT:
            raise ConnectorDown(health)
    if down:
        raise NotReady(down[0].sentence)


class Guard:
    """Ends a wait for a change that cannot arrive because a connector is down.

    The wait calls it at each attempt; it asks Kafka Connect at intervals.
    """

    def __init__(self, pipeline: Pipeline, endpoints: Endpoints) -> None:
        self._pipeline = pipeline
        self._endpoints = endpoints
        # A change that arrives soon must not wait for an answer from Connect.
        self._read_at = time.monotonic()
        self._absent_since: dict[str, float] = {}

    def __call__(self) -> None:
        """Check the connectors, unless they were checked a moment ago.

        Raises:
            ConnectorDown: One does not run and does not recover by itself.
        """
        now = time.monotonic()
        if now - self._read_at < _READ_EVERY_SECONDS:
            return
        connectors = read_connectors(self._pipeline, self._endpoints)
        self._read_at = time.monotonic()
        for health in connectors:
            if health.condition in PERSISTENT or self._removed(health, now):
                raise ConnectorDown(health)

    def _removed(self, health: ConnectorHealth, now: float) -> bool:
        if health.condition is not Condition.ABSENT:
            self._absent_since.pop(health.name, None)
            return False
        return now - self._absent_since.setdefault(health.name, now) >= _ABSENT_SECONDS


def status_rows(connectors: Iterable[ConnectorHealth]) -> tuple[ComponentStatus, ...]:
    """Return a row for each connector and one for each of its tasks."""
    return tuple(row for health in connectors for row in _rows(health))


def is_connector(status: ComponentStatus) -> bool:
    """Return whether a row of a status is one of `status_rows`."""
    return status.name.startswith((CONNECTOR, SINK_CONNECTOR))


def _rows(health: ConnectorHealth) -> Iterator[ComponentStatus]:
    failures = {failure.who: f"{failure.what}: {failure.remedy}" for failure in health.failures}
    if health.status is None:
        state: State = "missing" if health.condition is Condition.ABSENT else "unknown"
        yield _row(health.role, health.name, state, health.sentence)
        return
    own = failures.get(f"connector {health.name}", "")
    if not own and health.condition not in (Condition.RUNNING, Condition.FAILED):
        own = health.sentence
    # A RUNNING connector without a task does nothing.
    idle = health.condition is Condition.NO_TASKS
    own_state = "unassigned" if idle else _STATES.get(health.status.state, "unknown")
    yield _row(health.role, health.name, own_state, own)
    for task in health.status.tasks:
        state = _STATES.get(task.state, "unknown")
        yield _row(f"{health.role} task {task.id}", "", state, failures.get(f"task {task.id}", ""))


def _row(name: str, version: str, state: State, detail: str) -> ComponentStatus:
    return ComponentStatus(name, version, state, None, None, None, None, detail)
