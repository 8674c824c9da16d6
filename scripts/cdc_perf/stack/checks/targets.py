"""Checks that the sink can hold the captured tables."""

from cdc_perf.errors import StackFailure
from cdc_perf.settings.names import nearest
from cdc_perf.settings.pipeline import MongodbSink, Pipeline, PostgresSink, Table
from cdc_perf.stack import source
from cdc_perf.stack.checks.collections import expect_collections
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.sinks.postgres import PostgresReader, PostgresTarget
from cdc_perf.stack.table_columns import table_columns


def expect_targets(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Return if the sink has, or accepts, what each table arrives in.

    Raises:
        NotReady: A database does not answer.
        StackFailure: The sink lacks a table or a column, or refuses a collection.
    """
    match pipeline.sink:
        case MongodbSink():
            expect_collections(pipeline, endpoints)
        case PostgresSink():
            _expect_tables(pipeline, endpoints)


def _expect_tables(pipeline: Pipeline, endpoints: Endpoints) -> None:
    with (
        source.connect(endpoints.postgres_dsn) as connection,
        PostgresTarget(endpoints.sink_dsn).open() as reader,
    ):
        for index, table in enumerate(pipeline.tables):
            names = [each.name for each in table_columns(connection, table.table)]
            _expect_columns(index, table, names, reader)


def _expect_columns(index: int, table: Table, columns: list[str], reader: PostgresReader) -> None:
    place = f"pipeline.toml: tables[{index}]"
    for name in (*table.columns, *table.not_compared):
        if name not in columns:
            raise StackFailure(
                f"{place}: {table.table} has no column {name}; {nearest(name, columns)}"
            )
    there = [each.name for each in reader.columns(table)]
    for name in columns:
        wanted = table.columns.get(name, name)
        if name not in table.not_compared and wanted not in there:
            raise StackFailure(
                f"{place}: the sink's table {table.target} has no column {wanted}; "
                f"{nearest(wanted, there)}",
                hint="add it, or set its name in columns, or list it in not_compared",
            )
