"""The shift function: what it estimates, how often its band is right, and what moves it."""

from collections import Counter
from math import ceil, exp, log2, sqrt
from random import Random
from statistics import NormalDist, stdev

import pytest

from cdc_perf.stats.histogram import Histogram
from cdc_perf.stats.shift import StartSamples, shift_function

SHARES = {**{tenth / 10: 30 for tenth in range(1, 10)}, 0.95: 60, 0.99: 300}
LEVEL_MS, SPREAD, BETWEEN_STARTS = 10.0, 0.3, 0.016


def seeded(number: int) -> Random:
    return Random(number)  # noqa: S311 - nothing here is a secret


def histogram(values: list[float]) -> Histogram:
    buckets = Counter(ceil(log2(value) * 32) - 1 for value in values)
    return Histogram(buckets, 0, min(values), max(values))


def exact(value: float) -> Histogram:
    """Return a histogram whose only value is known exactly."""
    return Histogram({0: 1}, 0, value, value)


def side(random: Random, samples: int, slower: float, tail: float) -> Histogram:
    """Return log-normal latencies; those above the 90th percentile are slower by another factor."""
    level = LEVEL_MS * slower * exp(random.gauss(0, BETWEEN_STARTS))
    drawn = [random.gauss(0, 1) for _ in range(samples)]
    limit = NormalDist().inv_cdf(0.9)
    return histogram([level * exp(SPREAD * z) * (tail if z > limit else 1.0) for z in drawn])


def start(
    random: Random, samples: int = 400, slower: float = 1.0, tail: float = 1.0
) -> StartSamples:
    return side(random, samples, 1, 1), side(random, samples, slower, tail)


@pytest.mark.parametrize(("slower", "starts"), [(1.0, 12), (1.1, 12), (1.1, 4)])
def test_the_whole_band_is_right_at_least_95_times_of_100(slower: float, starts: int) -> None:
    random, tries, expected = seeded(1), 100, slower - 1
    shares = {share: least for share, least in SHARES.items() if least <= 60}
    covered = 0
    for _ in range(tries):
        shifts = shift_function([start(random, 60, slower) for _ in range(starts)], shares)
        assert len(shifts) == len(shares)
        covered += all(
            (x.change.interval.low or 0) <= expected <= (x.change.interval.high or 0)
            for x in shifts
        )
    # 90 of 100 or fewer would have a probability below 3% at 95%.
    assert covered > 90


def test_a_shift_of_every_quantile_is_one_factor() -> None:
    random = seeded(2)
    for x in shift_function([start(random, 2000, 1.1) for _ in range(12)], SHARES):
        assert x.change.value == pytest.approx(0.1, abs=0.03)
        assert x.difference.value == pytest.approx(x.head - x.base, abs=0.02 * x.base)
        expected = LEVEL_MS * exp(SPREAD * NormalDist().inv_cdf(x.share))
        assert x.base == pytest.approx(expected, rel=0.03)
        assert x.starts == 12


def test_a_shift_of_the_tail_alone_leaves_the_median() -> None:
    random = seeded(3)
    shifts = shift_function([start(random, 2000, tail=1.3) for _ in range(12)], SHARES)
    found = {x.share: x.change.interval for x in shifts}
    for share in (0.1, 0.5, 0.8):
        assert (found[share].low or 0) < 0 < (found[share].high or 0)
    assert (found[0.95].low or 0) > 0.2
    assert (found[0.99].low or 0) > 0.1


def test_less_than_a_bucket_is_found_without_a_band_of_nothing() -> None:
    """Buckets are 2.2% apart; large starts of the same code would all have the same one."""
    level = [10.0 + each / 10_000 for each in range(2000)]
    starts = [
        (histogram(level), histogram([1.01 * x * (1 + n / 10_000) for x in level]))
        for n in range(6)
    ]
    (shift,) = shift_function(starts, {0.5: 6})
    assert shift.change.value == pytest.approx(0.01, abs=0.008)
    assert shift.change.interval.low != shift.change.interval.high


def test_one_start_that_is_off_widens_the_band() -> None:
    random = seeded(4)
    starts = [start(random) for _ in range(11)]
    calm = shift_function([*starts, start(random)], SHARES)
    wild = shift_function([*starts, start(random, slower=5.0)], SHARES)
    for before, now in zip(calm, wild, strict=True):
        low, high = now.change.interval.low, now.change.interval.high
        assert low is not None
        assert high is not None
        assert low < before.change.value < high
        assert high - low > 0.5


def test_a_quantile_needs_its_samples_in_a_start() -> None:
    random = seeded(5)
    starts = [start(random, 299), start(random, 299), start(random, 300)]
    found = {x.share: x.starts for x in shift_function(starts, SHARES)}
    assert found == {**dict.fromkeys(SHARES, 3), 0.99: 1}
    assert 0.99 not in {x.share for x in shift_function(starts[:2], SHARES)}
    assert shift_function([], SHARES) == ()


def test_one_start_has_no_band() -> None:
    (shift,) = shift_function([start(seeded(6))], {0.5: 6})
    assert (shift.change.interval.low, shift.change.interval.high) == (None, None)
    assert (shift.difference.interval.low, shift.difference.interval.high) == (None, None)


def test_the_interval_is_student_s_with_bonferroni_s_correction() -> None:
    # Five starts whose ratios are 1.0 to 1.4.
    ratios = [1.0, 1.1, 1.2, 1.3, 1.4]
    starts = [(exact(10.0), exact(10.0 * ratio)) for ratio in ratios]
    (alone,) = shift_function(starts, {0.5: 1})
    error = 10 * stdev(ratios) / sqrt(5)
    # The 97.5th percentile of t with four degrees of freedom.
    assert alone.difference.value == pytest.approx(2.0)
    assert alone.difference.interval.high == pytest.approx(2.0 + 2.776 * error, rel=0.001)
    _, two = shift_function(starts, {0.4: 1, 0.5: 1})
    # The 98.75th.
    assert two.difference.interval.high == pytest.approx(2.0 + 3.495 * error, rel=0.001)
    assert two.difference.interval.confidence == pytest.approx(0.975)
