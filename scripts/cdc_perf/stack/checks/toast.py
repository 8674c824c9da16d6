"""Columns whose unchanged TOASTed values arrive as null under the default replica identity.

PostgreSQL does not log a TOASTed value that an update leaves unchanged. Debezium replaces such a
value with a placeholder. For most array types and a few others it has none and sends null, which
looks like a null that was written. With REPLICA IDENTITY FULL, the old row contains the value, and
Debezium takes it from there.

Which types have a placeholder was measured with Debezium 3.7 (docs/types.md); its source is
`UnchangedToastedReplicationMessageColumn` and `UnchangedToastedPlaceholder`.
"""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.checks.checked_table import CheckedTable
from cdc_perf.stack.checks.collecting import raise_all
from cdc_perf.stack.sent_types import is_sent
from cdc_perf.stack.table_columns import GeneratedColumn, TableColumn, table_columns

_ELEMENTS = frozenset(
    ("text", "varchar", "bpchar", "uuid", "int4", "int8", "json", "jsonb", "date", "bytea")
)
# Every other non-array type has a placeholder, is never that large, or is not sent at all.
_LARGE_WITHOUT_PLACEHOLDER = frozenset(("varbit", "bit", "path", "polygon"))
# PostgreSQL does not move an attribute out of line if it is no longer than its pointer.
# `toast_tuple_find_biggest_attribute`: MAXALIGN(TOAST_POINTER_SIZE)
_SMALLEST_TOASTED_BYTES = 24
_BIT_HEADER_BYTES = 8

_IDENTITY = """
    SELECT DISTINCT format('%%I.%%I', n.nspname, c.relname), c.relreplident
    FROM (SELECT %(table)s::regclass AS oid
          UNION SELECT relid FROM pg_partition_tree(%(table)s::regclass) WHERE isleaf) t
    JOIN pg_class c ON c.oid = t.oid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind <> 'p'
    ORDER BY 1
"""
_FULL = "f"


@dataclass(frozen=True)
class LostToast:
    """A table whose unchanged TOASTed values are lost.

    Attributes:
        table: The table or partition, quoted as SQL writes it.
        columns: The affected columns: `vals numeric[]`.
    """

    table: str
    columns: tuple[str, ...]

    @property
    def remedy(self) -> str:
        """The SQL statement that fixes it."""
        return f"ALTER TABLE {self.table} REPLICA IDENTITY FULL"

    def __str__(self) -> str:
        """Return the problem as a sentence."""
        return (
            f"{self.table}: an update that does not change a large {', '.join(self.columns)} "
            "sends null for it: Debezium has no placeholder for an unchanged TOASTed value of "
            "that type"
        )


def expect_whole_updates(checked: CheckedTable) -> None:
    """Return if the table does not lose unchanged TOASTed values.

    Raises:
        StackFailure: It does; the hint is the SQL statement that fixes it.
    """
    lost = lost_toast(checked.connection, checked.table.table)
    raise_all([StackFailure(str(each), hint=each.remedy) for each in lost])


def every_lost_toast(
    connection: Connection[tuple[Any, ...]], pipeline: Pipeline
) -> tuple[LostToast, ...]:
    """Return the results of `lost_toast` for every table of the pipeline."""
    return tuple(lost for table in pipeline.tables for lost in lost_toast(connection, table.table))


def lost_toast(connection: Connection[tuple[Any, ...]], table: str) -> tuple[LostToast, ...]:
    """Return the table, or each of its partitions, that needs REPLICA IDENTITY FULL.

    Args:
        connection: Connection to the source database.
        table: The table, quoted as SQL writes it.

    Raises:
        psycopg.Error: There is no such table, or PostgreSQL does not answer.
    """
    columns = tuple(
        f"{column.name} {column.declared}"
        for column in table_columns(connection, table)
        if _without_placeholder(column)
    )
    if not columns:
        return ()
    identities = connection.execute(_IDENTITY, {"table": table}).fetchall()
    return tuple(LostToast(name, columns) for name, identity in identities if identity != _FULL)


def _without_placeholder(column: TableColumn) -> bool:
    if not column.toastable or column.generated is GeneratedColumn.VIRTUAL:
        return False
    if column.element:
        if not is_sent(column):
            return False
        # A domain over an array has no placeholder, whatever the elements.
        return column.is_domain or column.element not in _ELEMENTS
    if column.type not in _LARGE_WITHOUT_PLACEHOLDER:
        return False
    if column.type in ("bit", "varbit") and column.modifier >= 0:
        return _BIT_HEADER_BYTES + (column.modifier + 7) // 8 > _SMALLEST_TOASTED_BYTES
    return True
