"""Percentiles of a few values."""

from collections.abc import Sequence
from math import floor


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile of at least one value, by linear interpolation, as k6 does.

    Args:
        values: The values, in any order.
        share: The share of the values below it, 0 to 1.
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
