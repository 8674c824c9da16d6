"""Key columns of types that cannot be followed to MongoDB."""

from typing import Any

from psycopg import Connection

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.row_id import identity
from cdc_perf.stack.table_columns import table_columns


def expect_keys(connection: Connection[tuple[Any, ...]], pipeline: Pipeline) -> None:
    """Return if the `_id` of each table's rows follows from the rows.

    Raises:
        StackFailure: A key column is of another type.
    """
    for table in pipeline.tables:
        columns = table_columns(connection, table.table)
        identity(table, {column.name: column for column in columns})
