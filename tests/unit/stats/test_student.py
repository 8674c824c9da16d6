"""Student's t distribution. The expected values are those of scipy.stats.t."""

from math import inf, pi

import pytest

from cdc_perf.stats.student import falls_to, tail, upper_quantile, within


@pytest.mark.parametrize(
    ("probability", "freedom", "quantile"),
    [
        (0.025, 1, 12.70620474),
        (0.025, 2, 4.30265273),
        (0.005, 7, 3.49948330),
        (0.0015, 12, 3.70648711),
        (0.00001, 2, 223.60344363),
        (1e-7, 5, 39.3418196),
        (0.05, 60, 1.67064886),
    ],
)
def test_quantiles(probability: float, freedom: int, quantile: float) -> None:
    assert upper_quantile(probability, freedom) == pytest.approx(quantile, rel=1e-6)
    assert tail(quantile, freedom) == pytest.approx(probability, rel=1e-6)


def test_many_degrees_of_freedom_are_approximated() -> None:
    assert upper_quantile(0.001, 500) == pytest.approx(3.106611624, rel=1e-5)
    assert tail(2.5, 200) == pytest.approx(tail(2.5, 201), rel=0.001)


def test_the_whole_circle_is_certain() -> None:
    for freedom in range(1, 12):
        assert within(pi / 2, freedom) == pytest.approx(1)
        assert within(-pi / 2, freedom) == pytest.approx(-1)
        assert within(0, freedom) == 0


def test_half_of_the_values_are_above_0_and_none_above_infinity() -> None:
    assert upper_quantile(0.5, 3) == pytest.approx(0, abs=1e-9)
    assert upper_quantile(0, 3) == inf


def test_what_does_not_fall_far_enough_ends_at_infinity() -> None:
    assert falls_to(0.5, lambda _: 1.0) == inf
    assert falls_to(0.25, lambda x: 1 / (1 + x)) == pytest.approx(3)
