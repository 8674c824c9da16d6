"""Bounds for a t statistic that is looked at after every observation.

The error is spent over the looks (Lan and DeMets, Biometrika 70, 1983), by the fourth power of the
share of the time that is over (Kim and DeMets, Biometrika 74, 1987). So little is spent early, when
the variance is hardly known, and the last bound is close to that of a single look. The times of the
looks must not depend on the values (Lan and DeMets, Statistics in Medicine 8, 1989).

The bounds are those of t itself: successive normal statistics are correlated more, so their bounds
would be crossed too often. Normal observations with mean 0 have the direction v = sum(x) /
sqrt(sum(x^2)), and t = v sqrt((n - 1) / (n - v^2)). The next observation turns it by an angle that
does not depend on v: v' = v cos(angle) + sin(angle), where sqrt(n) tan(angle) has Student's
distribution with n degrees of freedom. So the probability of crossing a bound is integrated look by
look, as Armitage, McPherson and Rowe did for the normal distribution (Journal of the Royal
Statistical Society A 132, 1969).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from math import asin, asinh, atan, pi, sinh, sqrt

from cdc_perf.stats.student import falls_to, upper_quantile, within

# The fewest observations that are looked at: two degrees of freedom.
LEAST_OBSERVATIONS = 3
# The power of the time by which the error is spent.
_POWER = 4
# The cells of the distribution on each side of 0: the bounds are within 1% of the exact ones.
_CELLS = 40
# Beyond this many, the errors of the looks are only added up, which is never too little.
_MOST_INTEGRATED = 60
# A statistic beyond this counts as this one.
_LARGEST = 1e6
_RIGHT_ANGLE = pi / 2


@dataclass(frozen=True)
class _Look:
    """The distribution after a look, of what has crossed no bound.

    Attributes:
        count: The number of observations.
        bound: The bound of |t| at this look.
        cells: Directions above 0 with the probability of each; those below 0 mirror them.
    """

    count: int
    bound: float
    cells: tuple[tuple[float, float], ...]


@lru_cache(maxsize=256)
def last_bound(error: float, shares: tuple[float, ...]) -> float:
    """Return the bound of |t| at the last look; infinite if no error is left for it.

    Args:
        error: The probability of crossing any bound if the mean is 0.
        shares: The share of the time that was over after each observation; at least three. The
            first two are not looked at.
    """
    times = accumulate(shares[LEAST_OBSERVATIONS - 1 :], max)
    ends = [error * min(max(time, 0.0), 1.0) ** _POWER for time in times]
    errors = [ends[0], *(after - before for before, after in pairwise(ends))]
    if len(shares) > _MOST_INTEGRATED:
        return upper_quantile(errors[-1] / 2, len(shares) - 1)
    look = _first(errors[0])
    for each in errors[1:]:
        look = _next(look, each)
    return look.bound


@lru_cache(maxsize=64)
def _first(error: float) -> _Look:
    freedom = LEAST_OBSERVATIONS - 1
    bound = upper_quantile(error / 2, freedom)
    edges = _edges(bound)
    below = [within(atan(edge / sqrt(freedom)), freedom) / 2 for edge in edges]
    return _Look(LEAST_OBSERVATIONS, bound, _cells(edges, below, LEAST_OBSERVATIONS))


@lru_cache(maxsize=1024)
def _next(look: _Look, error: float) -> _Look:
    """Return the look after one more observation, which crosses with a probability of the error."""
    count = look.count + 1
    bound = falls_to(error / 2, lambda t: _beyond(look, _direction(t, count)))
    edges = _edges(bound)
    below = [-_beyond(look, _direction(edge, count)) for edge in edges]
    return _Look(count, bound, _cells(edges, below, count))


def _edges(bound: float) -> list[float]:
    """Return the cells' edges from 0 to a bound: even near 0, in even ratios far from it."""
    step = asinh(min(bound, _LARGEST)) / _CELLS
    return [sinh(step * each) for each in range(_CELLS + 1)]


def _cells(
    edges: Sequence[float], below: Sequence[float], count: int
) -> tuple[tuple[float, float], ...]:
    middles = (sinh((asinh(low) + asinh(high)) / 2) for low, high in pairwise(edges))
    masses = (after - before for before, after in pairwise(below))
    return tuple((_direction(t, count), mass) for t, mass in zip(middles, masses, strict=True))


def _direction(t: float, count: int) -> float:
    return t * sqrt(count / (count - 1 + t * t))


def _beyond(look: _Look, limit: float) -> float:
    """Return the probability that the next direction is above a limit."""
    return sum(
        mass * (_above(limit, start, look.count) + _above(limit, -start, look.count))
        for start, mass in look.cells
    )


def _above(limit: float, start: float, count: int) -> float:
    """Return the probability that the direction after one more observation is above a limit.

    start cos(angle) + sin(angle) is above it between two angles.

    Args:
        limit: At least 0.
        start: The direction before.
        count: The number of observations before.
    """
    radius = sqrt(1 + start * start)
    if limit >= radius:
        return 0.0
    turned, angle = atan(start), asin(limit / radius)
    low = min(max(angle - turned, -_RIGHT_ANGLE), _RIGHT_ANGLE)
    high = min(pi - angle - turned, _RIGHT_ANGLE)
    return (within(high, count) - within(low, count)) / 2
