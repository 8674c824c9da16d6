"""Thresholds on hops, which are measured for every event and k6 does not know."""

from collections.abc import Sequence
from math import inf

from cdc_perf.errors import ExitCode
from cdc_perf.load.hops import HopMeasurements
from cdc_perf.reasons import gates as gate_reasons
from cdc_perf.reasons import thresholds as reasons
from cdc_perf.settings.hops import Hop, hop_of, sequence_of
from cdc_perf.settings.metrics import Source
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stats.intervals import Interval, percentile_ranks
from cdc_perf.stats.latency_histogram import LatencyHistogram
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate
from cdc_perf.verdict.threshold_result import JudgedThreshold, judge_value, result_of, too_few
from cdc_perf.wording import counted


def judge_hop_threshold(
    threshold: Threshold, seen: HopMeasurements, seconds: float
) -> JudgedThreshold:
    """Return whether a threshold on a hop holds; `ok` is null if unknown.

    Args:
        threshold: The threshold.
        seen: The latency of each hop.
        seconds: The length of the load, including the warm-up.
    """
    times = seen.steady.hops.get(hop_of(threshold.kind).name, LatencyHistogram())
    samples, mean = times.count, times.mean
    if mean is None:
        metric = threshold.metric
        why = (
            reasons.hop_not_measured(metric=metric, why=seen.fault)
            if seen.fault
            else reasons.hop_without_events(metric=metric)
        )
        return result_of(threshold, None, 0, ok=None, reason=why)
    if samples < threshold.samples_needed:
        few = too_few(threshold, samples, seconds * 1000)
        return result_of(threshold, None, samples, ok=None, reason=few)
    share = threshold.share
    if share is None:
        return judge_value(threshold, mean, samples)
    rank = times.rank(share)
    low, high = times.bounds(rank)
    if high == inf and threshold.holds(low):
        beyond = reasons.hop_beyond_histogram(
            metric=threshold.metric,
            stat=threshold.stat,
            threshold=threshold.limit,
            unit=threshold.unit,
        )
        return result_of(threshold, low, samples, ok=None, reason=beyond)
    return judge_value(threshold, times.percentile(share), samples, _interval(times, share))


def _interval(times: LatencyHistogram, share: float) -> Interval:
    """Return the interval of a percentile, from a bucket's lower bound to another's upper bound."""
    low, high = percentile_ranks(times.count, share)
    upper = inf if high is None else times.bounds(high)[1]
    return Interval(
        low=None if low is None else times.bounds(low)[0],
        high=None if upper == inf else upper,
    )


def clock_sentence(hop: Hop, events: int, negative: int, negative_mean: float) -> str:
    """Return which clock is behind which, and by how much at least.

    A true latency is never negative, so the clocks differ by at least the size of the negative
    latency. A clock error in the other direction lengthens the hop and cannot be detected.

    Args:
        hop: The hop with negative latencies.
        events: How many events were measured.
        negative: How many of the latencies were negative.
        negative_mean: The mean of their absolute values, in milliseconds.
    """
    if not hop.clocks:
        return gate_reasons.clock_set_back(
            hop=hop.title,
            receiver=hop.receiver,
            events=events,
            negative=negative,
            mean_ms=negative_mean,
        ).text
    return gate_reasons.clock_behind(
        hop=hop.title,
        sender=hop.sender,
        receiver=hop.receiver,
        events=events,
        negative=negative,
        mean_ms=negative_mean,
    ).text


def hop_clocks_gate(thresholds: Sequence[Threshold], seen: HopMeasurements) -> Gate | None:
    """Check that the clocks of each hop with a threshold agree; None if no hop has a threshold."""
    sequence = sequence_of(seen.steady.hops, seen.note)
    limited = {
        hop_of(threshold.kind, sequence): None
        for threshold in thresholds
        if threshold.kind.source is Source.HOPS
    }
    if not limited:
        return None
    nothing = LatencyHistogram()
    negative = {hop: seen.steady.hops.get(hop.name, nothing) for hop in sequence.all}
    negative = {hop: times for hop, times in negative.items() if times.negative}
    suspects = {clock for hop in negative for clock in hop.clocks}
    unreliable = [hop for hop in limited if hop in negative or suspects.intersection(hop.clocks)]
    name, condition = "hop_clocks", "the clocks of every hop with a threshold agree"
    observed = counted(
        sum(times.negative for times in negative.values()), "negative latency", "negative latencies"
    )
    if not unreliable:
        return passed_gate(name, condition, observed)
    # If one hop is negative, the whole way can be too: do not report it twice.
    reported = [hop for hop in sequence.hops if hop in negative] or list(negative)
    sentences = [
        clock_sentence(hop, times.count, times.negative, times.negative_mean)
        for hop in reported
        for times in (negative[hop],)
    ]
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.INVALID,
        reasons=[
            gate_reasons.hop_clocks_differ(
                clocks=sentences, metrics=[hop.metric for hop in unreliable]
            )
        ],
    )
