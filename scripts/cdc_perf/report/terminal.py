"""The summary of a run for the terminal."""

from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from cdc_perf.errors import ExitCode
from cdc_perf.report.hops import hops_text
from cdc_perf.report.integrity_line import no_loss_lines
from cdc_perf.report.recoveries import recoveries_text
from cdc_perf.report.rows import COLUMNS, cells, printable, scenario_word, word
from cdc_perf.runs.row import Row
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict
from cdc_perf.verdict.verdict import Verdict

_COLORS = {
    Verdict.PASS: "\x1b[32m",
    Verdict.FAIL: "\x1b[31m",
    Verdict.NO_DATA: "\x1b[33m",
    Verdict.INVALID: "\x1b[35m",
}
_PLAIN = "\x1b[0m"


def render(
    run: RunVerdict,
    rows: Sequence[Row],
    *,
    files: str,
    color: bool,
    notes: Sequence[str] = (),
    last_runs: str = "",
) -> str:
    """Return the summary of a run: a table, the reasons of scenarios without PASS, the verdict.

    The last line is the run's verdict and exit code.

    Args:
        run: The verdict on the run.
        rows: Its scenarios, in order.
        files: The run's folder, as a user would type it.
        color: Whether the terminal supports colors.
        notes: Sentences to show with the results, such as that MongoDB is a stand-in.
        last_runs: What moved since the last comparable runs, from `last_runs_text`.
    """
    blocks = [_table(rows, color=color)] if rows else []
    # The hops of a scenario with faults are those of its outages.
    steady = {row.verdict.scenario: row for row in rows if not row.recoveries}
    if hops := hops_text(steady):
        blocks.append(hops)
    blocks += [text for row in rows if (text := recoveries_text(row.recoveries))]
    lines = (*no_loss_lines(row.verdict for row in rows), f"files: {files}", *notes)
    blocks.append("\n".join(printable(line) for line in lines))
    if last_runs:
        blocks.append(last_runs)
    blocks += [
        _reasons(row.verdict, color=color)
        for row in rows
        if row.verdict.verdict is not Verdict.PASS
    ]
    # Reasons of the run itself: it was interrupted, or it has no scenario.
    scenario_reasons = {
        f"{row.verdict.scenario}: {x.text}" for row in rows for x in row.verdict.reasons
    }
    own = [printable(reason.text) for reason in run.reasons if reason.text not in scenario_reasons]
    if own:
        blocks.append("\n".join(own))
    blocks.append(f"{_word(run.verdict, run.exit_code, color=color)}: exit {run.exit_code:d}")
    return "\n\n".join(blocks)


def as_typed(path: Path) -> str:
    """Return a path as a user would type it in the current directory."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _table(rows: Sequence[Row], *, color: bool) -> str:
    return tabulate(
        [_cells(row, color=color) for row in rows],
        headers=list(COLUMNS),
        tablefmt="simple",
        colalign=list(COLUMNS.values()),
        # Every cell is text already: tabulate must not parse and reformat numbers.
        disable_numparse=True,
    )


def _cells(row: Row, *, color: bool) -> list[str]:
    scenario, _, *figures = cells(row)
    verdict = _scenario(row.verdict, color=color)
    return [scenario, verdict, *figures]


def _reasons(verdict: ScenarioVerdict, *, color: bool) -> str:
    judged = _scenario(verdict, color=color)
    lines = [f"{printable(verdict.scenario)}: {judged}"]
    lines += [f"  - {printable(reason.text)}" for reason in verdict.reasons]
    return "\n".join(lines)


def _word(verdict: Verdict, code: ExitCode, *, color: bool) -> str:
    return _colored(word(verdict, code), verdict, color=color)


def _scenario(verdict: ScenarioVerdict, *, color: bool) -> str:
    return _colored(scenario_word(verdict), verdict.verdict, color=color)


def _colored(plain: str, verdict: Verdict, *, color: bool) -> str:
    return f"{_COLORS[verdict]}{plain}{_PLAIN}" if color else plain
