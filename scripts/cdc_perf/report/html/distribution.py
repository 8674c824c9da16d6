"""The latency distribution."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from math import log2

from cdc_perf.report.html.chart import Chart, ChartTable, Line, NotSampled
from cdc_perf.report.html.figures import bare
from cdc_perf.report.html.latency import UNIT
from cdc_perf.runs.series import Series
from cdc_perf.stats.buckets import bounds
from cdc_perf.stats.histogram import Histogram
from cdc_perf.wording import counted

_MOST_BARS = 60
# The width of every bucket.
_DOUBLINGS = log2(bounds(0)[1])


@dataclass(frozen=True)
class Bins:
    """Groups of neighboring buckets, so that a chart has at most 60 bars.

    Attributes:
        first: The lowest bucket with samples.
        last: The highest.
        together: The number of buckets in a bin.
    """

    first: int
    last: int
    together: int

    @classmethod
    def of(cls, histograms: Iterable[Histogram]) -> "Bins":
        """Return the bins for histograms, of which at least one has a sample above 0."""
        used = [bucket for each in histograms for bucket in each.buckets]
        first, last, together = min(used), max(used), 1
        while (last // together) - (first // together) >= _MOST_BARS:
            together *= 2
        return cls(first, last, together)

    @property
    def numbers(self) -> range:
        """The bins' numbers."""
        return range(self.first // self.together, self.last // self.together + 1)

    @property
    def step(self) -> float:
        """The width of a bin in doublings."""
        return self.together * _DOUBLINGS

    @property
    def middle(self) -> float:
        """The middle of the first bin, as a logarithm to base 2."""
        return (self.numbers[0] + 0.5) * self.step

    @property
    def labels(self) -> list[str]:
        """The range of each bin in milliseconds."""
        ends = [
            (
                bounds(max(number * self.together, self.first))[0],
                bounds(min((number + 1) * self.together - 1, self.last))[1],
            )
            for number in self.numbers
        ]
        return [f"{bare(low, UNIT)} to {bare(high, UNIT)}" for low, high in ends]

    def counts(self, histogram: Histogram) -> list[int]:
        """Return the samples of each bin."""
        return [
            sum(histogram.buckets.get(n * self.together + each, 0) for each in range(self.together))
            for n in self.numbers
        ]


def distribution(series: Series) -> Chart | NotSampled:
    """Return the histogram after the warm-up on a logarithmic axis, and its running sum (CDF)."""
    title = "Latency distribution"
    steady = series.steady
    if not steady.buckets:
        return NotSampled(title, "no latency above 0 after the warm-up")
    bins = Bins.of([steady])
    counts = bins.counts(steady)
    reached = [(steady.zeroes + seen) / steady.count for seen in accumulate(counts)]
    return Chart(
        key="distribution",
        title=title,
        unit="samples",
        description=(
            f"{counted(steady.count, 'sample')}{' after the warm-up' if series.warm_up else ''}. "
            "Bars count samples; the line is their cumulative share. "
            "Logarithmic axis."
        ),
        lines=(
            Line("samples", counts, "bar", 0),
            Line("cumulative share", reached, "line", 2, share=True),
        ),
        table=ChartTable(
            ("latency, ms", "samples", "cumulative share"),
            tuple(
                (label, f"{count:,}", f"{share:.2%}")
                for label, count, share in zip(bins.labels, counts, reached, strict=True)
            ),
        ),
        x="doublings",
        origin=bins.middle,
        step=bins.step,
    )
