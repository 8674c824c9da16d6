"""The bounds of a t statistic at many looks."""

from math import inf, sqrt
from random import Random
from statistics import fmean

import pytest

from cdc_perf.stats.sequential import last_bound
from cdc_perf.stats.student import upper_quantile

PLANNED = 8


def shares(count: int, planned: int = PLANNED) -> tuple[float, ...]:
    return tuple(number / planned for number in range(1, count + 1))


@pytest.mark.parametrize(
    ("error", "bounds"),
    [
        (0.05, [9.77, 5.51, 3.94, 3.11, 2.59]),
        (0.01, [16.91, 8.62, 5.87, 4.59, 3.84]),
    ],
)
def test_the_bounds_are_those_of_two_million_simulated_sequences(
    error: float, bounds: list[float]
) -> None:
    found = [last_bound(error, shares(count)) for count in range(4, PLANNED + 1)]
    assert found == pytest.approx(bounds, rel=0.015)


def test_a_single_look_has_the_quantile_of_the_distribution() -> None:
    assert last_bound(0.01, (0.2, 0.5, 1.0)) == upper_quantile(0.005, 2)


def statistics_of(random: Random) -> dict[int, float]:
    """Return |t| of a normal sequence at each look."""
    found, total, squares = {}, 0.0, 0.0
    for n in range(1, PLANNED + 1):
        value = random.gauss(0, 1)
        total, squares = total + value, squares + value * value
        if n >= 3:
            found[n] = abs(total) / sqrt(n * (squares - total * total / n) / (n - 1))
    return found


def test_equal_versions_cross_any_bound_as_often_as_the_error_allows() -> None:
    error, tries = 0.05, 4000
    random = Random(20261129)  # noqa: S311 - not used for secrets
    found = [statistics_of(random) for _ in range(tries)]
    bounds = {n: last_bound(error, shares(n)) for n in found[0]}
    # The bound of a single look at each of them: as often as that, an alarm is false.
    single = {n: upper_quantile(error / 2, n - 1) for n in bounds}
    alarms, careless = (
        fmean(any(t >= each[n] for n, t in x.items()) for x in found) for each in (bounds, single)
    )
    # Three standard deviations of a share of 5% in 4,000 tries.
    assert alarms == pytest.approx(error, abs=0.0104)
    assert careless > 2 * error


def test_an_error_that_is_spent_or_not_yet_there_has_no_bound() -> None:
    assert last_bound(0.01, (1.0, 1.0, 1.0, 1.0)) == inf
    assert last_bound(0.01, (0.0, 0.0, 0.0)) == inf
    assert last_bound(0.01, (0.0, 0.0, 0.0, 0.5)) < inf


def test_shares_of_the_time_are_put_in_order() -> None:
    assert last_bound(0.01, (0.1, 0.2, 0.4, 0.3)) == inf
    assert last_bound(0.01, (0.1, 0.2, 7.0)) == last_bound(0.01, (0.1, 0.2, 1.0))


def test_many_looks_add_their_errors_up_which_is_wider() -> None:
    exact, added = last_bound(0.01, shares(60, 60)), last_bound(0.01, shares(61, 61))
    assert exact < added < 1.3 * exact
