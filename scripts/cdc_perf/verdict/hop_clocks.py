"""Clocks that differ: a change that arrives before it was sent."""

from collections.abc import Sequence

from cdc_perf.errors import ExitCode
from cdc_perf.load.hops import HopMeasurements
from cdc_perf.settings.hops import ALL_HOPS, HOPS, Hop, hop_of
from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stats.latency_histogram import LatencyHistogram
from cdc_perf.verdict.figures import figure
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate
from cdc_perf.wording import counted


def clock_sentence(hop: Hop, events: int, negative: int, negative_mean: float) -> str:
    """Return which clock is behind which, and by how much at least.

    The true time is not less than nothing, so that the clocks differ by no less than what an event
    seems to be early. A clock that is off the other way lengthens the hop, and nobody sees it.

    Args:
        hop: The hop whose times are negative.
        events: How many were measured.
        negative: How many of them were negative.
        negative_mean: By how many milliseconds on average.
    """
    seen = f"{negative:,} of {counted(events, 'event')} took less than no time from {hop.title}"
    by = figure(negative_mean, "ms")
    if not hop.clocks:
        return f"{seen}, by {by}: the clock of {hop.receiver} was set back meanwhile"
    return f"{seen}: the clock of {hop.receiver} is at least {by} behind that of {hop.sender}"


def hop_clocks_gate(thresholds: Sequence[Threshold], seen: HopMeasurements) -> Gate | None:
    """No clock that a limited hop is measured by is off; None where no hop is limited."""
    limited = {
        hop_of(threshold.kind): None
        for threshold in thresholds
        if threshold.kind.type is MetricType.HISTOGRAM
    }
    if not limited:
        return None
    nothing = LatencyHistogram()
    negative = {hop: seen.steady.hops.get(hop.name, nothing) for hop in ALL_HOPS}
    negative = {hop: times for hop, times in negative.items() if times.negative}
    suspects = {clock for hop in negative for clock in hop.clocks}
    spoilt = [hop for hop in limited if hop in negative or suspects.intersection(hop.clocks)]
    name, limit = "hop_clocks", "no limited hop is measured by clocks that differ"
    observed = counted(sum(times.negative for times in negative.values()), "negative time")
    if not spoilt:
        return passed_gate(name, limit, observed)
    # The whole way is negative where one of its hops is: that would be said twice.
    told = [hop for hop in HOPS if hop in negative] or list(negative)
    sentences = [
        clock_sentence(hop, times.count, times.negative, times.negative_mean)
        for hop in told
        for times in (negative[hop],)
    ]
    return failed_gate(
        name,
        limit,
        observed,
        code=ExitCode.INVALID,
        reason=f"{'; '.join(sentences)}: no limit on {', '.join(x.metric for x in spoilt)} "
        "can be judged: synchronise the clocks",
    )
