"""Delete the rows that a run inserted, and no other row.

The keys are those of the inserts in k6's ledger: a row that the run only updated was there before.
Children go before their parents. A row stays if a row that the run did not insert references it,
because the foreign key would change or delete that row, or if another transaction holds it.

Rows that triggers wrote, such as those of an audit table, are not in the ledger and stay too.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, sql

from cdc_perf.errors import StackFailure
from cdc_perf.integrity.keys import Keys, KeysOfTable, stored_keys, written_rows
from cdc_perf.integrity.ledger import read_ledger
from cdc_perf.integrity.records import Scope
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.settings.table_name import TableName
from cdc_perf.stack.canceling import canceling
from cdc_perf.stack.printing import set_printing
from cdc_perf.stack.row_id import identity
from cdc_perf.stack.row_key import RowKey, doubled, rows_by_key
from cdc_perf.stack.statement_limits import limit_statements
from cdc_perf.stack.table_columns import table_columns
from cdc_perf.wording import counted

_CONNECT_SECONDS = 5
# Of one statement about a batch of keys.
_STATEMENT_SECONDS = 60
# Foreign keys to a table or to one of its partitions; those that a partition inherits repeat their
# parent's. Each list of columns is in the order of the constraint.
_REFERENCES = """
    SELECT child.nspname, c.relname,
        (SELECT array_agg(a.attname::text ORDER BY k.place)
         FROM unnest(f.conkey) WITH ORDINALITY AS k(number, place)
         JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number),
        (SELECT array_agg(a.attname::text ORDER BY k.place)
         FROM unnest(f.confkey) WITH ORDINALITY AS k(number, place)
         JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number)
    FROM pg_constraint f
    JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace child ON child.oid = c.relnamespace
    WHERE f.contype = 'f' AND f.conparentid = 0 AND f.confrelid IN (
        SELECT %(table)s::regclass UNION SELECT relid FROM pg_partition_tree(%(table)s::regclass))
    ORDER BY f.oid
"""
# Whether no two rows can have the same key.
_UNIQUE = """
    SELECT EXISTS (
        SELECT FROM pg_index i
        WHERE i.indrelid = %(table)s::regclass AND i.indisunique AND i.indisvalid
            AND i.indpred IS NULL AND i.indexprs IS NULL
            AND (SELECT bool_and(a.attname = ANY (%(key)s))
                 FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
                 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
                 WHERE k.place <= i.indnkeyatts))
