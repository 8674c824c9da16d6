"""k6's own thresholds and their outcomes: all are shown, and none holds without samples."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isclose, isfinite

from cdc_perf.reasons.figures import BYTES, figure_beside, limit_figure
from cdc_perf.report.html.figures import shown
from cdc_perf.report.html.threshold_rows import STATES, ThresholdRow, used_of
from cdc_perf.report.rows import NOTHING
from cdc_perf.results.foreign_summary import CHECKS, ForeignSummary
from cdc_perf.results.k6_expression import K6Expression, parse_k6_expression, percentile_of
from cdc_perf.results.points.declared import Declared
from cdc_perf.results.points.statistics import Statistics, parsed_k6_name
from cdc_perf.results.summary import Metric, NoSummary, Summary, SummaryType
from cdc_perf.runs.k6_threshold import K6Threshold
from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed
from cdc_perf.wording import counted

# k6 counts these by itself: without a sample, the count is 0.
_COUNTED_BY_K6 = ("iterations", "dropped_iterations", "http_reqs", "data_sent", "data_received")
# k6 creates it in every test with requests, with or without a threshold.
_ALWAYS_THERE = "http_req_duration{expected_response:true}"
_UNITS = {"time": "ms", "data": BYTES}
_ORDER = (False, None, True)
_LONGEST = 30


@dataclass(frozen=True)
class K6Data:
    """The data of a test.

    Attributes:
        summary: Its summary, completed from the points; or why there is none.
        statistics: By metric or sub-metric, the statistics of its points; None if it has no point.
        declared: k6's declaration of each metric.
        complete: Whether all points could be read.
        units: The units of this project's metrics, by name.
    """

    summary: Summary | NoSummary
    statistics: Mapping[str, Statistics | None]
    declared: Mapping[str, Declared]
    complete: bool
    units: Mapping[str, str]


def k6_thresholds(material: K6Data) -> tuple[K6Threshold, ...]:
    """Return every threshold in either file: broken ones first, those that hold last."""
    return tuple(sorted(_all(material), key=lambda each: _ORDER.index(each.ok)))


def verdict_of_k6(thresholds: Iterable[K6Threshold]) -> str:
    """Return how many are broken, hold, and are unknown; empty if there are none."""
    states = [each.ok for each in thresholds]
    if not states:
        return ""
    counts = [
        f"{states.count(ok)} {word}"
        for ok, word in ((False, "broken"), (True, "hold"), (None, "unknown"))
        if states.count(ok)
    ]
    return f"k6's own thresholds ({len(states)}): {', '.join(counts)}."


def unknown_thresholds(thresholds: Iterable[K6Threshold]) -> list[str]:
    """Return which are unknown and why, in at most one sentence."""
    unknown = [f"{each.name} ({each.reason})" for each in thresholds if each.ok is None]
    if not unknown:
        return []
    more = f" and {len(unknown) - _LONGEST} more" if len(unknown) > _LONGEST else ""
    what = counted(len(unknown), "k6 threshold is", "k6 thresholds are")
    return [f"{what} unknown: {'; '.join(unknown[:_LONGEST])}{more}"]


def unit_of(metric: str, found: Metric, stat: str, units: Mapping[str, str]) -> str:
    """Return the unit of a stat, from k6's kind of value or from this project's metrics."""
    base = _UNITS.get(found.contains) or units.get(parsed_k6_name(metric)[0], "")
    match found.type, stat:
        case (SummaryType.TREND, "count") | (SummaryType.RATE, _):
            return ""
        case (SummaryType.COUNTER, "rate"):
            return f"{base}/s"
    return base


def k6_threshold_row(threshold: K6Threshold) -> ThresholdRow:
    """Return a threshold as a row; one that cannot be parsed is shown as spelled."""
    expression, unit = threshold.expression, threshold.unit
    samples, observed = threshold.samples, threshold.observed
    few = samples is not None and samples < threshold.needed
    count = NOTHING if samples is None else f"{samples:,}"
    if expression is None:
        name, limit = threshold.metric, threshold.source or "not recorded"
    else:
        name = f"{threshold.metric} {expression.stat}"
        sign = {"<=": "≤", ">=": "≥"}.get(expression.operator, expression.operator)
        limit = f"{sign} {_limit(expression.limit, unit)}"
    figure = shown(observed, unit)
    if observed is not None and expression is not None and isfinite(expression.limit):
        figure = figure_beside(observed, expression.limit, unit)
    return ThresholdRow(
        name=name,
        limit=limit,
        observed=figure,
        samples=count + (f" of {threshold.needed:,}" if few else ""),
        interval=NOTHING,
        margin=NOTHING,
        state=STATES[threshold.ok],
        used=None
        if expression is None
        else used_of(expression.operator, expression.stat, expression.limit, observed),
        used_low=None,
        used_high=None,
    )


def _limit(limit: float, unit: str) -> str:
    return limit_figure(limit, unit) if isfinite(limit) else f"{limit} {unit}".strip()


def _all(material: K6Data) -> Iterator[K6Threshold]:
    summary = material.summary
    metrics = {} if isinstance(summary, NoSummary) else summary.metrics
    seen = set()
    for name, metric in metrics.items():
        for source, ok in metric.thresholds.items():
            seen.add((name, source))
            yield _recorded(material, name, metric, source, ok=ok)
    if isinstance(summary, ForeignSummary):
        for name, source in summary.unclear:
            seen.add((name, source))
            yield _unrecorded(
                material, name, source, "its outcome in the summary is neither true nor false"
            )
    for name, declared in material.declared.items():
        for source in declared.thresholds:
            if (name, source) not in seen:
                yield _unrecorded(material, name, source, "no summary has its outcome")
    if isinstance(summary, NoSummary) or (
        isinstance(summary, ForeignSummary) and not summary.judged
    ):
        for name in _limited(material, metrics):
            reason = "its expression and outcome are in neither file"
            yield _unrecorded(material, name, "", reason)


def _limited(material: K6Data, metrics: Mapping[str, Metric]) -> Iterator[str]:
    """Yield the metrics that must have a threshold, because k6 would not list them otherwise.

    k6 creates sub-metrics only for thresholds, and lists a metric without a sample only if it has
    a threshold.
    """
    declared = (name for found in material.declared.values() for name in found.submetrics)
    named = dict.fromkeys([*declared, *(name for name in metrics if "{" in name)])
    named.pop(_ALWAYS_THERE, None)
    yield from named
    parents = {parsed_k6_name(name)[0] for name in named}
    for name in metrics:
        known = "{" in name or name in material.declared or name in parents
        if not known and name != CHECKS:
            yield name


def _recorded(material: K6Data, name: str, metric: Metric, source: str, *, ok: bool) -> K6Threshold:
    """Return a threshold whose outcome is in the summary."""
    threshold = _observed(material, name, metric, source)
    if not ok:
        return replace(threshold, ok=False)
    if threshold.samples == 0 and name not in _COUNTED_BY_K6:
        return replace(threshold, reason="no samples")
    expression = threshold.expression
    if expression is not None and metric.values.get(expression.method, 0) is None:
        return replace(threshold, reason="the summary has no number for it")
    return replace(threshold, ok=True)


def _unrecorded(material: K6Data, name: str, source: str, reason: str) -> K6Threshold:
    """Return a threshold whose outcome is in no file: broken if the samples show it."""
    metrics = {} if isinstance(material.summary, NoSummary) else material.summary.metrics
    metric = metrics.get(name) or _of_points(material, name)
    if metric is None:
        return K6Threshold(name, source, None, reason=reason)
    threshold = _observed(material, name, metric, source)
    expression, observed = threshold.expression, threshold.observed
    if expression is None or observed is None or not threshold.samples:
        return replace(threshold, reason=reason)
    # The time over which k6 computes a counter's rate is not known exactly, and a percentile or a
    # mean may differ by rounding.
    exact = (metric.type, expression.method) != (SummaryType.COUNTER, "rate")
    if expression.method in {"p", "med", "avg"}:
        exact = not isclose(observed, expression.limit, rel_tol=1e-9)
    if exact and not expression.holds(observed):
        return replace(threshold, ok=False)
    return replace(threshold, reason=reason)


def _of_points(material: K6Data, name: str) -> Metric | None:
    """Return a metric that no summary has, from its points, except a gauge's last value."""
    found, declared = material.statistics.get(name), material.declared.get(parsed_k6_name(name)[0])
    if found is None or declared is None or declared.type is None:
        return None
    values: dict[str, float | None] = {}
    if declared.type is SummaryType.RATE and found.passes is not None:
        values = {"rate": found.passes / found.count}
    elif declared.type is SummaryType.COUNTER:
        values = {"count": found.total}
    # Figures of incomplete points differ from what k6 measured.
    return Metric(declared.type, declared.contains, values if material.complete else {})


