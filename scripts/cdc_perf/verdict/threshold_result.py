"""Judge each threshold by the observed value."""

from dataclasses import dataclass
from math import ceil

from cdc_perf.reasons import thresholds as reasons
from cdc_perf.reasons.reason import Reason
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.settings.durations import MAX_RUN_SECONDS, format_duration
from cdc_perf.settings.expressions import Operator
from cdc_perf.settings.metrics import ITERATIONS, MetricType, Phase
from cdc_perf.settings.tag_selector import with_tags
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stats.intervals import Interval
from cdc_perf.verdict.records import ThresholdResult

_ROUND_TO_SECONDS = 10


@dataclass(frozen=True)
class JudgedThreshold:
    """A threshold and its outcome.

    Attributes:
        result: Its entry in verdict.json.
        reason: Why it does not hold or is unknown; None if it holds.
    """

    result: ThresholdResult
    reason: Reason | None


def judge_threshold(
    threshold: Threshold, summary: Summary | NoSummary, interval: Interval | None = None
) -> JudgedThreshold:
    """Return whether a threshold holds; `ok` is null if there are too few samples.

    The interval is reported with the observed value; it decides nothing.
    """
    if isinstance(summary, NoSummary):
        return result_of(threshold, None, 0, ok=None, reason=reasons.no_summary_for_threshold())
    samples = summary.samples(threshold.k6_metric)
    observed = summary.observed(threshold.k6_metric, threshold.expression.k6_stat)
    if observed is None or samples == 0 or not _occurred(threshold, summary):
        # k6's value of an empty metric is not an observation.
        missing = reasons.no_samples(
            metric=threshold.metric,
            stat=threshold.stat,
            after_warm_up=threshold.kind.phase is Phase.STEADY and not threshold.of_faults,
        )
        return result_of(threshold, None, 0, ok=None, reason=missing)
    judged = judge_value(threshold, observed, samples, interval)
    if samples >= threshold.samples_needed:
        return judged
    so_far = judged.result.reason
    few = too_few(threshold, samples, summary.duration_ms, so_far=so_far)
    return result_of(threshold, observed, samples, ok=None, reason=few, interval=interval)


def _occurred(threshold: Threshold, summary: Summary) -> bool:
    """Return whether an iteration had the tags of a threshold on a counter.

    A counter that nothing touched is 0, whether its changes succeeded or did not occur.
    """
    if not threshold.selected or threshold.kind.type is not MetricType.COUNTER:
        return True
    return bool(summary.observed(with_tags(ITERATIONS, threshold.selected), "count"))


def judge_value(
    threshold: Threshold, observed: float, samples: int, interval: Interval | None = None
) -> JudgedThreshold:
    """Return whether a threshold holds for a value with enough samples."""
    holds = threshold.holds(observed)
    why = None if holds else broken_threshold(threshold, observed, samples)
    return result_of(threshold, observed, samples, ok=holds, reason=why, interval=interval)


def result_of(
    threshold: Threshold,
    observed: float | None,
    samples: int,
    *,
    ok: bool | None,
    reason: Reason | None,
    interval: Interval | None = None,
) -> JudgedThreshold:
    """Return a threshold with its entry in verdict.json."""
    result = ThresholdResult(
        metric=threshold.metric,
        stat=threshold.stat,
        operator=threshold.operator,
        limit=threshold.limit,
        unit=threshold.unit,
        observed=observed,
        samples=samples,
        samples_needed=threshold.samples_needed,
        interval=interval,
        margin=_margin(threshold, observed),
        ok=ok,
        reason="" if reason is None else reason.text,
    )
    return JudgedThreshold(result, reason)


def _margin(threshold: Threshold, observed: float | None) -> float | None:
    if observed is None or threshold.limit == 0:
        return None
    upper = threshold.operator in (Operator.AT_MOST, Operator.BELOW)
    left = threshold.limit - observed if upper else observed - threshold.limit
    return left / threshold.limit


def broken_threshold(threshold: Threshold, observed: float, samples: int) -> Reason:
    """Return the reason for a broken threshold."""
    single = threshold.kind.type is MetricType.COUNTER or threshold.stat == "value"
    return reasons.threshold_broken(
        metric=threshold.metric,
        stat=threshold.stat,
        operator=threshold.operator,
        threshold=threshold.limit,
        observed=observed,
        unit=threshold.unit,
        samples=None if single else samples,
    )


def too_few(threshold: Threshold, samples: int, duration_ms: float, *, so_far: str = "") -> Reason:
    """Return the reason for a threshold that has too few samples in a run of that length.

    Args:
        threshold: The threshold.
        samples: Its samples.
        duration_ms: The length of the run.
        so_far: How these samples break the threshold; empty if they do not.
    """
    return reasons.too_few_samples(
        metric=threshold.metric,
        stat=threshold.stat,
        samples=samples,
        needed=threshold.samples_needed,
        run_for=_longer(duration_ms, samples, threshold.samples_needed),
        so_far=so_far,
    )


def _longer(duration_ms: float, samples: int, needed: int) -> str:
    """Return how long to run for enough samples, at the observed rate; empty if above 24 hours.

    In proportion to the whole run, rounded up. The warm-up, whose samples do not count, is a fixed
    share of a run up to 5 minutes and a smaller share of a longer one, so the result is enough.
    """
    # Integers, because a threshold near 0 can need more samples than a double can count.
    seconds = -(-needed * ceil(duration_ms) // (samples * 1000))
    if seconds > MAX_RUN_SECONDS:
        return ""
    return format_duration(-(-seconds // _ROUND_TO_SECONDS) * _ROUND_TO_SECONDS)
