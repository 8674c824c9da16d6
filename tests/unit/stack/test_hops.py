"""The consumer's histograms read, subtracted and added; the consumer's own code makes the text."""

from bisect import bisect_left
from collections import Counter
from math import ceil, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc_consumer.hops import BOUNDS_US, HOPS, HopHistograms
from cdc_consumer.metrics import Metrics
from cdc_perf.settings.hops import ALL_HOPS
from cdc_perf.stack.hops import parse_hops
from cdc_perf.stats.latency_histogram import HopCounters, LatencyHistogram
from cdc_perf.waiting import NotReady
from tests.unit.consumer.builders import CONSUMED_US, KAFKA_MS, event

# In milliseconds, as far as the buckets are fine.
TIMES = st.lists(st.floats(0.1001, 120_000), min_size=1, max_size=300)


def times_of(values: list[float]) -> LatencyHistogram:
    """Return the buckets of the consumer that these milliseconds fall into."""
    bounds = [0.0, *(bound / 1000 for bound in BOUNDS_US), inf]
    places = Counter(bisect_left(bounds, value) for value in values)
    return LatencyHistogram({(bounds[x - 1], bounds[x]): n for x, n in places.items()}, sum(values))


def counted(*acknowledged_us: int) -> HopCounters:
    """Return what a consumer shows that applied an event at each of these times."""
    metrics = Metrics(["customer"], list)
    for moment in acknowledged_us:
        metrics.hops.observe([event()], moment)
    return parse_hops(metrics.exposition().decode())


def test_the_harness_knows_the_hops_of_the_consumer_in_their_order() -> None:
    assert [hop.name for hop in ALL_HOPS] == list(HOPS)


def test_what_the_consumer_shows_is_read_in_milliseconds() -> None:
    found = counted(CONSUMED_US + 4_000, CONSUMED_US + 6_000)
    times = found.hops["consumer_to_mongodb"]
    assert times.count == 2
    assert times.mean == pytest.approx(5.0)
    assert times.percentile(0.5) == pytest.approx(4.0, rel=0.025)
    assert times.percentile(1.0) == pytest.approx(6.0, rel=0.025)
    assert found.started > 0
    means = [found.hops[hop].mean or 0.0 for hop in HOPS]
    assert sum(means[:-1]) == pytest.approx(means[-1])


def test_means_add_up_where_a_time_is_negative_too() -> None:
    # Acknowledged 10 ms before it was consumed.
    found = counted(KAFKA_MS * 1000, CONSUMED_US + 5_000)
    means = [found.hops[hop].mean or 0.0 for hop in HOPS]
    assert sum(means[:-1]) == pytest.approx(means[-1])
    times = found.hops["consumer_to_mongodb"]
    assert times.negative == 1
    assert times.negative_mean == pytest.approx(10.0)
    assert found.hops["source_to_debezium"].negative == 0


def test_half_a_millisecond_is_the_resolution_and_no_clock() -> None:
    times = counted(CONSUMED_US - 500, CONSUMED_US - 3_000).hops["consumer_to_mongodb"]
    assert times.negative == 1
    assert times.negative_mean == pytest.approx(3.0)


@given(TIMES, st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999]))
def test_a_percentile_is_within_two_and_a_half_percent(values: list[float], share: float) -> None:
    true = sorted(values)[max(1, ceil(share * len(values))) - 1]
    assert times_of(values).percentile(share) == pytest.approx(true, rel=0.0251)


@given(TIMES, TIMES, TIMES)
def test_intervals_add_up_whatever_is_cut_where(
    first: list[float], second: list[float], third: list[float]
) -> None:
    one, two, all_three = (
        HopCounters(len(x), {"total": times_of(x)}, 1.0)
        for x in (first, first + second, first + second + third)
    )
    left, right = two.since(one), all_three.since(two)
    assert left is not None
    assert right is not None
    together = one.plus(left).plus(right)
    assert together.events == all_three.events
    assert together.hops["total"].buckets == all_three.hops["total"].buckets
    assert together.hops["total"].sum_ms == pytest.approx(all_three.hops["total"].sum_ms)
    assert left.hops["total"].buckets == times_of(second).buckets


@given(TIMES)
def test_merging_has_no_order_and_nothing_as_its_zero(values: list[float]) -> None:
    times, other = times_of(values), times_of([1.0, 2.0])
    assert times.plus(other).buckets == other.plus(times).buckets
    assert times.plus(LatencyHistogram()) == times
    assert times.less(times).buckets == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            HopCounters(9, {"total": times_of([1.0] * 9)}, 1.0),
            HopCounters(12, {"total": times_of([1.0] * 12)}, 2.0),
            id="started later, and has counted more already",
        ),
        pytest.param(
            HopCounters(9), HopCounters(8), id="fewer events, of a consumer without a start"
        ),
        pytest.param(
            HopCounters(3, {"total": times_of([1.0, 5.0, 5.0])}),
            HopCounters(9, {"total": times_of([1.0] * 9)}),
            id="fewer in one bucket",
        ),
    ],
)
def test_counts_that_restart_are_seen(before: HopCounters, after: HopCounters) -> None:
    assert after.since(before) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<html>", "cannot parse the consumer's metrics"),
        ("", "the consumer's metrics have no cdc_consumer_hop_seconds"),
        ("up 1\n", "the consumer's metrics have no cdc_consumer_hop_seconds"),
    ],
)
def test_what_tells_nothing_of_hops_is_one_sentence(text: str, why: str) -> None:
    with pytest.raises(NotReady, match=why):
        parse_hops(text)


def test_beyond_the_last_bound_is_at_least_that() -> None:
    times = LatencyHistogram({(120_000.0, inf): 3}, 600_000.0)
    assert times.percentile(0.5) == 120_000
    with pytest.raises(ValueError, match="no event of rank 4"):
        times.bounds(4)


def test_a_histogram_without_events_has_no_mean() -> None:
    histograms = HopHistograms()
    histograms.observe([], CONSUMED_US)
    assert LatencyHistogram().mean is None
    assert counted().hops["total"].count == 0
