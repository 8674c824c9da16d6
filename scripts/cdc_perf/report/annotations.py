"""Annotations that GitHub shows next to a pull request's files and on the run's page.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Mapping, Sequence

from cdc_perf.report.rows import printable, scenario_word
from cdc_perf.runs.row import Row
from cdc_perf.verdict.verdict import Verdict

# GitHub shows ten errors of a step and silently drops the others.
_MOST = 10


def annotations(rows: Sequence[Row], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return a workflow command for each reason of each scenario that is not PASS.

    Args:
        rows: The scenarios of a run, in order.
        environment: The process's environment; the result is empty outside of GitHub Actions.
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        return ()
    found = [
        f"::error title={_property(_title(row))}::{_data(reason.text)}"
        for row in rows
        if row.verdict.verdict is not Verdict.PASS
        for reason in row.verdict.reasons
    ]
    if len(found) <= _MOST:
        return tuple(found)
    left = len(found) - _MOST + 1
    return (*found[: _MOST - 1], f"::error title=More::{left:,} more reasons: see the summary")


def _title(row: Row) -> str:
    return f"{row.verdict.scenario}: {scenario_word(row.verdict)}"


def _data(text: str) -> str:
    # Without control characters, no newline is left that would end the command.
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
