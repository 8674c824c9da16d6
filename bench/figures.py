"""Figures with their spread, and their table."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from cdc_perf.reasons.figures import figure


@dataclass(frozen=True)
class Figure:
    """One quantity, measured several times in one run of the benchmark.

    Attributes:
        name: What was measured.
        unit: The unit of the values: `s`, `ms`, `MiB`, `events/s`, ...
        values: The values in the order of measurement; at least one.
        note: What a reader needs to know about it; may be empty.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    note: str = ""

    @property
    def median(self) -> float:
        """The median of the values."""
        return statistics.median(self.values)

    def row(self) -> tuple[str, ...]:
        """Return the cells of the table: name, median, minimum to maximum, count, note."""
        spread = " - ".join(figure(x, self.unit) for x in (min(self.values), max(self.values)))
        median = figure(self.median, self.unit)
        times = len(self.values)
        return (self.name, median, spread if times > 1 else "", str(times), self.note)


def table(figures: Iterable[Figure]) -> str:
    """Return a Markdown table."""
    headers = ("figure", "median", "min - max", "runs", "")
    rows = [figure.row() for figure in figures]
    return tabulate(rows, headers, tablefmt="pipe", disable_numparse=True)


def ratio(name: str, numerator: Figure, denominator: Figure) -> Figure:
    """Return the ratio of two medians of one run."""
    return Figure(name, "times", (numerator.median / denominator.median,))


def named(figures: Sequence[Figure], name: str) -> Figure:
    """Return the figure with that name."""
    return next(figure for figure in figures if figure.name == name)
