"""Settings of the database that make Debezium read values wrongly.

pgoutput sends what PostgreSQL prints in the connector's session. Debezium's driver sets the date
style and the time zone there; these settings it leaves as the database or the role has them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.table_columns import TableColumn, table_columns


@dataclass(frozen=True)
class _Rule:
    """What a setting must be for columns of some types.

    Attributes:
        types: The types, and those of arrays' elements.
        is_fine: Whether a value of the setting is.
        otherwise: What happens if it is not.
    """

    types: frozenset[str]
    is_fine: Callable[[str], bool]
    otherwise: str


_RULES: Mapping[str, _Rule] = {
    "bytea_output": _Rule(
        frozenset(("bytea",)),
        lambda value: value == "hex",
        "Debezium takes each value for hexadecimal digits: its task fails, or other bytes arrive",
    ),
    "IntervalStyle": _Rule(
        frozenset(("interval",)),
        lambda value: value == "postgres",
        "Debezium reads other intervals than those that were written",
    ),
    "extra_float_digits": _Rule(
        frozenset(("float4", "float8")),
        lambda value: int(value) > 0,
        "the last digits of floating-point numbers are lost",
    ),
}


def expect_printing(connection: Connection[tuple[Any, ...]], pipeline: Pipeline) -> None:
    """Return if values are printed so that Debezium reads them.

    What is asked for is the default of the connection's own role in the pipeline's database.

    Raises:
        StackFailure: A table has a column whose values would arrive wrongly.
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
            f"{table}: the database sets {setting} = {value}, and {column.name} is of type "
            f"{column.declared}: {rule.otherwise}",
            hint=f"ALTER DATABASE ... RESET {setting}, or ALTER ROLE ... RESET {setting}",
        )
