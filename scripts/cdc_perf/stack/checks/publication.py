"""Checks that the publication carries what pipeline.toml captures."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline, Table

_PUBLICATION = """
    SELECT pubinsert, pubupdate, pubdelete, pubviaroot FROM pg_publication WHERE pubname = %s
"""
# Before version 18 no generated column is published, although the view lists it.
_OF_TABLE = """
    SELECT attnames::text[], coalesce(rowfilter, ''),
        current_setting('server_version_num')::integer >= 180000
    FROM pg_publication_tables WHERE pubname = %s AND schemaname = %s AND tablename = %s
"""
# With publish_via_partition_root: the partitioned tables; without it: their partitions.
_TABLES = "SELECT schemaname::text, tablename::text FROM pg_publication_tables WHERE pubname = %s"
_PARTITIONED = """
    SELECT c.relkind = 'p', c.relispartition
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = %s
"""


@dataclass(frozen=True)
class PublishedTable:
    """What a publication carries of a table.

    Attributes:
        columns: The names of the columns; of generated ones, see `carries_generated`.
        row_filter: The rows, as an SQL expression; empty: all.
        carries_generated: Whether it carries stored generated columns.
    """

    columns: Collection[str]
    row_filter: str
    carries_generated: bool


def published_table(
    connection: Connection[tuple[Any, ...]], pipeline: Pipeline, table: Table
) -> PublishedTable | None:
    """Return what the pipeline's publication carries of a table; None if it lacks the table."""
    row = connection.execute(_OF_TABLE, (pipeline.postgres.publication, *table.name)).fetchone()
    return None if row is None else PublishedTable(*row)


def expect_publication(connection: Connection[tuple[Any, ...]], pipeline: Pipeline) -> None:
    """Return if the publication carries the inserts, updates, and deletes of each table.

    Raises:
        StackFailure: There is no such publication, or it does not.
    """
    name = pipeline.postgres.publication
    quoted = '"{}"'.format(name.replace('"', '""'))
    found = connection.execute(_PUBLICATION, (name,)).fetchone()
    if found is None:
        raise StackFailure(
            f"pipeline.toml: postgres.publication: PostgreSQL has no publication {name}",
            hint=f"CREATE PUBLICATION {quoted} FOR TABLE "
            f"{', '.join(table.table for table in pipeline.tables)}",
        )
    *published, via_root = found
    verbs = zip(("inserts", "updates", "deletes"), published, strict=True)
    silent = [verb for verb, carried in verbs if not carried]
    if silent:
        raise StackFailure(
            f"publication {name} does not publish {', '.join(silent)}, which would be lost",
            hint=f"ALTER PUBLICATION {quoted} SET (publish = 'insert, update, delete, truncate')",
        )
    carried = {(schema, table) for schema, table in connection.execute(_TABLES, (name,))}
    for index, table in enumerate(pipeline.tables):
        if tuple(table.name) in carried:
            continue
        row = connection.execute(_PARTITIONED, tuple(table.name)).fetchone()
        partitioned, partition = row if row is not None else (False, False)
        hint = f"ALTER PUBLICATION {quoted} ADD TABLE {table.table}, or remove it from [[tables]]"
        if partitioned and not via_root:
            hint = f"ALTER PUBLICATION {quoted} SET (publish_via_partition_root = true)"
        elif partition and via_root:
            hint = "use its partitioned table instead: changes are published under that name"
        raise StackFailure(
            f"pipeline.toml: tables[{index}].table: publication {name} does not publish "
            f"{table.table}" + (" as a whole, only its partitions" if partitioned else ""),
            hint=hint,
        )
