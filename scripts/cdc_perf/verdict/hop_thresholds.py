"""Limits on hops, which the consumer counts over every event and k6 does not know."""

from math import inf

import msgspec

from cdc_perf.load.hops import HopMeasurements
from cdc_perf.settings.hops import hop_of
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stats.intervals import Interval, percentile_ranks
from cdc_perf.stats.latency_histogram import LatencyHistogram
from cdc_perf.verdict.figures import limit_figure
from cdc_perf.verdict.records import ThresholdResult
from cdc_perf.verdict.threshold_result import broken_limit, result_of, too_few


def judge_hop_threshold(
    threshold: Threshold, seen: HopMeasurements, seconds: float
) -> ThresholdResult:
    """Return whether a limit on a hop holds, null where that cannot be told.

    Args:
        threshold: The limit.
        seen: What the hops took.
        seconds: How long the load lasts, warm-up and all.
    """
    times = seen.steady.hops.get(hop_of(threshold.kind).name, LatencyHistogram())
    samples, mean = times.count, times.mean
    if mean is None:
        why = seen.fault or "no event was applied after the warm-up"
        reason = f"{threshold.metric} was not measured: {why}"
        return result_of(threshold, None, 0, ok=None, reason=reason)
    if samples < threshold.samples_needed:
        reason = too_few(threshold, samples, seconds * 1000)
        return result_of(threshold, None, samples, ok=None, reason=reason)
    share = threshold.share
    if share is None:
        return _result(threshold, mean, samples)
    rank = times.rank(share)
    low, high = times.bounds(rank)
    if high == inf and threshold.holds(low):
        limit = limit_figure(threshold.limit, threshold.unit)
        reason = f"{threshold.metric} {threshold.stat}: the consumer cannot tell it from {limit}"
        return result_of(threshold, low, samples, ok=None, reason=reason)
    result = _result(threshold, times.percentile(share), samples)
    return msgspec.structs.replace(result, interval=_interval(times, share))


def _result(threshold: Threshold, observed: float, samples: int) -> ThresholdResult:
    holds = threshold.holds(observed)
    reason = "" if holds else broken_limit(threshold, observed, samples)
    return result_of(threshold, observed, samples, ok=holds, reason=reason)


def _interval(times: LatencyHistogram, share: float) -> Interval:
    """Return where a percentile lies: from the lower end of a bucket to the upper of another."""
    low, high = percentile_ranks(times.count, share)
    upper = inf if high is None else times.bounds(high)[1]
    return Interval(
        low=None if low is None else times.bounds(low)[0],
        high=None if upper == inf else upper,
    )
