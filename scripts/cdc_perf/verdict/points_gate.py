"""Whether k6's summary and its raw points are of the same samples."""

from math import isclose

from cdc_perf.errors import ExitCode
from cdc_perf.results.points.statistics import Statistics
from cdc_perf.results.summary import Metric, NoSummary, Summary, SummaryType
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate, unknown_gate
from cdc_perf.verdict.points import PointsSummary
from cdc_perf.wording import counted

# Sums of the same numbers in another order.
_SAME = 1e-9
_MOST_FAULTS = 5


def points_gate(points: PointsSummary, summary: Summary | NoSummary) -> Gate:
    """The raw points are whole, and as many as the summary counts.

    k6 only logs that its disk is full, and a killed k6 loses what it had not yet written.
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
    """Return what both know of a metric: its name, the summary's figure, that of the points."""
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
            # The summary does not tell how often it was set.
            return []
