"""Latencies of both runs: shares that are those of the samples."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc_perf.report.html.chart import Chart
from cdc_perf.report.html.distribution import Bins
from cdc_perf.report.html.overlay import overlay
from cdc_perf.runs.series import Series
from cdc_perf.stats.buckets import bounds
from cdc_perf.stats.histogram import Histogram

BUCKETS = st.dictionaries(st.integers(-64, 400), st.integers(1, 50), min_size=1, max_size=40)


def run(buckets: dict[int, int], zeroes: int = 0) -> Series:
    """Return a run of one second with those samples."""
    low, high = bounds(min(buckets))[1], bounds(max(buckets))[1]
    histogram = Histogram(buckets, zeroes, low, high)
    return Series(0, 1, {}, {0: histogram}, histogram, 0)


def charts(before: Series, now: Series) -> dict[str, Chart]:
    return {each.key: each for each in overlay(before, now) if isinstance(each, Chart)}


@settings(max_examples=50)
@given(BUCKETS, BUCKETS, st.integers(0, 5))
def test_shares_are_those_of_the_samples(
    before: dict[int, int], now: dict[int, int], zeroes: int
) -> None:
    found = charts(run(before), run(now, zeroes))
    bins = Bins.of([run(before).steady, run(now).steady])
    assert len(bins.numbers) <= 60
    for line, buckets, rest in zip(
        found["distribution"].lines, (before, now), (0, zeroes), strict=True
    ):
        total = sum(buckets.values()) + rest
        shares = [value or 0.0 for value in line.values]
        assert sum(shares) == pytest.approx(100 * (total - rest) / total)
    for line, buckets, rest in zip(found["slower"].lines, (before, now), (0, zeroes), strict=True):
        total = sum(buckets.values()) + rest
        for number, share in zip(bins.numbers, line.values, strict=True):
            above = sum(n for each, n in buckets.items() if each // bins.together > number)
            assert (share or 0.0) == pytest.approx(100 * above / total)
        # Nothing is slower than the slowest, and a logarithmic axis has no zero.
        assert line.values[-1] is None
        drawn = [share for share in line.values if share is not None]
        assert all(a >= b > 0 for a, b in pairwise(drawn))


def test_a_bin_above_stands_at_its_upper_end() -> None:
    chart = charts(run({32: 10}), run({33: 10, 40: 1}))["slower"]
    # 2 ms is the upper end of bucket 31, so that bucket 32 ends one 32nd of a doubling later.
    assert chart.origin == pytest.approx(33 / 32)
    assert [line.values[0] for line in chart.lines] == [None, 100.0]


def test_p95_of_a_shorter_run_ends_before() -> None:
    second = Histogram({100: 100}, 0, 9.0, 9.0)
    long = Series(0, 4, {}, dict.fromkeys(range(4), second), second, 0)
    short = Series(0, 2, {}, dict.fromkeys(range(2), second), second, 0)
    chart = charts(long, short)["p95"]
    before, now = ([value is not None for value in line.values] for line in chart.lines)
    assert before == [True] * 4
    assert now == [True, True, False, False]