"""


@dataclass(frozen=True)
class Reference:
    """A foreign key: a table, its columns, and the columns that they reference."""

    child: TableName
    columns: Sequence[str]
    referenced: Sequence[str]


@dataclass(frozen=True)
class Removed:
    """What became of the rows of a table.

    Attributes:
        table: The table.
        deleted: The number of rows that were deleted.
        left: The number of rows that stay.
    """

    table: str
    deleted: int
    left: int


def delete_written(dsn: str, pipeline: Pipeline, ledgers: Iterable[Path]) -> tuple[Removed, ...]:
    """Delete the rows that a run inserted.

    Args:
        dsn: The source.
        pipeline: The pipeline.
        ledgers: k6's ledgers of the run.

    Raises:
        StackFailure: PostgreSQL does not answer, or refuses to delete. Earlier batches are deleted.
    """
    rows = (row for path in ledgers for row in written_rows(read_ledger(path), "c"))
    try:
        with (
            stored_keys(rows, Scope.RUN) as keys,
            psycopg.connect(
                dsn, client_encoding="utf8", autocommit=True, connect_timeout=_CONNECT_SECONDS
            ) as connection,
            canceling(connection),
        ):
            return _delete(connection, pipeline, keys)
    except psycopg.Error as error:
        raise StackFailure(
            f"cleanup: PostgreSQL: {str(error).strip().splitlines()[0]}",
            hint="the rows that are left are in ledger.tsv of the run's scenarios",
        ) from None


def cleanup_lines(removed: Iterable[Removed]) -> tuple[str, ...]:
    """Return what was deleted and what stays, one sentence each."""
    found = tuple(removed)
    parts = [f"{counted(each.deleted, 'row')} of {each.table}" for each in found]
    stay = [
        f"cleanup: {counted(each.left, 'row of', 'rows of')} {each.table} "
        f"{'stays' if each.left == 1 else 'stay'}: a row that the run did not insert references "
        "them, or another transaction holds them"
        for each in found
        if each.left
    ]
    return (f"cleanup: deleted {', '.join(parts) or 'nothing: the run inserted no row'}", *stay)


def _delete(
    connection: Connection[tuple[Any, ...]], pipeline: Pipeline, keys: Keys
) -> tuple[Removed, ...]:
    written = frozenset(keys.tables())
    tables = [
        _TableRows.of(connection, table, keys.of(table.table))
        for table in pipeline.tables
        if table.table in written
    ]
    tables = _children_first(tables)
    deleted: defaultdict[str, int] = defaultdict(int)
    left: dict[str, int] = {}
    # A row may reference another row of its own table, or tables one another: as long as rows are
    # deleted, more of them may be free.
    progress = True
    while progress:
        progress = False
        for each in tables:
            number, left[each.name] = each.delete(connection)
            deleted[each.name] += number
            progress |= number > 0 and any(left.values())
    return tuple(Removed(each.name, deleted[each.name], left[each.name]) for each in tables)


@dataclass(frozen=True)
class _TableRows:
    """The rows of a table that are deleted.

    Attributes:
        table: The table.
        keys: Their keys.
        key: The key's columns.
        id: `_id` in SQL.
        references: The foreign keys to the table.
    """

    table: Table
    keys: KeysOfTable
    key: RowKey
    id: sql.Composable
    references: Sequence[Reference]

    @staticmethod
    def of(
        connection: Connection[tuple[Any, ...]], table: Table, keys: KeysOfTable
    ) -> "_TableRows":
        unique = {"table": table.table, "key": list(table.key)}
        if connection.execute(_UNIQUE, unique).fetchone() != (True,):
            raise StackFailure(
                f"cleanup: {table.table} has no unique index on its key ({', '.join(table.key)})",
                hint="delete the run's rows by hand: they are in ledger.tsv of its scenarios",
            )
        columns = {each.name: each for each in table_columns(connection, table.table)}
        found = connection.execute(_REFERENCES, {"table": table.table}).fetchall()
        return _TableRows(
            table=table,
            keys=keys,
            key=RowKey.of(table, columns),
            id=identity(table, columns),
            references=tuple(Reference(TableName(*each[:2]), *each[2:]) for each in found),
        )

    @property
    def name(self) -> str:
        return self.table.table

    def delete(self, connection: Connection[tuple[Any, ...]]) -> tuple[int, int]:
        """Delete the rows that can be, each batch in its own transaction.

        Returns:
            The number of deleted rows, and of those that stay.
        """
        deleted = left = 0
        for batch in self.keys.batches():
            there, gone = self._delete_batch(connection, batch)
            deleted += gone
            left += there - gone
        return deleted, left

    def _delete_batch(
        self, connection: Connection[tuple[Any, ...]], ids: Sequence[str]
    ) -> tuple[int, int]:
        """Return the number of rows that were there, and of those that were deleted."""
        with connection.transaction():
            limit_statements(connection, _STATEMENT_SECONDS, local=True)
            set_printing(connection)
            there = len(rows_by_key(connection, self._select, self.key, ids))
            # No row can come to reference a locked one, and the next statement sees all that do.
            locked = [row[0] for row in rows_by_key(connection, self._lock, self.key, ids)]
            gone = rows_by_key(connection, self._remove, self.key, locked) if locked else []
        return there, len(gone)

    @property
    def _select(self) -> sql.Composed:
        lead = sql.SQL("SELECT {} FROM {}").format(self.id, self._table)
        return sql.SQL("{} WHERE {}").format(doubled(lead), self.key.condition)

    @property
    def _lock(self) -> sql.Composed:
        return sql.SQL("{} FOR UPDATE SKIP LOCKED").format(self._select)

    @property
    def _remove(self) -> sql.Composed:
        free = sql.SQL("").join(self._without(each) for each in self.references)
        lead = sql.SQL("DELETE FROM {} AS written").format(self._table)
        return sql.SQL("{} WHERE {}{} RETURNING {}").format(
            doubled(lead), self.key.condition, doubled(free), doubled(self.id)
        )

    def _without(self, reference: Reference) -> sql.Composed:
        """Return the condition that no row references a row, other than itself."""
        pairs = sql.SQL(" AND ").join(
            sql.SQL("referencing.{} = written.{}").format(sql.Identifier(a), sql.Identifier(b))
            for a, b in zip(reference.columns, reference.referenced, strict=True)
        )
        return sql.SQL(
            " AND NOT EXISTS (SELECT FROM {} AS referencing WHERE {} AND NOT ("
            "referencing.tableoid = written.tableoid AND referencing.ctid = written.ctid))"
        ).format(sql.Identifier(*reference.child), pairs)

    @property
    def _table(self) -> sql.Identifier:
        return sql.Identifier(*self.table.name)


def _children_first(tables: Sequence[_TableRows]) -> list[_TableRows]:
    """Return the tables in an order in which no row references a deleted one."""
    by_name = {each.table.name: each for each in tables}
    children = {
        name: {each.child for each in rows.references if each.child in by_name} - {name}
        for name, rows in by_name.items()
    }
    try:
        return [by_name[name] for name in TopologicalSorter(children).static_order()]
    except CycleError:
        # Each pass deletes what is free by then.
        return list(tables)