def _observed(material: K6Data, name: str, metric: Metric, source: str) -> K6Threshold:
    """Return a threshold with its observed value, but without its outcome."""
    expression = parse_k6_expression(source)
    found = material.statistics.get(name)
    samples = _samples(material, name, metric)
    if expression is None:
        unit = unit_of(name, metric, "", material.units)
        return K6Threshold(name, source, None, samples=samples, unit=unit)
    empty = samples == 0 and metric.type is not SummaryType.COUNTER
    return K6Threshold(
        metric=name,
        source=source,
        ok=None,
        # k6 gives 0 for a metric without samples.
        observed=None
        if empty
        else _value_of(metric, found, expression, complete=material.complete),
        samples=samples,
        needed=_needed(metric, expression),
        unit=unit_of(name, metric, expression.method, material.units),
    )


def _value_of(
    metric: Metric, found: Statistics | None, expression: K6Expression, *, complete: bool
) -> float | None:
    """Return the observed value of a threshold, from the summary if it has it, else the points."""
    if expression.percentile is None:
        return metric.values.get(expression.method)
    for stat, value in metric.values.items():
        if percentile_of(stat) == expression.percentile:
            return value
    if found is None or not complete:
        return None
    return found.percentiles.get(f"p({expression.percentile!r})")


def _samples(material: K6Data, name: str, metric: Metric) -> int | None:
    """Return the number of samples; None if neither file has it."""
    found = material.statistics.get(name)
    points = 0 if found is None else found.count
    if material.complete:
        return points
    values = metric.values
    count = values.get("count") if metric.type is SummaryType.TREND else None
    if metric.type is SummaryType.RATE and None not in {values.get("passes"), values.get("fails")}:
        count = sum(values[stat] or 0 for stat in ("passes", "fails"))
    if count is not None:
        return int(count)
    # Only some points could be read; a trend's null means infinity.
    infinite = metric.type is SummaryType.TREND and None in values.values()
    return None if points or infinite or any(values.values()) else 0


def _needed(metric: Metric, expression: K6Expression) -> int:
    try:
        kind = MetricType(metric.type)
        return max(0, samples_needed(kind, expression.stat, expression.limit))
    except (ValueError, ZeroDivisionError, OverflowError):
        # A gauge, or a share of 0 or 1, for which no number of samples is enough.
        return 0
