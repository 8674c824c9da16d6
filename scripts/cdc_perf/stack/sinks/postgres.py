"""The sink PostgreSQL: one table per table, one row per row."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
import psycopg
from psycopg import IsolationLevel, sql

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Table
from cdc_perf.settings.table_name import TableName
from cdc_perf.stack.canceling import canceling
from cdc_perf.stack.printing import print_values, set_printing
from cdc_perf.stack.row_id import identity
from cdc_perf.stack.row_key import RowKey, doubled, rows_by_key, warn_if_unindexed
from cdc_perf.stack.sinks.sink import Document, TableKeys, Target
from cdc_perf.stack.statement_limits import BATCH_SECONDS, TABLE_SECONDS, limit_statements
from cdc_perf.stack.table_columns import TableColumn, table_columns
from cdc_perf.waiting import NotReady

_CONNECT_SECONDS = 5
_BATCH = 5000


class PostgresReader:
    """Reads the database over one connection, which is renewed after an error."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def has(self, table: Table, key: str) -> bool:
        """Return whether the table has the row with a key of one column."""
        query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(
            _name(table), sql.Identifier(table.in_sink(table.key[0]))
        )
        with self._transaction() as connection:
            return connection.execute(query, (key,)).fetchone() is not None

    def documents(self, target: Target) -> Generator[Document]:
        """Yield the rows in the order of `_id`; columns that the sink lacks are left out.

        Raises:
            StackFailure: The sink has no such table, or it lacks a key column.
        """
        table = target.table
        there = {each.name: each for each in self.columns(table)}
        found = {here: there[name] for here, name in target.names.items() if name in there}
        keyed = msgspec.structs.replace(table, key=tuple(table.in_sink(name) for name in table.key))
        selected = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(
                [identity(keyed, there), *(sql.Identifier(x.name) for x in found.values())]
            ),
            _name(table),
        )
        types = [(each.oid, each.delimiter) for each in found.values()]
        with self._transaction() as connection:
            set_printing(connection)
            if target.keys is None:
                limit_statements(connection, TABLE_SECONDS, local=True)
                rows = _all(connection, selected, types)
            else:
                key = RowKey.of(keyed, there)
                warn_if_unindexed(connection, table.target, key)
                rows = _by_key(connection, selected, types, key, target.keys)
            with closing(rows):
                for row in rows:
                    if row[0] is not None:
                        yield {"_id": row[0], **dict(zip(found, row[1:], strict=True))}

    def columns(self, table: Table) -> tuple[TableColumn, ...]:
        """Return the columns of a table in the sink.

        Raises:
            StackFailure: There is no such table.
        """
        with self._transaction() as connection:
            if connection.execute("SELECT to_regclass(%s)", (table.target,)).fetchone() == (None,):
                raise StackFailure(
                    f"the sink has no table {table.target}",
                    hint="create it, or correct target in pipeline.toml",
                )
            return table_columns(connection, table.target)

    def version(self) -> str:
        """Return the version of the server."""
        with self._transaction() as connection:
            return str(connection.info.parameter_status("server_version"))

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Read in one snapshot.

        Raises:
            NotReady: The server does not answer, or refuses a query.
        """
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(
                    self._dsn,
                    autocommit=True,
                    client_encoding="utf8",
                    connect_timeout=_CONNECT_SECONDS,
                    application_name="cdc-perf",
                )
                self._connection.isolation_level = IsolationLevel.REPEATABLE_READ
                self._connection.read_only = True
                limit_statements(self._connection, BATCH_SECONDS)
            with self._connection.transaction(), canceling(self._connection):
                yield self._connection
        except psycopg.Error as error:
            self.close()
            raise NotReady(f"the sink PostgreSQL: {str(error).strip().splitlines()[0]}") from None


@dataclass(frozen=True)
class PostgresTarget:
    """The database.

    Attributes:
        dsn: Its address.
    """

    name: ClassVar[str] = "PostgreSQL"
    typed: ClassVar[bool] = True

    dsn: str

    def server(self) -> str:
        """Return the server's name and version.

        Raises:
            NotReady: It does not answer.
        """
        with self.open() as reader:
            return f"PostgreSQL {reader.version()}"

    @contextmanager
    def open(self) -> Iterator[PostgresReader]:
        """Yield a reader, which connects when it is used."""
        with closing(PostgresReader(self.dsn)) as reader:
            yield reader


def _all(
    connection: psycopg.Connection[tuple[Any, ...]],
    selected: sql.Composed,
    types: Sequence[tuple[int, str]],
) -> Generator[tuple[Any, ...]]:
    """Yield all rows in the order of `_id`."""
    with connection.cursor(name="sink") as cursor:
        print_values(cursor, types)
        cursor.itersize = _BATCH
        yield from cursor.execute(sql.SQL("{} ORDER BY 1").format(selected))


def _by_key(
    connection: psycopg.Connection[tuple[Any, ...]],
    selected: sql.Composed,
    types: Sequence[tuple[int, str]],
    key: RowKey,
    keys: TableKeys,
) -> Generator[tuple[Any, ...]]:
    """Yield the rows with these keys in the order of `_id`."""
    query = sql.SQL("{} WHERE {} ORDER BY 1").format(doubled(selected), key.condition)
    for batch in keys.batches():
        yield from rows_by_key(connection, query, key, batch, types)


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(*TableName.parse(table.target))
