"""What a ratio shows: that it changed, that it did not, or neither.

The interval is that of the look: a repeated confidence interval (Jennison and Turnbull, Journal of
the Royal Statistical Society B 51, 1989). The intervals of all looks together contain the true
ratio with its confidence, whenever the comparison stops.
"""

from bisect import bisect_left
from dataclasses import dataclass
from enum import IntEnum

from cdc_perf.stats.comparison import RatioEstimate, planned_bound
from cdc_perf.stats.intervals import CONFIDENCE
from cdc_perf.stats.sequential import last_bound

# The probability that the interval of a claim that nothing changed does not contain the true ratio.
# It needs no correction for several figures: all of them must be the same.
SAME_ERROR = 1 - CONFIDENCE


class Direction(IntEnum):
    """Which way a ratio changed, as far as it is significant."""

    LOWER = -1
    UNKNOWN = 0
    HIGHER = 1


@dataclass(frozen=True)
class Rule:
    """What is claimed of a ratio.

    Attributes:
        error: The probability to claim a change of equal versions at any look.
        effect: The smallest change that matters, as a share.
    """

    error: float
    effect: float


@dataclass(frozen=True)
class Claim:
    """What a ratio shows.

    Attributes:
        direction: Which way it changed, as far as it is significant.
        is_same: Whether it lies within the effect that matters; also if it is significant.
        low: The lower end of the interval that shows it; None without a bound.
        high: The upper end.
        confidence: Its confidence.
        smallest_found: The smallest change that is significant with 95% power, as a share; None
            without a bound.
    """

    direction: Direction
    is_same: bool
    low: float | None
    high: float | None
    confidence: float
    smallest_found: float | None

    @property
    def is_settled(self) -> bool:
        """Whether it shows anything."""
        return self.is_same or self.direction is not Direction.UNKNOWN


def claim_now(found: RatioEstimate, shares: tuple[float, ...], rule: Rule) -> Claim:
    """Return what a ratio shows at this look.

    Args:
        found: The estimate, of at least three starts.
        shares: The share of the time that was over after each start, in order.
        rule: What is claimed.
    """
    bounds = last_bound(rule.error, shares), last_bound(SAME_ERROR, shares)
    return _claim(found, found.starts, bounds, rule)


def claim_after(found: RatioEstimate, starts: int, rule: Rule) -> Claim:
    """Return what a ratio shows if this many starts find the same, when their time is over."""
    bounds = planned_bound(rule.error, starts), planned_bound(SAME_ERROR, starts)
    return _claim(found, starts, bounds, rule)


def starts_needed(found: RatioEstimate, rule: Rule, most: int) -> int | None:
    """Return how many starts show something if they find the same; None if `most` do not."""
    numbers = range(found.starts + 1, most + 1)
    place = bisect_left(
        numbers, x=True, key=lambda starts: claim_after(found, starts, rule).is_settled
    )
    return numbers[place] if place < len(numbers) else None


def _claim(found: RatioEstimate, starts: int, bounds: tuple[float, float], rule: Rule) -> Claim:
    of_change, of_same = (found.interval(bound, starts) for bound in bounds)
    is_same = _is_within(of_same, rule.effect)
    low, high = of_same if is_same else of_change
    return Claim(
        direction=_direction(of_change),
        is_same=is_same,
        low=low,
        high=high,
        confidence=1 - (SAME_ERROR if is_same else rule.error),
        smallest_found=found.smallest_found(bounds[0], starts),
    )


def _direction(ends: tuple[float | None, float | None]) -> Direction:
    low, high = ends
    if low is not None and low > 1:
        return Direction.HIGHER
    return Direction.LOWER if high is not None and high < 1 else Direction.UNKNOWN


def _is_within(ends: tuple[float | None, float | None], effect: float) -> bool:
    low, high = ends
    return low is not None and high is not None and 1 / (1 + effect) <= low and high <= 1 + effect
