"""Gates on k6 itself: its exit code, its thresholds, its points."""

from collections.abc import Sequence
from math import isclose
from signal import Signals

from cdc_perf.errors import ExitCode
from cdc_perf.reasons import gates as reasons
from cdc_perf.reasons.reason import Reason
from cdc_perf.results.points.statistics import Statistics
from cdc_perf.results.summary import Metric, NoSummary, Summary, SummaryType
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate, unknown_gate
from cdc_perf.verdict.points import PointsSummary
from cdc_perf.wording import counted

_THRESHOLDS_FAILED = 99
STOPPED_BY_REST = 103
_INTERRUPTED = 105
_MARKED_AS_FAILED = 110
FINISHED_CODES = (0, _THRESHOLDS_FAILED)

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
    name, condition = "k6_exit", "0, or 99 with a broken threshold"
    observed = str(k6_exit)
    if k6_exit == _INTERRUPTED:
        return failed_gate(
            name,
            condition,
            observed,
            code=ExitCode.INTERRUPTED,
            reasons=[reasons.k6_interrupted()],
        )
    if k6_exit == _MARKED_AS_FAILED and scenario == HEALTH_CHECK and _a_check_failed(summary):
        return passed_gate(name, condition, f"{observed}, because of a failed check")
    if k6_exit not in FINISHED_CODES:
        return failed_gate(
            name,
            condition,
            observed,
            code=ExitCode.LOAD,
            reasons=[_failure(k6_exit)],
        )
    if isinstance(summary, NoSummary):
        return unknown_gate(name, condition, observed)
    broken = _broken_thresholds(summary)
    if k6_exit == 0 and broken:
        why = reasons.k6_exit_hides_broken_thresholds(broken=broken)
    elif k6_exit == _THRESHOLDS_FAILED and not broken:
        why = reasons.k6_exit_without_broken_threshold()
    else:
        return passed_gate(name, condition, observed)
    return failed_gate(name, condition, observed, code=ExitCode.INVALID, reasons=[why])


def _a_check_failed(summary: Summary | NoSummary) -> bool:
    return isinstance(summary, Summary) and any(check.fails for check in summary.checks)


def _broken_thresholds(summary: Summary) -> list[str]:
    return [
        f"{metric} {expression}"
        for metric, content in summary.metrics.items()
        for expression, ok in content.thresholds.items()
        if not ok
    ]


def _failure(k6_exit: int) -> Reason:
    if k6_exit >= 0:
        return reasons.k6_failed(exit_code=k6_exit)
    known = {signal.value: signal.name for signal in Signals}
    return reasons.k6_killed(signal=known.get(-k6_exit, f"signal {-k6_exit}"))


def thresholds_agree_gate(thresholds: Sequence[Threshold], summary: Summary | NoSummary) -> Gate:
    """Check that k6 judged the same thresholds as the harness, with the same results."""
    name, condition = "thresholds_agree", "k6 has the same result for every threshold"
    if isinstance(summary, NoSummary):
        return unknown_gate(name, condition, "unknown")
    shared = [threshold for threshold in thresholds if threshold.in_k6]
    found = [_disagreement(threshold, summary) for threshold in shared]
    faults = [*filter(None, found), *_unknown_to_us(shared, summary)]
    if not faults:
        return passed_gate(name, condition, f"the same for {len(shared)}")
    return failed_gate(
        name,
        condition,
        counted(len(faults), "difference"),
        code=ExitCode.INVALID,
        reasons=faults,
    )


def _disagreement(threshold: Threshold, summary: Summary) -> Reason | None:
    text = f"{threshold.k6_metric} {threshold.k6_expression}"
    metric = summary.metrics.get(threshold.k6_metric)
    theirs = metric.thresholds.get(threshold.k6_expression) if metric else None
    if theirs is None:
        return reasons.k6_did_not_judge(threshold=text)
    observed = summary.observed(threshold.k6_metric, threshold.expression.k6_stat)
    if observed is None or summary.samples(threshold.k6_metric) == 0:
        # k6 judges an empty metric; the harness has no data for it.
        return None
    ours = threshold.holds(observed)
    if ours == theirs:
        return None
    return reasons.k6_judged_differently(
        threshold=text, stat=threshold.expression.k6_stat, observed=observed, k6_holds=theirs
    )


def _unknown_to_us(thresholds: Sequence[Threshold], summary: Summary) -> list[Reason]:
    known = {(threshold.k6_metric, threshold.k6_expression) for threshold in thresholds}
    return [
        reasons.k6_judged_unknown_threshold(threshold=f"{metric} {expression}")
        for metric, content in summary.metrics.items()
        for expression in content.thresholds
        if (metric, expression) not in known
    ]


def points_gate(points: PointsSummary, summary: Summary | NoSummary) -> Gate:
    """Check that the raw points are complete, and as many as the summary counts.

    k6 only logs that its disk is full, and a killed k6 loses what it had not written yet.
    """
    name, condition = "points", "complete, and as many as in the summary"
    every = {name: found for name, found in points.statistics.items() if not found.tags}
    total = sum(found.count for found in every.values())
    observed = f"{counted(total, 'point')} of {counted(len(every), 'metric')}"
    if points.faults:
        return failed_gate(name, condition, observed, code=ExitCode.INVALID, reasons=points.faults)
    if isinstance(summary, NoSummary):
        return unknown_gate(name, condition, observed)
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
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.INVALID,
        reasons=[
            reasons.points_differ_from_summary(
                differences=faults[:_MOST_FAULTS], more=max(0, len(faults) - _MOST_FAULTS)
            )
        ],
    )


def _differences(name: str, metric: Metric, found: Statistics | None) -> list[str]:
    return [
        f"{what} of {name}: {summed:,.15g} in the summary, {seen:,.15g} in the points"
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
            return [("sum", values.get("count", 0.0), found.total if found else 0.0)]
        case SummaryType.GAUGE:
            # The summary does not contain how often it was set.
            return []
