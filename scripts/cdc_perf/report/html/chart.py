"""A chart, and the table that says the same without a canvas."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cdc_perf.report.html.pack import Values, decimated, packed


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        label: Its name in the legend.
        values: A value for each position of the chart, in the chart's unit; None is a hole.
        drawn: `line`, `step` (each value holds until the next position), `edge` of a band that is
            filled up to the edge after it, or `bar`.
        colour: Which colour of the page's palette, from 0.
        share: It is a share of 0 to 1 with an axis of its own, on the right.
    """

    label: str
    values: Values
    drawn: Literal["line", "step", "edge", "bar"] = "line"
    colour: int = 0
    share: bool = False


@dataclass(frozen=True)
class ChartTable:
    """The figures of a chart as text: at most 60 rows, the first column heads each row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Chart:
    """What is drawn on one pair of axes.

    Attributes:
        key: Its name within its scenario, of letters and dashes.
        title: For people.
        unit: Of the values.
        says: What it shows, in sentences: it stands for the picture where there is none.
        lines: At the positions 0, 1, 2 and so on.
        table: The same in figures.
        log: Whether the values have a logarithmic axis.
        x: `time`: positions are seconds since the start; `doublings`: positions are logarithms
            to base 2, counted from `origin`, `step` apart.
        origin: The value that position 0 stands for.
        step: What lies between two positions.
    """

    key: str
    title: str
    unit: str
    says: str
    lines: tuple[Line, ...]
    table: ChartTable
    log: bool = False
    x: Literal["time", "doublings"] = "time"
    origin: float = 0.0
    step: float = 1.0

    def data(self) -> Mapping[str, object]:
        """Return what the page's script draws (templates/charts.js)."""
        positions, values = decimated([line.values for line in self.lines])
        return {
            "title": self.title,
            "unit": self.unit,
            "log": self.log,
            "x": self.x,
            "positions": packed(
                [self.origin + self.step * at for at in positions if at is not None]
            ),
            "lines": [
                {
                    "label": line.label,
                    "drawn": line.drawn,
                    "colour": line.colour,
                    "share": line.share,
                    "values": packed(decimal),
                }
                for line, decimal in zip(self.lines, values, strict=True)
            ],
        }


@dataclass(frozen=True)
class NotSampled:
    """A chart that there is nothing for.

    Attributes:
        title: What it would show.
        why: Why it does not, in a sentence.
    """

    title: str
    why: str
