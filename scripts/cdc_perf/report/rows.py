"""The table of a run's scenarios, in any format."""

from cdc_perf.errors import ExitCode
from cdc_perf.reasons.figures import figure
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.runs.row import LATENCY, LATENCY_STATS, Row
from cdc_perf.verdict.verdict import Verdict

NOTHING = "-"

# Each column's name and alignment.
COLUMNS = {
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
_CAUSES = {
    ExitCode.INTERRUPTED: " (interrupted)",
    ExitCode.LOAD: " (k6 broke)",
    ExitCode.STACK: " (stack gone)",
}


def word(verdict: Verdict, code: ExitCode) -> str:
    """Return the verdict, with the exit code's extra meaning in parentheses."""
    return f"{verdict}{_CAUSES.get(code, '')}"


def cells(row: Row) -> list[str]:
    """Return the text of each column."""
    verdict = row.verdict
    held = sum(result.ok is True for result in verdict.thresholds)
    return [
        printable(verdict.scenario),
        word(verdict.verdict, verdict.exit_code),
        *_figures(row.summary),
        f"{held}/{len(verdict.thresholds)}" if verdict.thresholds else NOTHING,
    ]


def printable(text: str) -> str:
    """Return `text` without control characters: quoted logs may contain escape sequences."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _figures(summary: Summary | NoSummary) -> list[str]:
    """Return iterations, rate, percentiles, their samples, failed iterations, and dropped ones."""
    if isinstance(summary, NoSummary):
        return [NOTHING] * 6
    samples = summary.samples(LATENCY)
    percentiles = [summary.observed(LATENCY, stat) for stat in LATENCY_STATS.values()]
    return [
        _figure(summary.observed("iterations", "count")),
        _rate(summary.observed("iterations", "rate")),
        " / ".join(map(_figure, percentiles)) if samples else NOTHING,
        f"{samples:,}",
        # Each iteration records a success or failure: a failed write, a timeout, a wrong document.
        _figure(summary.observed("cdc_success_rate", "fails")),
        # Iterations that the arrival rate required while no virtual user was free.
        _figure(summary.observed("dropped_iterations", "count")),
    ]


def _rate(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.1f}"


def _figure(value: float | None) -> str:
    return NOTHING if value is None else figure(value)
