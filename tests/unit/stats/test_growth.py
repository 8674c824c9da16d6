import time
from math import sqrt
from statistics import NormalDist, linear_regression

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc_perf.settings.expressions import GROWTH
from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed
from cdc_perf.stats.growth import SAMPLES_NEEDED, growth
from cdc_perf.stats.intervals import Interval
from tests.unit.verdict.series import autoregression

Series = list[tuple[float, float]]


def noise(count: int, phi: float = 0.8, seed: int = 1) -> Series:
    return [(float(at), v) for at, v in enumerate(autoregression(count, phi, seed))]


def found(samples: Series) -> tuple[float, float, float]:
    """Return the slope an hour and the ends of its interval."""
    result = growth(samples)
    assert result.samples == len(samples)
    assert result.per_hour is not None
    assert result.interval is not None
    assert result.interval.low is not None
    assert result.interval.high is not None
    return result.per_hour, result.interval.low, result.interval.high


@settings(max_examples=20)
@given(
    per_hour=st.floats(-1e4, 1e4),
    level=st.floats(-1e9, 1e9),
    seed=st.integers(0, 1000),
    missing=st.sets(st.integers(0, 1199), max_size=300),
)
def test_a_planted_slope_is_found(
    per_hour: float, level: float, seed: int, missing: set[int]
) -> None:
    still = [(at, v) for at, v in noise(1200, seed=seed) if at not in missing]
    slope, low, high = found(still)
    grown = [(at, level + v + per_hour * at / 3600) for at, v in still]
    # A line that is added moves slope and interval by itself, and by nothing else.
    assert found(grown) == pytest.approx(
        (slope + per_hour, low + per_hour, high + per_hour), abs=1e-2
    )
    assert low <= slope <= high
    assert abs(slope) < 30


@settings(max_examples=10)
@given(times=st.floats(1e-6, 1e9), turned=st.booleans())
def test_the_unit_is_that_of_the_values(times: float, turned: bool) -> None:  # noqa: FBT001 - drawn
    factor = -times if turned else times
    slope, *ends = found(noise(400))
    scaled, *scaled_ends = found([(at, factor * value) for at, value in noise(400)])
    assert scaled == pytest.approx(factor * slope, rel=1e-6)
    if not turned:
        assert scaled_ends == pytest.approx([factor * end for end in ends], rel=1e-6)


def covered(count: int, phi: float, series: int) -> tuple[int, int]:
    """Return of how many series without growth our interval holds 0, and the textbook's."""
    ours, textbook = 0, 0
    for seed in range(series):
        values = autoregression(count, phi, seed)
        _, low, high = found([(float(at), value) for at, value in enumerate(values)])
        ours += low <= 0 <= high
        textbook += independent(values)
    return ours, textbook


def independent(values: list[float]) -> bool:
    """Return whether 0 is in the interval that takes every sample for independent."""
    count = len(values)
    slope, intercept = linear_regression(range(count), values)
    left = sum((value - intercept - slope * at) ** 2 for at, value in enumerate(values))
    spread = (count**3 - count) / 12
    deviation = sqrt(left / (count - 2) / spread)
    return abs(slope) <= NormalDist().inv_cdf(0.975) * deviation


@pytest.mark.slow
def test_the_interval_holds_what_it_promises() -> None:
    """Over 300 series without growth, of independent samples up to strongly correlated ones."""
    counts = {phi: covered(SAMPLES_NEEDED, phi, 100) for phi in (0.0, 0.5, 0.9)}
    ours = sum(inside for inside, _ in counts.values())
    assert 270 <= ours <= 297
    assert all(inside >= 88 for inside, _ in counts.values())
    # What the blocks are there for: without them more than half of these would be growth.
    assert counts[0.9][1] < 50


def test_growth_that_stands_out_of_the_noise_is_seen() -> None:
    # 100 MiB an hour on a memory that swings by some 10 MiB, for an hour.
    mib = 2**20
    samples = [(at, 3e8 + 4 * mib * v + 100 * mib * at / 3600) for at, v in noise(3600, 0.9)]
    _, low, high = found(samples)
    assert 80 * mib < low < 100 * mib < high < 120 * mib


def test_a_flat_series_does_not_grow() -> None:
    result = growth([(float(at), 0.1) for at in range(SAMPLES_NEEDED)])
    assert (result.per_hour, result.interval) == (0, Interval(low=0, high=0))


def test_a_straight_line_is_no_more_in_doubt_than_its_last_digits() -> None:
    slope, low, high = found([(float(at), 5e9 + 1000 * at) for at in range(7200)])
    assert (slope, low, high) == pytest.approx((3.6e6, 3.6e6, 3.6e6), abs=1e-3)


@pytest.mark.parametrize("count", [0, 1, SAMPLES_NEEDED - 1])
def test_too_few_samples_say_how_many_it_takes(count: int) -> None:
    result = growth(noise(count))
    assert (result.per_hour, result.interval) == (None, None)
    assert (result.samples, result.samples_needed) == (count, 300)
    found(noise(SAMPLES_NEEDED))


def test_a_long_hole_is_no_growth() -> None:
    _, low, high = found([(at, v) for at, v in noise(3600) if not 600 <= at < 3000])
    assert low < 0 < high


def test_the_same_samples_give_the_same_interval_within_half_a_second() -> None:
    soak = noise(7200)
    began = time.process_time()
    first = growth(soak)
    assert time.process_time() - began < 0.5
    assert growth(soak) == first


def test_a_limit_on_growth_asks_for_as_many_samples() -> None:
    assert samples_needed(MetricType.GAUGE, GROWTH, 0) == SAMPLES_NEEDED
