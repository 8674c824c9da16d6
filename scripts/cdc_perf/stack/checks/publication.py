"""Checks that the publication carries what pipeline.toml captures."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from cdc_perf.errors import SettingFailure, StackFailure
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.settings.table_name import TableName
from cdc_perf.stack.checks.checked_table import CheckedTable, checked_tables
from cdc_perf.stack.checks.collecting import collecting

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
    expect_operations(connection, pipeline)
    with collecting() as found:
        for table in checked_tables(connection, pipeline):
            with found.of():
                expect_published(table)


def expect_operations(connection: Connection[tuple[Any, ...]], pipeline: Pipeline) -> None:
    """Return if there is the publication, with inserts, updates, and deletes.

    Raises:
        StackFailure: There is no such publication, or it lacks an operation.
    """
    name = pipeline.postgres.publication
    found = connection.execute(_PUBLICATION, (name,)).fetchone()
    if found is None:
        raise SettingFailure(
            f"pipeline.toml: postgres.publication: PostgreSQL has no publication {name}",
            hint=f"CREATE PUBLICATION {_quoted(name)} FOR TABLE "
            f"{', '.join(table.table for table in pipeline.tables)}",
        )
    verbs = zip(("inserts", "updates", "deletes"), found[:3], strict=True)
    silent = [verb for verb, carried in verbs if not carried]
    if silent:
        raise StackFailure(
            f"publication {name} does not publish {', '.join(silent)}, which would be lost",
            hint=f"ALTER PUBLICATION {_quoted(name)} "
            "SET (publish = 'insert, update, delete, truncate')",
        )


def expect_published(checked: CheckedTable) -> None:
    """Return if the publication, which exists, carries the changes of a table.

    Raises:
        StackFailure: It does not.
    """
    name, table = checked.pipeline.postgres.publication, checked.table
    if is_published(checked.connection, name, table.name):
        return
    row = checked.connection.execute(_PARTITIONED, tuple(table.name)).fetchone()
    partitioned, partition = row if row is not None else (False, False)
    found = checked.connection.execute(_PUBLICATION, (name,)).fetchone()
    via_root = found is not None and found[3]
    alter = f"ALTER PUBLICATION {_quoted(name)}"
    hint = f"{alter} ADD TABLE {table.table}, or remove it from [[tables]]"
    if partitioned and not via_root:
        hint = f"{alter} SET (publish_via_partition_root = true)"
    elif partition and via_root:
        hint = "use its partitioned table instead: changes are published under that name"
    raise SettingFailure(
        f"{checked.place}.table: publication {name} does not publish {table.table}"
        + (" as a whole, only its partitions" if partitioned else ""),
        hint=hint,
    )


def is_published(
    connection: Connection[tuple[Any, ...]], publication: str, table: TableName
) -> bool:
    """Return whether a publication carries the changes of a table under its name."""
    carried = connection.execute(_TABLES, (publication,)).fetchall()
    return tuple(table) in carried


def publications(connection: Connection[tuple[Any, ...]]) -> str:
    """Return the publications of the database, as a list for people."""
    names = connection.execute("SELECT pubname::text FROM pg_publication ORDER BY 1")
    return ", ".join(name for (name,) in names) or "none"


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
