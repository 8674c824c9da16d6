"""Student's t distribution for whole degrees of freedom."""

from collections.abc import Callable
from functools import lru_cache
from math import atan2, cos, erfc, inf, log1p, pi, sin, sqrt

# Beyond this many degrees of freedom the sum is long, and the approximation has six digits.
_LONGEST_SUM = 200
_BISECTIONS = 60
_LARGEST = 1e9


def within(angle: float, freedom: int) -> float:
    """Return the probability that |t| is at most sqrt(freedom) * tan(angle).

    Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, 26.7.3 and 26.7.4.

    Args:
        angle: From -pi/2 to pi/2; the probability has the sign of the angle.
        freedom: The degrees of freedom, at least 1.
    """
    odd = freedom % 2
    sine, square = sin(angle), cos(angle) ** 2
    total, term = 0.0, cos(angle) if odd else 1.0
    for factor in range(1 + odd, freedom + odd, 2):
        total += term
        term *= square * factor / (factor + 1)
    return 2 / pi * (angle + sine * total) if odd else sine * total


def tail(t: float, freedom: int) -> float:
    """Return the probability of a value above t, for t of at least 0.

    Beyond 200 degrees of freedom: Wallace's normal approximation, Annals of Mathematical Statistics
    30, 1959, doi:10.1214/aoms/1177706077.
    """
    if freedom > _LONGEST_SUM:
        deviation = (8 * freedom + 1) / (8 * freedom + 3) * sqrt(freedom * log1p(t * t / freedom))
        return erfc(deviation / sqrt(2)) / 2
    return (1 - within(atan2(t, sqrt(freedom)), freedom)) / 2


@lru_cache(maxsize=4096)
def upper_quantile(probability: float, freedom: int) -> float:
    """Return the value that is exceeded with a probability of at most 0.5; infinite for 0."""
    return falls_to(probability, lambda t: tail(t, freedom))


def falls_to(target: float, falling: Callable[[float], float]) -> float:
    """Return where a function that falls from 0 on reaches a target.

    Returns:
        From 0 to a thousand million; infinite beyond, and for a target of 0.
    """
    low, high = 0.0, 1.0
    while falling(high) > target:
        if high > _LARGEST:
            return inf
        low, high = high, 2 * high
    if target <= 0:
        return inf
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > target else (low, middle)
    return high
