"""Gates on k6 itself: its exit code, its thresholds, its points."""

from collections.abc import Sequence
from math import isclose
from signal import Signals

from cdc_perf.errors import ExitCode
from cdc_perf.results.points.statistics import Statistics
from cdc_perf.results.summary import Metric, NoSummary, Summary, SummaryType
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate, unknown_gate
from cdc_perf.verdict.points import PointsSummary
from cdc_perf.wording import counted

_THRESHOLDS_FAILED = 99
_INTERRUPTED = 105
_MARKED_AS_FAILED = 110
CAME_TO_ITS_END = (0, _THRESHOLDS_FAILED)

# https://github.com/grafana/k6/blob/v1.8.1/errext/exitcodes/codes.go; 255 is the CLI's own.
_BROKEN = {
    97: "its cloud test failed",
    98: "it lost its cloud test",
    100: "setup took too long",
    101: "teardown took too long",
    102: "it ran into a time-out",
    103: "it was stopped over its REST interface",
    104: "its options are wrong",
    106: "its REST interface could not be started",
    107: "the script threw an exception outside an iteration",
    108: "the script aborted the test",
    109: "it crashed",
    _MARKED_AS_FAILED: "the script marked the run as failed",
    255: "it was started with a bad flag or a missing file",
}
# Sums of the same numbers differ by this much if the order differs.
_SAME = 1e-9
_MOST_FAULTS = 5


def k6_exit_gate(scenario: str, k6_exit: int, summary: Summary | NoSummary) -> Gate:
    """Check that k6 finished, and that its exit code matches its own thresholds.

    The health check marks its run as failed if a check fails; `checks_gate` then judges it.

    Args:
        scenario: The scenario's name.
        k6_exit: The exit code; -N if signal N killed the process.
        summary: k6's summary.
    """
    name, limit = "k6_exit", "0, or 99 with a broken threshold"
    observed = str(k6_exit)
    if k6_exit == _INTERRUPTED:
        return failed_gate(
            name,
            limit,
            observed,
            code=ExitCode.INTERRUPTED,
            reason="interrupted: what was measured until then is kept",
        )
    if k6_exit == _MARKED_AS_FAILED and scenario == HEALTH_CHECK and _a_check_failed(summary):
        return passed_gate(name, limit, f"{observed}, for a failed check")
    if k6_exit not in CAME_TO_ITS_END:
        return failed_gate(
            name,
            limit,
            observed,
            code=ExitCode.LOAD,
            reason=f"k6 broke: {_why(k6_exit)}; the end of its log says more",
        )
    if isinstance(summary, NoSummary):
        return unknown_gate(name, limit, observed)
    broken = _broken_thresholds(summary)
    if k6_exit == 0 and broken:
        reason = f"k6 exited 0 although it found broken: {', '.join(broken)}"
    elif k6_exit == _THRESHOLDS_FAILED and not broken:
        reason = "k6 exited 99, for a broken threshold, but its summary shows none"
    else:
        return passed_gate(name, limit, observed)
    return failed_gate(name, limit, observed, code=ExitCode.INVALID, reason=reason)


def _a_check_failed(summary: Summary | NoSummary) -> bool:
    return isinstance(summary, Summary) and any(check.fails for check in summary.checks)


def _broken_thresholds(summary: Summary) -> list[str]:
    return [
        f"{metric} {expression}"
        for metric, content in summary.metrics.items()
        for expression, ok in content.thresholds.items()
        if not ok
    ]


def _why(k6_exit: int) -> str:
    if k6_exit >= 0:
        return f"{_BROKEN.get(k6_exit, 'for a reason unknown')} (exit {k6_exit})"
    known = {signal.value: signal.name for signal in Signals}
    return f"it was killed by {known.get(-k6_exit, f'signal {-k6_exit}')}"


def thresholds_agree_gate(thresholds: Sequence[Threshold], summary: Summary | NoSummary) -> Gate:
    """Check that k6 judged the same thresholds as the harness, with the same results."""
    name, limit = "thresholds_agree", "k6 finds the same of every limit"
    if isinstance(summary, NoSummary):
        return unknown_gate(name, limit, "unknown")
    shared = [threshold for threshold in thresholds if threshold.in_k6]
    faults = [fault for threshold in shared if (fault := _disagreement(threshold, summary))]
    faults += _unknown_to_us(shared, summary)
    if not faults:
        return passed_gate(name, limit, f"the same of {len(shared)}")
    return failed_gate(
        name,
        limit,
        f"{len(faults)} that differ",
        code=ExitCode.INVALID,
        reason=f"k6 and this harness do not judge alike: {'; '.join(faults)}",
    )


