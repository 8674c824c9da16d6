"""Checks that the tables have the columns that pipeline.toml names."""

from cdc_perf.errors import SettingFailure
from cdc_perf.settings.names import nearest
from cdc_perf.stack.checks.checked_table import CheckedTable
from cdc_perf.stack.checks.collecting import raise_all


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
