"""The ratio of two versions over starts."""

from math import exp, inf, log, sqrt
from random import Random
from statistics import fmean

import pytest

from cdc_perf.stats.comparison import Pair, coin_evidence, estimate, planned_bound, start_ratios
from cdc_perf.stats.sequential import last_bound

STARTS, PAIRS = 12, 4


def starts(
    factor: float = 1.0,
    *,
    between: float = 0.02,
    within: float = 0.04,
    seed: int = 1,
    count: int = STARTS,
) -> list[list[Pair]]:
    """Return pairs with a base of 10 and these standard deviations of the log-ratio."""
    random = Random(seed)  # noqa: S311 - not used for secrets
    made = []
    for _ in range(count):
        luck = random.gauss(log(factor), between)
        made.append([(10.0, 10 * exp(luck + random.gauss(0, within))) for _ in range(PAIRS)])
    return made


def test_the_ratio_and_typical_values_agree() -> None:
    found = estimate(starts(1.2))
    assert found.ratio == pytest.approx(1.2, rel=0.03)
    assert found.head / found.base == pytest.approx(found.ratio)
    assert sqrt(found.head * found.base) == pytest.approx(10 * sqrt(1.2), rel=0.03)
    assert found.starts == STARTS


def test_one_outlier_slice_does_not_move_it() -> None:
    pairs = starts()
    base, head = pairs[3][1]
    spoilt = [*pairs[:3], [pairs[3][0], (base, 100 * head), *pairs[3][2:]], *pairs[4:]]
    clean, found = estimate(pairs), estimate(spoilt)
    assert found.ratio == pytest.approx(clean.ratio, rel=0.005)
    assert found.deviation == pytest.approx(clean.deviation, rel=0.25)
    # A mean would move by a third.
    logs = [[log(h / b) for b, h in each] for each in spoilt]
    assert exp(fmean(map(fmean, logs))) > 1.05 * clean.ratio


def test_the_estimate_is_the_mean_of_the_starts() -> None:
    pairs = starts(1.1)
    pairs[3][1] = (10.0, 1000.0)
    ratios = start_ratios(pairs)
    assert len(ratios) == STARTS
    assert exp(fmean(map(log, ratios))) == pytest.approx(estimate(pairs).ratio)
    assert max(ratios) < 1.3
    assert start_ratios([]) == []


def test_both_levels_of_the_variance() -> None:
    found = estimate(starts(between=0.05, within=0.02, count=400))
    assert found.between == pytest.approx(0.05, rel=0.1)
    assert found.within == pytest.approx(0.02, rel=0.1)
    only_slices = estimate(starts(between=0.0, within=0.04, count=400))
    assert only_slices.between < 0.01
    assert only_slices.deviation == pytest.approx(0.04 / sqrt(PAIRS), rel=0.1)


def test_one_value_per_start_has_one_level() -> None:
    found = estimate([[(10.0, 11.0)], [(10.0, 12.0)], [(10.0, 13.0)]])
    assert found.within is None
    assert found.between == found.deviation > 0


def test_a_single_start_has_a_ratio_and_no_deviation() -> None:
    found = estimate([[(10.0, 11.0), (10.0, 12.1)]])
    assert found.ratio == pytest.approx(sqrt(1.1 * 1.21))
    assert found.deviation == 0


def test_the_interval_narrows_with_the_starts() -> None:
    found = estimate(starts(1.2))
    (low, high), (low_later, high_later) = found.interval(4, 12), found.interval(4, 48)
    assert low is not None
    assert high is not None
    assert high_later is not None
    assert low_later is not None
    assert low < low_later < found.ratio < high_later < high
    assert log(high / low) == pytest.approx(2 * log(high_later / low_later))


def test_what_has_no_bound_has_no_interval() -> None:
    found = estimate(starts())
    assert found.interval(inf, 12) == (None, None)
    assert found.interval(1e6, 12) == (None, None)
    assert found.smallest_found(inf, 12) is None
    assert found.smallest_found(1e6, 12) is None


@pytest.mark.parametrize(
    ("count", "bound", "distance"), [(13, 4.05, 6.111), (6, 10.0, 15.113), (31, 3.5, 5.277)]
)
def test_the_smallest_change_found_is_that_of_the_noncentral_t(
    count: int, bound: float, distance: float
) -> None:
    # scipy.stats.nct: the noncentrality that is beyond the bound with a probability of 95%.
    found = estimate(starts(count=count))
    expected = exp(distance * found.deviation / sqrt(count)) - 1
    assert found.smallest_found(bound, count) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("error", "count"), [(0.05, 13), (0.004, 6), (0.004, 30), (0.0002, 13)])
def test_the_planned_bound_is_about_the_last_one(error: float, count: int) -> None:
    shares = tuple(number / count for number in range(1, count + 1))
    assert planned_bound(error, count) == pytest.approx(last_bound(error, shares), rel=0.04)


def test_values_that_are_hardly_numbers_have_a_ratio() -> None:
    found = estimate([[(5e-324, 1e15)], [(1e15, 5e-324)], [(1e-300, 1e15)]])
    assert 0 < found.base < inf
    assert 0 < found.head < inf
    assert found.interval(4, 3) == (None, None)


def test_a_fair_coin_is_rarely_called_loaded() -> None:
    random, error, tries = Random(3), 0.05, 2000  # noqa: S311 - not used for secrets
    alarms = 0
    for _ in range(tries):
        heads = 0
        for thrown in range(1, 200):
            heads += random.getrandbits(1)
            if coin_evidence(heads, thrown - heads) >= log(1 / error):
                alarms += 1
                break
    assert 0 < alarms / tries <= error


def test_evidence_needs_many_runs_and_bears_an_exception() -> None:
    needed = log(2 / 0.001)
    assert coin_evidence(12, 0) < needed <= coin_evidence(13, 0)
    assert coin_evidence(15, 1) < needed <= coin_evidence(16, 1)
    assert coin_evidence(0, 0) == 0
