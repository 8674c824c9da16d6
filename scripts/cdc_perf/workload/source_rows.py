"""What the rows of the source decide: the next number of a key, and whether a table has any."""

import time
from typing import Any, Protocol

import msgspec
import psycopg
from psycopg import Connection, sql

from cdc_perf.settings.table_name import TableName
from cdc_perf.workload.load_plan import LoadPlan, Unique

# Without an index, PostgreSQL reads the whole table.
_DEADLINE_MS = 5000


class SourceRows(Protocol):
    """The rows of the source."""

    def highest(self, table: str, column: str) -> int | None:
        """Return the highest whole number in a column, 0 without rows; None if it takes long."""

    def has_rows(self, table: str) -> bool:
        """Return whether a table has a row."""


class QueriedRows:
    """The rows of a database, asked on a connection."""

    def __init__(self, connection: Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def highest(self, table: str, column: str) -> int | None:
        """Return the highest whole number in a column, 0 without rows; None if it takes long."""
        query = sql.SQL("SELECT ceil(max({}))::text FROM {}").format(
            sql.Identifier(column), sql.Identifier(*TableName.parse(table))
        )
        try:
            value = self._ask(query)
        except psycopg.errors.QueryCanceled:
            return None
        return int(value) if value is not None else 0

    def has_rows(self, table: str) -> bool:
        """Return whether a table has a row."""
        name = sql.Identifier(*TableName.parse(table))
        return bool(self._ask(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(name)))

    def _ask(self, query: sql.Composed) -> Any:  # noqa: ANN401 - a value of the database
        with self._connection.transaction():
            self._connection.execute(f"SET LOCAL statement_timeout = {_DEADLINE_MS}")
            row = self._connection.execute(query).fetchone()
        return row[0] if row is not None else None


def microseconds() -> int:
    """Return the time in microseconds: above the numbers of any sequence."""
    return time.time_ns() // 1000


def with_free_numbers(plan: LoadPlan, rows: SourceRows) -> LoadPlan:
    """Return the plan with first numbers that no row has now: an earlier load has used some."""
    tables = {
        name: msgspec.structs.replace(
            table,
            columns=tuple(
                msgspec.structs.replace(
                    column, generator=_free(column.generator, rows, name, column.name)
                )
                if isinstance(column.generator, Unique)
                else column
                for column in table.columns
            ),
        )
        for name, table in plan.tables.items()
    }
    return msgspec.structs.replace(plan, tables=tables)


def _free(unique: Unique, rows: SourceRows, table: str, column: str) -> Unique:
    if unique.of != "integer":
        return unique
    highest = rows.highest(table, column)
    start = highest + 1 if highest is not None else microseconds()
    return msgspec.structs.replace(unique, start=max(unique.start, start))
