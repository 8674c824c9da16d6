"""What a ratio shows at a look."""

from math import exp

import pytest

from cdc_perf.stats.claims import Claim, Direction, Rule, claim_after, claim_now, starts_needed
from cdc_perf.stats.comparison import RatioEstimate

STARTS = 12
RULE = Rule(error=0.004, effect=0.05)
SHARES = tuple(number / STARTS for number in range(1, STARTS + 1))


def found(center: float, deviation: float = 0.02, starts: int = STARTS) -> RatioEstimate:
    return RatioEstimate(10.0, 10 * exp(center), center, starts, deviation, deviation, None)


def shown(claim: Claim) -> tuple[Direction, bool]:
    return claim.direction, claim.is_same


@pytest.mark.parametrize(
    ("center", "expected"),
    [
        (0.0, (Direction.UNKNOWN, True)),
        (0.03, (Direction.HIGHER, True)),
        (-0.03, (Direction.LOWER, True)),
        (0.05, (Direction.HIGHER, False)),
        (-0.05, (Direction.LOWER, False)),
    ],
)
def test_a_small_deviation_shows_every_change(
    center: float, expected: tuple[Direction, bool]
) -> None:
    assert shown(claim_now(found(center), SHARES, RULE)) == expected


def test_the_interval_is_the_one_that_shows_the_claim() -> None:
    same, changed = (claim_now(found(x), SHARES, RULE) for x in (0.02, 0.08))
    assert (same.confidence, changed.confidence) == (0.95, 0.996)
    for claim in (same, changed):
        assert claim.low is not None
        assert claim.high is not None
    assert 1 / 1.05 < (same.low or 0) < (same.high or 0) < 1.05
    assert (changed.low or 0) > 1
    assert (changed.high or 0) / (changed.low or 1) > (same.high or 0) / (same.low or 1)


def test_a_large_deviation_shows_nothing() -> None:
    claim = claim_now(found(0.03, 0.2), SHARES, RULE)
    assert shown(claim) == (Direction.UNKNOWN, False)
    assert not claim.is_settled


def test_an_early_look_needs_more() -> None:
    early = claim_now(found(0.1, starts=4), SHARES[:4], RULE)
    assert shown(early) == (Direction.UNKNOWN, False)
    assert shown(claim_after(found(0.1, starts=4), STARTS, RULE)) == (Direction.HIGHER, False)


def test_how_many_starts_show_something() -> None:
    wide = found(0.03, 0.1)
    needed = starts_needed(wide, RULE, 2000)
    assert needed is not None
    assert claim_after(wide, needed, RULE).is_settled
    assert not claim_after(wide, needed - 1, RULE).is_settled
    assert starts_needed(wide, RULE, needed - 1) is None
    # The closer it is to the effect that matters, the more it takes to show that it is below.
    nearer = starts_needed(found(0.01, 0.1), RULE, 2000)
    assert nearer is not None
    assert nearer < needed


def test_the_smallest_change_found_is_beyond_the_interval() -> None:
    claim = claim_now(found(0.0), SHARES, RULE)
    assert claim.smallest_found is not None
    assert claim.smallest_found > (claim.high or 0) - 1
