"""What the rows of the source decide: the next number of a key, and whether a table has any."""

import time
from typing import Any, Protocol

import psycopg
from psycopg import Connection, sql

from cdc_perf.settings.table_name import TableName

# Without an index, PostgreSQL reads the whole table.
_DEADLINE_MS = 5000


class SourceRows(Protocol):
    """The rows of the source."""

    def highest(self, table: str, column: str) -> int | None:
        """Return the highest whole number in a column, 0 without rows; None if it takes long."""

    def has_rows(self, table: str) -> bool:
        """Return whether a table has a row."""


class QueriedRows:
    """The rows of a database, queried on a connection."""

    def __init__(self, connection: Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def highest(self, table: str, column: str) -> int | None:
        """Return the highest whole number in a column, 0 without rows; None if it takes long."""
        query = sql.SQL("SELECT ceil(max({}))::text FROM {}").format(
            sql.Identifier(column), sql.Identifier(*TableName.parse(table))
        )
        try:
            value = self._query(query)
        except psycopg.errors.QueryCanceled:
            return None
        return int(value) if value is not None else 0

    def has_rows(self, table: str) -> bool:
        """Return whether a table has a row."""
        name = sql.Identifier(*TableName.parse(table))
        return bool(self._query(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(name)))

    def _query(self, query: sql.Composed) -> Any:  # noqa: ANN401 - a value of the database
        with self._connection.transaction():
            self._connection.execute(f"SET LOCAL statement_timeout = {_DEADLINE_MS}")
            row = self._connection.execute(query).fetchone()
        return row[0] if row is not None else None


def microseconds() -> int:
    """Return the time in microseconds: above the numbers of any sequence."""
    return time.time_ns() // 1000
