"""How a table is read so that its rows meet their documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from scripts.errors import StackFailure
from scripts.integrity.columns import Column, NotCompared, Why
from scripts.integrity.keys import identity
from scripts.settings.pipeline import Pipeline, Table
from scripts.stack.carried import ConnectorFilter
from scripts.stack.table_columns import Generated, TableColumn, table_columns

# Only what the publication carries reaches MongoDB. Before version 18 no generated column does,
# although the view lists it.
_PUBLISHED = """
    SELECT p.attnames, p.rowfilter, b.pubinsert, b.pubupdate, b.pubdelete,
        current_setting('server_version_num')::integer >= 180000
    FROM pg_publication_tables p JOIN pg_publication b ON b.pubname = p.pubname
    WHERE p.pubname = %s
        AND format('%%I.%%I', p.schemaname, p.tablename)::regclass = to_regclass(%s)
"""
_RELATION = """
    SELECT c.relkind = 'p', EXISTS (
        SELECT FROM pg_partition_ancestors(c.oid) a
        JOIN pg_publication_tables p
            ON format('%%I.%%I', p.schemaname, p.tablename)::regclass = a.relid
        WHERE p.pubname = %s AND a.relid <> c.oid)
    FROM pg_class c WHERE c.oid = to_regclass(%s)
"""


@dataclass(frozen=True)
class TableReading:
    """What is read of a table.

    Attributes:
        table: Table, key and collection.
        columns: What a document should have.
        fields: The names of all columns of the table.
        not_compared: Columns whose values are not compared, and why.
        id: The row's `_id`, as SQL, in the order in which MongoDB sorts it.
        row_filter: The rows that are published, as an SQL expression; empty: all of them.
        operations: Which changes are carried: `c`, `u`, `d`.
    """

    table: Table
    columns: tuple[Column, ...]
    fields: frozenset[str]
    not_compared: tuple[NotCompared, ...]
    id: sql.Composable
    row_filter: str
    operations: frozenset[str]

    def all_rows(self) -> sql.Composed:
        """Return the query of `_id`, `xmin` and the columns, in the order of `_id`."""
        return sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY 1").format(
            sql.SQL(", ").join(
                [self.id, sql.SQL("xmin::text"), *(each.query for each in self.columns)]
            ),
            self._name,
            self._filter,
        )

    def one_row(self) -> sql.Composed:
        """Return the query of a row by its `_id`: whether it is among the published ones."""
        # The statement has a parameter, so a percent sign has to be doubled.
        escaped = sql.SQL(self._filter.as_string().replace("%", "%%"))
        return sql.SQL("SELECT {} FROM {} WHERE {} = %s").format(escaped, self._name, self.id)

    @property
    def _filter(self) -> sql.SQL:
        # An expression as PostgreSQL prints it, of its own catalog.
        return sql.SQL(self.row_filter or "TRUE")

    @property
    def _name(self) -> sql.Identifier:
        return _identifier(self.table)


class RowLookup:
    """Looks for single rows by their `_id`."""

    def __init__(
        self, connection: Connection[tuple[Any, ...]], readings: Mapping[str, TableReading]
    ) -> None:
        self._connection = connection
        self._readings = readings

    def has(self, table: str, key: str) -> bool:
        """Return whether a table of the pipeline has the row."""
        return self._published(table, key) is not None

    def must_arrive(self, table: str, key: str, operation: str) -> bool:
        """Return whether a write of the row must have an event in the topic.

        Under a row filter only a row that matches it now is known to have been published.
        """
        reading = self._readings.get(table)
        if reading is None:
            return True
        if operation not in reading.operations:
            return False
        return not reading.row_filter or bool(self._published(table, key))

    def _published(self, table: str, key: str) -> bool | None:
        reading = self._readings.get(table)
        if reading is None:
            return None
        row = self._connection.execute(reading.one_row(), (key,)).fetchone()
        return None if row is None else bool(row[0])


def readings(
    connection: Connection[tuple[Any, ...]], pipeline: Pipeline, filtered: ConnectorFilter
) -> dict[str, TableReading]:
    """Ask PostgreSQL for every table of the pipeline, by name.

    Raises:
        StackFailure: A table is not published, or its key cannot be followed.
    """
    return {
        table.table: reading(connection, pipeline, table, filtered) for table in pipeline.tables
    }


def reading(
    connection: Connection[tuple[Any, ...]],
    pipeline: Pipeline,
    table: Table,
    filtered: ConnectorFilter,
) -> TableReading:
    """Ask PostgreSQL for the columns of a table.

    Raises:
        StackFailure: The table is not published, or its key cannot be followed.
    """
    name = _identifier(table).as_string(connection)
    publication = pipeline.postgres.publication
    found = connection.execute(_PUBLISHED, (publication, name)).fetchone()
    if found is None:
        raise _unpublished(connection, publication, table, name)
    listed, row_filter, inserts, updates, deletes, carries_generated = found
    published, not_compared = [], []
    columns = table_columns(connection, name)
    for column in columns:
        is_listed = column.name in listed
        why = _why_not(column, is_listed=is_listed, carries_generated=carries_generated)
        qualified = f"{table.table}.{column.name}"
        if why is None and filtered.excludes(qualified):
            why = Why.EXCLUDED
        if why is None:
            published.append(column)
            if filtered.masks(qualified):
                why = Why.MASKED
            elif Column.of(column).conversion is None:
                why = Why.TYPE
        if why is not None:
            not_compared.append(NotCompared(column.name, column.declared, why))
    unmasked = {each.column for each in not_compared if each.why is Why.MASKED}
    carried = {"c": inserts, "u": updates, "d": deletes}
    return TableReading(
        table=table,
        columns=tuple(Column.of(each) for each in published if each.name not in unmasked),
        fields=frozenset(each.name for each in columns),
        not_compared=tuple(not_compared),
        id=identity(table, {each.name: each for each in published}),
        row_filter=row_filter or "",
        operations=frozenset(x for x, is_carried in carried.items() if is_carried)
        - filtered.skipped,
    )


def _why_not(column: TableColumn, *, is_listed: bool, carries_generated: bool) -> Why | None:
    if column.generated is Generated.VIRTUAL:
        return Why.VIRTUAL
    if column.generated is Generated.STORED and not (carries_generated and is_listed):
        return Why.GENERATED
    return None if is_listed else Why.UNPUBLISHED


def _unpublished(
    connection: Connection[tuple[Any, ...]], publication: str, table: Table, name: str
) -> StackFailure:
    row = connection.execute(_RELATION, (publication, name)).fetchone()
    is_partitioned, has_published_root = row or (False, False)
    if row is None:
        hint = f"create {table.table}, or take it from the tables of pipeline.toml"
    elif is_partitioned:
        hint = f"ALTER PUBLICATION {publication} SET (publish_via_partition_root = true)"
    elif has_published_root:
        hint = "name the partitioned table in pipeline.toml: its partitions' rows go by its name"
    else:
        hint = f"ALTER PUBLICATION {publication} ADD TABLE {name}, or take it from pipeline.toml"
    return StackFailure(f"publication {publication} does not publish {table.table}", hint=hint)


def _identifier(table: Table) -> sql.Identifier:
    return sql.Identifier(*table.table.split("."))
