from math import sin
from statistics import median

import pytest

from cdc_perf.stats.growth import block_length
from tests.unit.verdict.series import autoregression


def congruential(count: int, phi: float) -> list[float]:
    """Return the series that the reference values were computed on, the same in any language."""
    state, value, series = 12345, 0.0, []
    for _ in range(count):
        state = (1103515245 * state + 12345) % 2**31
        value = phi * value + state / 2**31 - 0.5
        series.append(value)
    return series


@pytest.mark.parametrize(
    ("count", "phi", "reference"),
    [
        # arch 8.0.0, bootstrap.optimal_block_length(...)["circular"].
        (150, 0.0, 0.83),
        (150, 0.3, 4.27),
        (150, 0.7, 8.01),
        (150, 0.98, 19.85),
        (240, 0.0, 1.00),
        (240, 0.5, 5.90),
        (240, 0.9, 18.42),
        (240, 0.98, 26.01),
    ],
)
def test_the_length_is_that_of_another_implementation(
    count: int, phi: float, reference: float
) -> None:
    # Which cuts the covariances off one lag later: at most a length of one in between, rounded up.
    assert block_length(congruential(count, phi)) == pytest.approx(reference, abs=1.5)


@pytest.mark.parametrize("phi", [0.3, 0.6, 0.8])
def test_the_length_is_what_theory_asks_for_an_autoregression(phi: float) -> None:
    # The covariances of an AR(1) add up to G/g(0) = 2 phi / (1 - phi^2).
    count = 2000
    best = (1.5 * (2 * phi / (1 - phi**2)) ** 2 * count) ** (1 / 3)
    found = median(block_length(autoregression(count, phi, seed)) for seed in range(21))
    assert found == pytest.approx(best, rel=0.25)


def test_a_series_without_any_change_needs_no_blocks() -> None:
    assert block_length([0.5] * 100) == 1


def test_what_never_forgets_gets_the_longest_blocks() -> None:
    assert block_length([sin(at / 6) for at in range(240)]) > 25
    # Of so few samples no block may hold more than a third.
    assert block_length(congruential(20, -0.5)) == 7
