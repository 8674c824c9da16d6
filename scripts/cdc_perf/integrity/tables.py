"""How a table is read so that its rows can be matched with documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from cdc_perf.errors import StackFailure
from cdc_perf.integrity.columns import Column, NotCompared, Why
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.checks.publication import (
    PublishedTable,
    expect_publication,
    published_table,
)
from cdc_perf.stack.row_id import identity
from cdc_perf.stack.row_key import RowKey, doubled, rows_by_key
from cdc_perf.stack.table_columns import GeneratedColumn, TableColumn, table_columns


@dataclass(frozen=True)
class TableReading:
    """How to read a table.

    Attributes:
        table: Table, key, and collection.
        columns: The columns that a document should have.
        fields: The names of all columns of the table, and of the fields that a transform adds.
        not_compared: Columns whose values are not compared, and why.
        id: The row's `_id` as SQL, in MongoDB's sort order.
        key: The columns of its key, to find rows by their `_id`.
        row_filter: The published rows, as an SQL expression; empty if all are published.
    """

    table: Table
    columns: tuple[Column, ...]
    fields: frozenset[str]
    not_compared: tuple[NotCompared, ...]
    id: sql.Composable
    key: RowKey
    row_filter: str

    def all_rows(self) -> sql.Composed:
        """Return the query of `_id`, `xmin`, and the columns, in the order of `_id`."""
        return sql.SQL("{} ORDER BY 1").format(self._published)

    def rows_by_key(self) -> sql.Composed:
        """Return the same query for the rows with given keys; see `row_key.rows_by_key`."""
        return sql.SQL("{} AND {} ORDER BY 1").format(doubled(self._published), self.key.condition)

    def is_published(self) -> sql.Composed:
        """Return the query of `_id` and whether the row is published, for given keys."""
        lead = sql.SQL("SELECT {}, {} FROM {}").format(self.id, self._filter, self._name)
        return sql.SQL("{} WHERE {}").format(doubled(lead), self.key.condition)

    @property
    def printed_types(self) -> list[tuple[int, str]]:
        """The types of the columns in the queries' results."""
        return [each.printed_type for each in self.columns]

    @property
    def _published(self) -> sql.Composed:
        return sql.SQL("SELECT {} FROM {} WHERE {}").format(
            sql.SQL(", ").join(
                [self.id, sql.SQL("xmin::text"), *(each.query for each in self.columns)]
            ),
            self._name,
            self._filter,
        )

    @property
    def _filter(self) -> sql.SQL:
        # The expression comes from PostgreSQL's own catalog.
        return sql.SQL(self.row_filter or "TRUE")

    @property
    def _name(self) -> sql.Identifier:
        return sql.Identifier(*self.table.name)


class RowLookup:
    """Looks up single rows by their `_id`."""

    def __init__(
        self, connection: Connection[tuple[Any, ...]], readings: Mapping[str, TableReading]
    ) -> None:
        self._connection = connection
        self._readings = readings

    def has(self, table: str, key: str) -> bool:
        """Return whether a table of the pipeline has the row."""
        return self._published(table, key) is not None

    def must_arrive(self, table: str, key: str) -> bool:
        """Return whether a write of the row must have an event in the topic.

        Under a row filter, only a row that matches it now is known to have been published.
        """
        reading = self._readings.get(table)
        if reading is None or not reading.row_filter:
            return True
        return bool(self._published(table, key))

    def _published(self, table: str, key: str) -> bool | None:
        reading = self._readings.get(table)
        if reading is None:
            return None
        rows = rows_by_key(self._connection, reading.is_published(), reading.key, (key,))
        return bool(rows[0][1]) if rows else None


def readings(
    connection: Connection[tuple[Any, ...]], pipeline: Pipeline, filtered: ConnectorFilter
) -> dict[str, TableReading]:
    """Query how to read every table of the pipeline, by table name.

    Raises:
        StackFailure: A table is not published, or its key is not supported.
    """
    expect_publication(connection, pipeline)
    return {
        table.table: reading(connection, pipeline, table, filtered) for table in pipeline.tables
    }


def reading(
    connection: Connection[tuple[Any, ...]],
    pipeline: Pipeline,
    table: Table,
    filtered: ConnectorFilter,
) -> TableReading:
    """Query the columns of a table.

    Raises:
        StackFailure: The table is not published, or its key is not supported.
    """
    found = published_table(connection, pipeline, table)
    if found is None:
        raise StackFailure(f"{table.table} was removed from the publication during the check")
    published, not_compared = [], []
    columns = table_columns(connection, table.table)
    for column in columns:
        why = _why_not(column, found)
        if why is None and column.name in table.not_compared:
            why = Why.DECLARED
        qualified = ".".join((*table.name, column.name))
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
    by_name = {each.name: each for each in published}
    unmasked = {each.column for each in not_compared if each.why is Why.MASKED}
    return TableReading(
        table=table,
        columns=tuple(Column.of(each) for each in published if each.name not in unmasked),
        fields=frozenset((*(each.name for each in columns), *table.columns.values()))
        | filtered.metadata,
        not_compared=tuple(not_compared),
        id=identity(table, by_name),
        key=RowKey.of(table, by_name),
        row_filter=found.row_filter,
    )


def _why_not(column: TableColumn, published: PublishedTable) -> Why | None:
    """Return why a column does not reach the sink: only published ones do."""
    is_listed = column.name in published.columns
    if column.generated is GeneratedColumn.VIRTUAL:
        return Why.VIRTUAL
    if column.generated is GeneratedColumn.STORED and not (
        published.carries_generated and is_listed
    ):
        return Why.GENERATED
    return None if is_listed else Why.UNPUBLISHED
