"""The summary of a run on the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from scripts.errors import ExitCode
from scripts.results.summary import NoSummary, Summary
from scripts.verdict.figures import figure
from scripts.verdict.records import RunVerdict, ScenarioVerdict
from scripts.verdict.verdict import Verdict

_LATENCY = "cdc_e2e_latency{phase:steady}"
_LATENCY_STATS = ("p(50)", "p(95)", "p(99)")
_NOTHING = "-"

_COLUMNS = {
    "scenario": "left",
    "verdict": "left",
    "iterations": "right",
    "rate/s": "right",
    "e2e p50/p95/p99 ms": "right",
    "samples": "right",
    "errors": "right",
    "dropped": "right",
    "thresholds": "right",
}
_COLOURS = {
    Verdict.PASS: "\x1b[32m",
    Verdict.FAIL: "\x1b[31m",
    Verdict.NO_DATA: "\x1b[33m",
    Verdict.INVALID: "\x1b[35m",
}
_PLAIN = "\x1b[0m"
_CAUSES = {
    ExitCode.INTERRUPTED: " (interrupted)",
    ExitCode.LOAD: " (k6 broke)",
    ExitCode.STACK: " (stack gone)",
}


@dataclass(frozen=True)
class Row:
    """What the table says of one scenario.

    Attributes:
        verdict: The verdict on it.
        summary: What k6 left.
    """

    verdict: ScenarioVerdict
    summary: Summary | NoSummary


def render(
    run: RunVerdict, rows: Sequence[Row], *, files: str, colour: bool, notes: Sequence[str] = ()
) -> str:
    """Return the summary of a run: a table, the reasons of all that is not PASS, the verdict.

    The last line is the run's verdict and exit code.

    Args:
        run: The verdict on the run.
        rows: Its scenarios, in order.
        files: The run's folder, as a person would type it.
        colour: Whether the terminal takes colours.
        notes: Sentences that belong beside the figures, such as that MongoDB is a stand-in.
    """
    blocks = [_table(rows, colour=colour)] if rows else []
    blocks.append("\n".join(_printable(line) for line in (f"files: {files}", *notes)))
    blocks += [
        _reasons(row.verdict, colour=colour)
        for row in rows
        if row.verdict.verdict is not Verdict.PASS
    ]
    # The run's own reasons, which no scenario has: that it was interrupted, or that it had none.
    told = {f"{row.verdict.scenario}: {reason}" for row in rows for reason in row.verdict.reasons}
    own = [_printable(reason) for reason in run.reasons if reason not in told]
    if own:
        blocks.append("\n".join(own))
    blocks.append(f"{_word(run.verdict, run.exit_code, colour=colour)}: exit {run.exit_code:d}")
    return "\n\n".join(blocks)


def as_typed(path: Path) -> str:
    """Return a path as a person would type it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _table(rows: Sequence[Row], *, colour: bool) -> str:
    return tabulate(
        [_cells(row, colour=colour) for row in rows],
        headers=list(_COLUMNS),
        tablefmt="simple",
        colalign=list(_COLUMNS.values()),
        # Every cell is text already: nothing may be read as a number and written anew.
        disable_numparse=True,
    )


def _cells(row: Row, *, colour: bool) -> list[str]:
    verdict, summary = row.verdict, row.summary
    held = sum(result.ok is True for result in verdict.thresholds)
    return [
        _printable(verdict.scenario),
        _word(verdict.verdict, verdict.exit_code, colour=colour),
        *_figures(summary),
        f"{held}/{len(verdict.thresholds)}" if verdict.thresholds else _NOTHING,
    ]


def _figures(summary: Summary | NoSummary) -> list[str]:
    """Return iterations, rate, percentiles, their samples, iterations failed and never begun."""
    if isinstance(summary, NoSummary):
        return [_NOTHING] * 6
    samples = summary.samples(_LATENCY)
    percentiles = [summary.observed(_LATENCY, stat) for stat in _LATENCY_STATS]
    return [
        _figure(summary.observed("iterations", "count")),
        _rate(summary.observed("iterations", "rate")),
        " / ".join(map(_figure, percentiles)) if samples else _NOTHING,
        f"{samples:,}",
        # Each iteration notes one success or failure: a failed write, a time-out, a wrong document.
        _figure(summary.observed("cdc_success_rate", "fails")),
        # Iterations that an arrival rate asked for and no virtual user was free to begin.
        _figure(summary.observed("dropped_iterations", "count")),
    ]


def _rate(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:,.1f}"


def _figure(value: float | None) -> str:
    return _NOTHING if value is None else figure(value)


def _reasons(verdict: ScenarioVerdict, *, colour: bool) -> str:
    word = _word(verdict.verdict, verdict.exit_code, colour=colour)
    lines = [f"{_printable(verdict.scenario)}: {word}"]
    lines += [f"  - {_printable(reason)}" for reason in verdict.reasons]
    return "\n".join(lines)


def _word(verdict: Verdict, code: ExitCode, *, colour: bool) -> str:
    word = f"{verdict}{_CAUSES.get(code, '')}"
    return f"{_COLOURS[verdict]}{word}{_PLAIN}" if colour else word


def _printable(text: str) -> str:
    """Return `text` without control characters: logs are quoted, and may carry escape sequences."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
