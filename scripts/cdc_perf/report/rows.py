"""The table of a run's scenarios, in any format."""

from cdc_perf.errors import ExitCode
from cdc_perf.reasons.figures import figure
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.runs.row import LATENCY, LATENCY_STATS, Row
from cdc_perf.verdict.records import ScenarioVerdict
from cdc_perf.verdict.verdict import Verdict

NOTHING = "-"
NOT_RUN = "NOT RUN"

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
    ExitCode.LOAD: " (k6 failed)",
    ExitCode.STACK: " (stack unavailable)",
}


def word(verdict: Verdict, code: ExitCode) -> str:
    """Return the verdict, with the exit code's extra meaning in parentheses."""
    return f"{verdict}{_CAUSES.get(code, '')}"


def did_not_start(verdict: ScenarioVerdict) -> bool:
    """Return whether an interruption, k6, or the stack kept a scenario from starting.

    Every judged scenario has gates. NO-DATA without gates means that its files do not say whether
    it started.
    """
    return not verdict.gates and verdict.exit_code in _CAUSES


def scenario_word(verdict: ScenarioVerdict) -> str:
    """Return the verdict on a scenario like `word`; NOT RUN if it did not start."""
    if did_not_start(verdict):
        return NOT_RUN
    return word(verdict.verdict, verdict.exit_code)


def cells(row: Row) -> list[str]:
    """Return the text of each column."""
    verdict = row.verdict
    held = sum(result.ok is True for result in verdict.thresholds)
    return [
        printable(verdict.scenario),
        scenario_word(verdict),
        *_figures(row.summary),
        f"{held}/{len(verdict.thresholds)}" if verdict.thresholds else NOTHING,
    ]


def printable(text: str) -> str:
    """Return `text` without control characters: quoted logs may contain escape sequences."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _figures(summary: Summary | NoSummary) -> list[str]:
    """Return iterations, rate, percentiles, their samples, failed iterations, and dropped ones."""
    if isinstance(summary, NoSummary) or not summary.metrics:
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
