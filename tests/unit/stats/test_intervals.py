from itertools import accumulate
from math import comb

import pytest

from cdc_perf.stats.intervals import percentile_ranks, rate_interval


def below(count: int, share: float) -> list[float]:
    """Return P(B < r) for r from 0 to count + 1, added up term by term."""
    masses = (comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(count + 1))
    return [0.0, *accumulate(masses)]


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("count", [1, 2, 5, 6, 20, 60, 73, 74, 300, 368, 369, 700])
def test_the_ranks_are_the_tightest_with_tails_of_two_and_a_half_percent(
    count: int, share: float
) -> None:
    low, high = percentile_ranks(count, share)
    chance = below(count, share)
    tail = 0.025
    assert chance[low or 0] <= tail < chance[(low or 0) + 1]
    upper = high or count + 1
    assert upper - 1 == 0 or 1 - chance[upper - 1] > tail - 1e-12
    assert high is None or 1 - chance[high] <= tail + 1e-12
    assert high is not None or 1 - chance[count] > tail


@pytest.mark.parametrize(
    ("count", "share", "ranks"),
    [
        # 0.5^5 is 3.1 %, 0.5^6 is 1.6 %: six samples bound a median by their smallest and largest.
        (5, 0.5, (None, None)),
        (6, 0.5, (1, 6)),
        # A table for the median, in every textbook: 10 samples, ranks 2 and 9.
        (10, 0.5, (2, 9)),
        # 0.95^72 is 2.49 %: one less, and the largest may well be below the percentile.
        (71, 0.95, (63, None)),
        (72, 0.95, (64, 72)),
        (367, 0.99, (359, None)),
        (368, 0.99, (360, 368)),
    ],
)
def test_few_samples_leave_an_end_open(
    count: int, share: float, ranks: tuple[int | None, int | None]
) -> None:
    assert percentile_ranks(count, share) == ranks


def test_many_samples_are_as_the_normal_distribution_has_them() -> None:
    count = 5_000_000
    low, high = percentile_ranks(count, 0.5)
    assert low is not None
    assert high is not None
    half = 1.96 * (count * 0.25) ** 0.5
    assert low == pytest.approx(count / 2 - half, abs=2)
    assert high == pytest.approx(count / 2 + half, abs=3)


@pytest.mark.parametrize(
    ("passes", "count", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17, 1998, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_a_rate_has_the_interval_of_the_literature(
    passes: int, count: int, low: float, high: float
) -> None:
    found = rate_interval(passes, count)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_the_interval_of_a_rate_ends_where_rates_end() -> None:
    assert rate_interval(400, 400).high == 1.0
    assert rate_interval(0, 400).low == 0.0
