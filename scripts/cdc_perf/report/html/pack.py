"""Series as the page carries them: few enough points, in few bytes."""

import struct
from base64 import b64encode
from collections.abc import Sequence
from itertools import pairwise
from math import nan

Values = Sequence[float | None]

MOST_POINTS = 10_000
_LARGEST = 3.4e38


def packed(values: Values) -> str:
    """Return numbers as base64 of little-endian 32-bit floats; a hole is not-a-number.

    A number beyond the largest of those floats counts as that.
    """
    numbers = [nan if value is None else max(-_LARGEST, min(value, _LARGEST)) for value in values]
    return b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode("ascii")


def decimated(lines: Sequence[Values], most: int = MOST_POINTS) -> tuple[Values, list[Values]]:
    """Return positions and, for each line, values at them: at most `most` values in all.

    Where there are more, each group of neighbours is left with its smallest and its largest value,
    in their order, so that no peak is lost; both are drawn at the group's two positions.

    Args:
        lines: Values at the positions 0, 1, 2 and so on, equally many.
        most: Values of all lines together.
    """
    length = len(lines[0]) if lines else 0
    budget = most // max(1, len(lines))
    if length <= budget:
        return [float(at) for at in range(length)], list(lines)
    groups = budget // 2
    edges = [round(length * group / groups) for group in range(groups + 1)]
    spans = list(pairwise(edges))
    positions: list[float | None] = []
    for begin, end in spans:
        positions += [float(begin), (begin + end) / 2]
    return positions, [
        [value for begin, end in spans for value in _extremes(line[begin:end])] for line in lines
    ]


def _extremes(values: Values) -> tuple[float | None, float | None]:
    """Return the smallest and the largest value in the order in which they come."""
    there = [(value, at) for at, value in enumerate(values) if value is not None]
    if not there:
        return None, None
    (least, first), (largest, second) = min(there), max(there)
    return (least, largest) if first <= second else (largest, least)
