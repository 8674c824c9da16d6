"""A chart, and the table with the same figures, which needs no canvas."""

import struct
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan
from typing import Literal

Values = Sequence[float | None]

MOST_POINTS = 10_000
_LARGEST = 3.4e38


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        label: Its name in the legend.
        values: A value for each position of the chart, in the chart's unit; None is a gap.
        drawn: `line`, `step` (each value holds until the next position), `edge` of a band that is
            filled up to the edge after it, or `bar`.
        color: The index of its color in the page's palette.
        share: Whether it is a share of 0 to 1 with its own axis on the right.
    """

    label: str
    values: Values
    drawn: Literal["line", "step", "edge", "bar"] = "line"
    color: int = 0
    share: bool = False


@dataclass(frozen=True)
class ChartTable:
    """The figures of a chart as text: at most 60 rows; the first column has the row headings."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Chart:
    """The content of one pair of axes.

    Attributes:
        key: Its name within its scenario, of letters and dashes.
        title: Its title for people.
        unit: The unit of the values.
        description: A description in sentences, for readers without the picture.
        lines: At the positions 0, 1, 2, and so on.
        table: The same figures as text.
        log: Whether the values have a logarithmic axis.
        x: `time`: positions are seconds since the start; `doublings`: positions are logarithms
            to base 2; `labels`: positions are those of `labels`. They are counted from `origin`,
            `step` apart.
        origin: The value at position 0.
        step: The distance between two positions.
        at: The values at the positions, in ascending order, if they are not `step` apart.
        labels: The text at each position.
    """

    key: str
    title: str
    unit: str
    description: str
    lines: tuple[Line, ...]
    table: ChartTable
    log: bool = False
    x: Literal["time", "doublings", "labels"] = "time"
    origin: float = 0.0
    step: float = 1.0
    at: Sequence[float] = ()
    labels: tuple[str, ...] = ()

    def data(self) -> Mapping[str, object]:
        """Return the input of the page's script (templates/charts.js)."""
        positions, values = decimated([line.values for line in self.lines])
        return {
            "title": self.title,
            "unit": self.unit,
            "log": self.log,
            "x": self.x,
            "labels": self.labels,
            "positions": packed([self._value_at(at) for at in positions if at is not None]),
            "lines": [
                {
                    "label": line.label,
                    "drawn": line.drawn,
                    "color": line.color,
                    "share": line.share,
                    "values": packed(decimal),
                }
                for line, decimal in zip(self.lines, values, strict=True)
            ],
        }

    def _value_at(self, position: float) -> float:
        return self.at[int(position)] if self.at else self.origin + self.step * position


@dataclass(frozen=True)
class NotSampled:
    """A chart without data.

    Attributes:
        title: Its title.
        why: Why there is no data, in a sentence.
    """

    title: str
    why: str


def packed(values: Values) -> str:
    """Return numbers as base64 of little-endian 32-bit floats; a gap is NaN.

    A number beyond the largest such float becomes that float.
    """
    numbers = [nan if value is None else max(-_LARGEST, min(value, _LARGEST)) for value in values]
    return b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode("ascii")


def decimated(lines: Sequence[Values], most: int = MOST_POINTS) -> tuple[Values, list[Values]]:
    """Return positions and, for each line, values at them: at most `most` values in total.

    If there are more, each group of neighbors keeps only its smallest and its largest value, in
    their order, so that no peak is lost; both are drawn at the group's two positions.

    Args:
        lines: Values at the positions 0, 1, 2, and so on; all lines have the same length.
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
    """Return the smallest and the largest value, in the order in which they occur."""
    there = [(value, at) for at, value in enumerate(values) if value is not None]
    if not there:
        return None, None
    (least, first), (largest, second) = min(there), max(there)
    return (least, largest) if first <= second else (largest, least)
