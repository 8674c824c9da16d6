"""One table of pipeline.toml, and what PostgreSQL's catalog says about it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from psycopg import Connection

from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.stack.checks.relation import Relation, find_relation
from cdc_perf.stack.table_columns import TableColumn, table_columns


@dataclass(frozen=True)
class CheckedTable:
    """A table that is checked. Its relation and columns are read once.

    Attributes:
        connection: Connection to the source database.
        pipeline: The pipeline.
        index: The table's place in pipeline.toml, from 0.
    """

    connection: Connection[tuple[Any, ...]]
    pipeline: Pipeline
    index: int

    @property
    def table(self) -> Table:
        """The table, as pipeline.toml declares it."""
        return self.pipeline.tables[self.index]

    @property
    def place(self) -> str:
        """The start of a message about its settings."""
        return f"pipeline.toml: tables[{self.index}]"

    @cached_property
    def relation(self) -> Relation | None:
        """The relation with its name; None if there is none."""
        return find_relation(self.connection, self.table.name)

    @cached_property
    def columns(self) -> tuple[TableColumn, ...]:
        """Its columns; the table exists."""
        return table_columns(self.connection, self.table.table)


def checked_tables(
    connection: Connection[tuple[Any, ...]], pipeline: Pipeline
) -> tuple[CheckedTable, ...]:
    """Return all tables of a pipeline."""
    return tuple(CheckedTable(connection, pipeline, index) for index in range(len(pipeline.tables)))
