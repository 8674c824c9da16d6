"""Thresholds on the stack's gauges, which the harness samples and k6 does not know."""

from collections.abc import Sequence
from statistics import fmean

from cdc_perf.errors import ExitCode
from cdc_perf.reasons import gates as gate_reasons
from cdc_perf.reasons import thresholds as reasons
from cdc_perf.reasons.reason import Reason
from cdc_perf.settings.expressions import GROWTH
from cdc_perf.settings.metrics import CONSUMER_LAG, Source, of_jvm
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stats.growth import growth
from cdc_perf.stats.percentiles import percentile
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate
from cdc_perf.verdict.lag_recovery import LAG_RECOVERY, judge_recovery
from cdc_perf.verdict.points import StackMetrics
from cdc_perf.verdict.threshold_result import (
    JudgedThreshold,
    broken_threshold,
    judge_value,
    result_of,
    too_few,
)

_LEAST_SAMPLED = 0.9


def judge_stack_threshold(threshold: Threshold, seen: StackMetrics) -> JudgedThreshold:
    """Return whether a threshold on the stack holds; `ok` is null if unknown."""
    if threshold.metric == LAG_RECOVERY:
        return judge_recovery(threshold, seen)
    values = [value for _, value in seen.samples(threshold)]
    samples = len(values)
    every = seen.commit_seconds(threshold.metric)
    if every is not None and samples < threshold.samples_needed:
        unknown = _unconfirmed(threshold, samples, every, seen.series.seconds)
        return result_of(threshold, None, samples, ok=None, reason=unknown)
    if not samples:
        unsampled = (
            reasons.jvm_metric_not_sampled
            if of_jvm(threshold.metric)
            else reasons.metric_not_sampled
        )
        why = unsampled(metric=threshold.metric)
        return result_of(threshold, None, 0, ok=None, reason=why)
    if samples < threshold.samples_needed:
        few = too_few(threshold, samples, seen.series.seconds * 1000)
        return result_of(threshold, None, samples, ok=None, reason=few)
    if threshold.stat == GROWTH:
        return _judge_growth(threshold, seen)
    return judge_value(threshold, _observed(threshold.stat, values), samples)


def _unconfirmed(threshold: Threshold, samples: int, every: float, seconds: float) -> Reason:
    """Return the reason for a threshold that has too few samples right after a commit.

    Args:
        threshold: The threshold.
        samples: Its samples.
        every: The seconds between two commits.
        seconds: The length of the load.
    """
    if not samples:
        return reasons.no_commit(metric=threshold.metric, seconds=seconds)
    return reasons.too_few_commits(
        metric=threshold.metric,
        stat=threshold.stat,
        samples=samples,
        needed=threshold.samples_needed,
        every=every,
    )


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
    name, condition = (
        "stack_samples",
        f"a sample of each metric in {_LEAST_SAMPLED:.0%} of the seconds",
    )
    observed = f"at least {min(counts.values()):,} of each in {due:,} s"
    missing = {metric: count for metric, count in counts.items() if count < _LEAST_SAMPLED * due}
    if not missing:
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.NO_DATA,
        reasons=[
            gate_reasons.stack_samples_missing(
                seconds=due, metrics=list(missing), samples=list(missing.values())
            )
        ],
    )


def _judge_growth(threshold: Threshold, seen: StackMetrics) -> JudgedThreshold:
    """Judge both ends of the interval, because noise can give a slope without growth."""
    found = growth(seen.samples(threshold))
    if found.per_hour is None or found.interval is None:  # pragma: no cover - the caller checks
        raise ValueError(f"the growth of {found.samples} samples was asked for")
    low, high = (found.interval.low, found.interval.high)
    ends = {end is not None and threshold.holds(end) for end in (low, high)}
    ok = None if len(ends) > 1 else ends.pop()
    why = None
    if ok is False:
        why = broken_threshold(threshold, found.per_hour, found.samples)
    elif ok is None:
        why = reasons.growth_undecided(
            metric=threshold.metric,
            stat=threshold.stat,
            low=low or 0.0,
            high=high or 0.0,
            threshold=threshold.limit,
            unit=threshold.unit,
        )
    return result_of(
        threshold, found.per_hour, found.samples, ok=ok, reason=why, interval=found.interval
    )


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
            return percentile(values, int(stat.removeprefix("p")) / 100)
