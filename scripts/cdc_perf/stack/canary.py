"""The canary: one row that is written to PostgreSQL and read back from the sink."""

import time
from collections.abc import Callable
from typing import Any

import psycopg

from cdc_perf.errors import StackFailure
from cdc_perf.installation import COMMAND
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import source
from cdc_perf.stack.canary_row import CREATE, CanaryRow
from cdc_perf.stack.connector_health import Guard
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.sinks.choice import sink_of
from cdc_perf.stack.statement_limits import limit_statements
from cdc_perf.waiting import NotReady, wait_until

DEADLINE_SECONDS = 30.0
_EXPLAIN_SECONDS = 3.0
# About the duration of a row's transfer.
_INTERVAL_SECONDS = 0.01
_REJECTED = f"{CREATE}, with the privileges to insert, update, and delete"


def run_canary(
    pipeline: Pipeline,
    endpoints: Endpoints,
    deadline_seconds: float = DEADLINE_SECONDS,
    explain: Callable[[], None] | None = None,
) -> float:
    """Write a row, wait for it in the sink, delete it, and wait until it is gone from the sink.

    Args:
        pipeline: The pipeline.
        endpoints: Where to write and read the row, and its SQL.
        deadline_seconds: Timeout of each of the two waits.
        explain: Called once if the row has not arrived after some seconds; it raises StackFailure
            if it finds the reason, which ends the wait.

    Returns:
        Seconds from the commit of the row until it is visible in the sink.

    Raises:
        ConnectorDown: A task failed, or the connector was paused: the row cannot arrive.
        StackFailure: PostgreSQL refused the row, or a wait timed out.
    """
    row = endpoints.canary
    table = next(each for each in pipeline.captured if each.table == row.table)
    sink = sink_of(pipeline, endpoints)

    def arrived() -> None:
        if not reader.has(table, identifier):
            guard()
            if explanations and time.monotonic() - committed > _EXPLAIN_SECONDS:
                explanations.pop()()
            raise NotReady(f"the row {identifier} of {table.table} is not in {sink.name}")

    def gone() -> None:
        if reader.has(table, identifier):
            guard()
            raise NotReady(f"the deleted row {identifier} of {table.table} is still in {sink.name}")

    def wait(probe: Callable[[], None]) -> None:
        wait_until(
            probe,
            what="the canary",
            deadline_seconds=deadline_seconds,
            interval_seconds=_INTERVAL_SECONDS,
            hint=hint,
        )

    guard = Guard(pipeline, endpoints)
    explanations = [explain] if explain else []
    logs = f"`{COMMAND} logs --component consumer` and `--component connect`"
    hint = f"see `{COMMAND} status`, then {logs}"
    try:
        with source.connect(endpoints.postgres_dsn) as connection, sink.open() as reader:
            # A lock of others must not hold a command forever.
            limit_statements(connection, deadline_seconds)
            identifier, key = _inserted(connection, row)
            committed = time.monotonic()
            try:
                wait(arrived)
                latency = time.monotonic() - committed
            finally:
                psycopg.RawCursor(connection).execute(row.delete.encode(), key)
            wait(gone)
    except psycopg.Error as error:
        raise StackFailure(
            f"PostgreSQL rejected the canary row: {str(error).strip().splitlines()[0]}",
            hint=_REJECTED if pipeline.canary is None else "fix [canary] in pipeline.toml",
        ) from None
    except NotReady as reason:
        raise StackFailure(f"the canary row could not be sent or followed: {reason}") from None
    return latency


def _inserted(
    connection: psycopg.Connection[tuple[Any, ...]], row: CanaryRow
) -> tuple[str, list[str]]:
    """Insert the row; return its key in the sink, and the parameters of the other statements."""
    found = connection.execute(row.insert.encode()).fetchone()
    if found is None:
        raise NotReady(f"a trigger of {row.table} suppressed it")
    return str(found[0]), list(found[1])
