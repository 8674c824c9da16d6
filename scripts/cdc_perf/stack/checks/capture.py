"""The requirements on tables, keys, and database settings for change capture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.checks.tables import expect_tables
from cdc_perf.stack.checks.toast import expect_whole_updates
from cdc_perf.stack.row_id import identity
from cdc_perf.stack.table_columns import TableColumn, table_columns

# The first version with row filters and column lists of publications, and with the catalog columns
# that the checks and the comparison read.
OLDEST = 15


@dataclass(frozen=True)
class _Rule:
    """The required value of a setting for columns of some types.

    Attributes:
        types: The types, which may also be element types of arrays.
        is_fine: Returns whether a value of the setting is valid.
        otherwise: What happens if it is invalid.
    """

    types: frozenset[str]
    is_fine: Callable[[str], bool]
    otherwise: str


_RULES: Mapping[str, _Rule] = {
    "bytea_output": _Rule(
        frozenset(("bytea",)),
        lambda value: value == "hex",
        "Debezium parses each value as hexadecimal: its task fails, or wrong bytes arrive",
    ),
    "IntervalStyle": _Rule(
        frozenset(("interval",)),
        lambda value: value == "postgres",
        "Debezium reads wrong intervals",
    ),
    "extra_float_digits": _Rule(
        frozenset(("float4", "float8")),
        lambda value: int(value) > 0,
        "the last digits of floating-point numbers are lost",
    ),
}


def expect_printing(connection: Connection[tuple[Any, ...]], pipeline: Pipeline) -> None:
    """Return if PostgreSQL prints values in a form that Debezium reads correctly.

    It checks the defaults of the connection's own role in the pipeline's database.

    Raises:
        StackFailure: A table has a column whose values would arrive wrong.
    """
    wrong = {}
    for setting, rule in _RULES.items():
        row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
        if row is not None and not rule.is_fine(row[0]):
            wrong[setting] = row[0]
    if not wrong:
        return
    for table in pipeline.tables:
        for column in table_columns(connection, table.table):
            for setting, value in wrong.items():
                _expect(table.table, column, setting, value)


def _expect(table: str, column: TableColumn, setting: str, value: str) -> None:
    rule = _RULES[setting]
    if (column.element or column.type) in rule.types:
        raise StackFailure(
            f"{table}: the database sets {setting} = {value}, and {column.name} has the type "
            f"{column.declared}: {rule.otherwise}",
            hint=f"ALTER DATABASE ... RESET {setting}, or ALTER ROLE ... RESET {setting}",
        )


def expect_version(connection: Connection[tuple[Any, ...]], _pipeline: Pipeline) -> None:
    """Return if PostgreSQL is new enough.

    Raises:
        StackFailure: It is too old.
    """
    version = connection.info.server_version
    if version < OLDEST * 10_000:
        raise StackFailure(
            f"PostgreSQL {version // 10_000} is not supported",
            hint=f"use PostgreSQL {OLDEST} or newer",
        )


def expect_keys(connection: Connection[tuple[Any, ...]], pipeline: Pipeline) -> None:
    """Return if the `_id` of each table's rows can be derived from its key.

    Raises:
        StackFailure: A key column has an unsupported type.
    """
    for table in pipeline.tables:
        columns = table_columns(connection, table.table)
        identity(table, {column.name: column for column in columns})


Check = Callable[[Connection[tuple[Any, ...]], Pipeline], None]
# In this order: a check may rely on the earlier ones.
ANY_SOURCE: tuple[Check, ...] = (expect_version, expect_tables, expect_keys, expect_printing)
# Users can change the schema of a stack that the harness starts.
OWN_SOURCE: tuple[Check, ...] = (*ANY_SOURCE, expect_whole_updates)


def expect_capturable(
    connection: Connection[tuple[Any, ...]], pipeline: Pipeline, checks: tuple[Check, ...]
) -> None:
    """Return if the pipeline's tables can be captured.

    Raises:
        StackFailure: The first problem.
    """
    for check in checks:
        check(connection, pipeline)