def _disagreement(threshold: Threshold, summary: Summary) -> str:
    text = f"{threshold.k6_metric} {threshold.k6_expression}"
    metric = summary.metrics.get(threshold.k6_metric)
    theirs = metric.thresholds.get(threshold.k6_expression) if metric else None
    if theirs is None:
        return f"k6 did not judge {text}"
    observed = summary.observed(threshold.k6_metric, threshold.expression.k6_stat)
    if observed is None or summary.samples(threshold.k6_metric) == 0:
        # k6 judges an empty metric; the harness has no data for it.
        return ""
    ours = threshold.holds(observed)
    if ours == theirs:
        return ""
    words = {True: "holds", False: "is broken"}
    return (
        f"k6 finds that {text} {words[theirs]}, "
        f"but {threshold.expression.k6_stat} is {observed!r}, so that it {words[ours]}"
    )


def _unknown_to_us(thresholds: Sequence[Threshold], summary: Summary) -> list[str]:
    known = {(threshold.k6_metric, threshold.k6_expression) for threshold in thresholds}
    return [
        f"k6 judged {metric} {expression}, which thresholds.json does not set"
        for metric, content in summary.metrics.items()
        for expression in content.thresholds
        if (metric, expression) not in known
    ]


def points_gate(points: PointsSummary, summary: Summary | NoSummary) -> Gate:
    """Check that the raw points are complete, and as many as the summary counts.

    k6 only logs that its disk is full, and a killed k6 loses what it had not written yet.
    """
    name, limit = "points", "whole, and as many as in the summary"
    every = {name: found for name, found in points.statistics.items() if not found.tags}
    total = sum(found.count for found in every.values())
    observed = f"{counted(total, 'point')} of {counted(len(every), 'metric')}"
    if points.faults:
        return failed_gate(
            name, limit, observed, code=ExitCode.INVALID, reason="; ".join(points.faults)
        )
    if isinstance(summary, NoSummary):
        return unknown_gate(name, limit, observed)
    faults = [
        fault
        for metric, content in summary.metrics.items()
        for fault in _differences(metric, content, points.statistics.get(metric))
    ]
    faults += [
        f"{metric} is not in the summary"
        for metric in sorted(every.keys() - summary.metrics.keys())
    ]
    if not faults:
        return passed_gate(name, limit, observed)
    more = f" and {len(faults) - _MOST_FAULTS} more" if len(faults) > _MOST_FAULTS else ""
    return failed_gate(
        name,
        limit,
        observed,
        code=ExitCode.INVALID,
        reason=(
            f"k6's summary and its raw points differ: {'; '.join(faults[:_MOST_FAULTS])}{more}; "
            "see that the disk has room and the end of k6's log"
        ),
    )


def _differences(name: str, metric: Metric, found: Statistics | None) -> list[str]:
    return [
        f"{name} has {summed:,.15g} {what} in the summary and {seen:,.15g} in the points"
        for what, summed, seen in _compared(metric, found)
        if not isclose(summed, seen, rel_tol=_SAME)
    ]


def _compared(metric: Metric, found: Statistics | None) -> list[tuple[str, float, float]]:
    """Return for each figure its name, the summary's value, and the points' value."""
    values = {stat: value or 0.0 for stat, value in metric.values.items()}
    match metric.type:
        case SummaryType.TREND:
            return [("samples", values.get("count", 0.0), found.count if found else 0)]
        case SummaryType.RATE:
            return [
                ("passes", values.get("passes", 0.0), (found.passes or 0) if found else 0),
                ("fails", values.get("fails", 0.0), (found.fails or 0) if found else 0),
            ]
        case SummaryType.COUNTER:
            return [("as its sum", values.get("count", 0.0), found.total if found else 0.0)]
        case SummaryType.GAUGE:
            # The summary does not contain how often it was set.
            return []
