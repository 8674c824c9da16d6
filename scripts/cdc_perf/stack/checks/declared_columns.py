"""Checks that the tables have the columns that pipeline.toml names, and that documents can."""

from collections.abc import Iterable

from cdc_perf.errors import SettingFailure
from cdc_perf.settings.names import nearest
from cdc_perf.stack.checks.checked_table import CheckedTable
from cdc_perf.stack.checks.collecting import raise_all

# Fields of every document that cdc-consumer writes.
_TAKEN = frozenset(("_id", "_cdc"))
# With one of these, it is unknown which columns an event has.
_COLUMN_LISTS = ("column.exclude.list", "column.include.list")


def unfit_fields(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns whose events cdc-consumer rejects: a document cannot have such a field.

    MongoDB reads a dot in an update as a path and a leading dollar sign as an operator.
    """
    return tuple(name for name in columns if name in _TAKEN or "." in name or name[0] == "$")


def why_unfit(table: str, columns: Iterable[str]) -> str:
    """Return what is wrong with the columns that `unfit_fields` returned."""
    return f"{table}: cdc-consumer rejects rows with a column {', '.join(columns)}"


def expect_fields(checked: CheckedTable) -> None:
    """Return if a document of cdc-consumer can have the table's columns.

    Raises:
        StackFailure: It cannot.
    """
    pipeline = checked.pipeline
    if pipeline.consumer is None or any(x in pipeline.connector.config for x in _COLUMN_LISTS):
        return
    unfit = unfit_fields(each.name for each in checked.columns)
    if unfit:
        raise SettingFailure(
            f"{checked.place}.table: {why_unfit(checked.table.table, unfit)}",
            hint="rename it, or exclude it with column.exclude.list in [connector.config]",
        )


def expect_declared(checked: CheckedTable) -> None:
    """Return if the table has the columns that pipeline.toml renames or leaves out.

    Raises:
        StackFailure: It lacks some.
    """
    table, there = checked.table, tuple(each.name for each in checked.columns)
    failures = [
        SettingFailure(
            f"{checked.place}.{setting}: {table.table} has no column {name}",
            hint=nearest(name, there),
        )
        for setting, names in (("columns", table.columns), ("not_compared", table.not_compared))
        for name in names
        if name not in there
    ]
    raise_all(failures)
