"""Thresholds on the stack's gauges, which the harness samples and k6 does not know."""

from collections.abc import Sequence
from statistics import fmean, quantiles

import msgspec

from cdc_perf.errors import ExitCode
from cdc_perf.settings.expressions import GROWTH
from cdc_perf.settings.metrics import CONSUMER_LAG, Source, of_jvm
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stats.growth import growth
from cdc_perf.verdict.figures import figure, limit_figure
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate
from cdc_perf.verdict.lag_recovery import LAG_RECOVERY, judge_recovery
from cdc_perf.verdict.points import StackMetrics
from cdc_perf.verdict.records import ThresholdResult
from cdc_perf.verdict.threshold_result import broken_limit, result_of, too_few

_LEAST_SAMPLED = 0.9


def judge_stack_threshold(threshold: Threshold, seen: StackMetrics) -> ThresholdResult:
    """Return whether a threshold on the stack holds; `ok` is null if unknown."""
    if threshold.metric == LAG_RECOVERY:
        return judge_recovery(threshold, seen)
    values = [value for _, value in seen.samples(threshold)]
    samples = len(values)
    if not samples:
        remedy = "see that the component answers"
        if of_jvm(threshold.metric):
            remedy = "only the embedded stack knows it; remove the threshold, or judge it there"
        reason = f"{threshold.metric} was not sampled: {remedy}"
        return result_of(threshold, None, 0, ok=None, reason=reason)
    if samples < threshold.samples_needed:
        reason = too_few(threshold, samples, seen.series.seconds * 1000)
        return result_of(threshold, None, samples, ok=None, reason=reason)
    if threshold.stat == GROWTH:
        return _judge_growth(threshold, seen)
    observed = _observed(threshold.stat, values)
    holds = threshold.holds(observed)
    reason = "" if holds else broken_limit(threshold, observed, samples)
    return result_of(threshold, observed, samples, ok=holds, reason=reason)


def stack_samples_gate(thresholds: Sequence[Threshold], seen: StackMetrics) -> Gate | None:
    """Check that each metric with a threshold was sampled throughout; None if there is none."""
    sampled = {
        CONSUMER_LAG if threshold.metric == LAG_RECOVERY else threshold.metric: None
        for threshold in thresholds
        if threshold.kind.source is Source.STACK
    }
    if not sampled:
        return None
    due = int(seen.series.seconds)
    counts = {metric: len(seen.series.within(metric)) for metric in sampled}
    name, limit = "stack_samples", f"a sample of each metric in {_LEAST_SAMPLED:.0%} of the seconds"
    observed = f"at least {min(counts.values()):,} of each in {due:,} s"
    missing = {metric: count for metric, count in counts.items() if count < _LEAST_SAMPLED * due}
    if not missing:
        return passed_gate(name, limit, observed)
    words = ", ".join(f"{metric} in {count:,}" for metric, count in missing.items())
    return failed_gate(
        name,
        limit,
        observed,
        code=ExitCode.NO_DATA,
        reason=f"of {due:,} seconds of load there are samples of {words}: "
        "see that the component answers, and that the machine is not starved",
    )


def _judge_growth(threshold: Threshold, seen: StackMetrics) -> ThresholdResult:
    """Judge both ends of the interval, because noise can give a slope without growth."""
    found = growth(seen.samples(threshold))
    if found.per_hour is None or found.interval is None:  # pragma: no cover - the caller checks
        raise ValueError(f"the growth of {found.samples} samples was asked for")
    low, high = (found.interval.low, found.interval.high)
    ends = {end is not None and threshold.holds(end) for end in (low, high)}
    ok = None if len(ends) > 1 else ends.pop()
    reason = ""
    if ok is False:
        reason = broken_limit(threshold, found.per_hour, found.samples)
    elif ok is None:
        between = " to ".join(figure(end or 0.0, threshold.unit) for end in (low, high))
        reason = (
            f"{threshold.metric} {threshold.stat} is {between} with 95 % confidence, which does "
            f"not tell whether {limit_figure(threshold.limit, threshold.unit)} is kept: "
            "run for longer"
        )
    result = result_of(threshold, found.per_hour, found.samples, ok=ok, reason=reason)
    return msgspec.structs.replace(result, interval=found.interval)


def _observed(stat: str, values: Sequence[float]) -> float:
    """Return a stat of at least one value; percentiles as k6's, linear between neighbors."""
    match stat:
        case "value":
            return values[-1]
        case "avg":
            return fmean(values)
        case "min":
            return min(values)
        case "max":
            return max(values)
        case _:
            percentiles = quantiles(values, n=100, method="inclusive")
            return percentiles[int(stat.removeprefix("p")) - 1]
