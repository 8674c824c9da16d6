"""The distribution of the latency."""

from itertools import accumulate
from math import log2

from scripts.report.html.chart import Chart, Line, NotSampled, Table
from scripts.report.html.figures import bare
from scripts.report.html.latency import UNIT
from scripts.report.html.series import Series
from scripts.results.points.buckets import bounds

_MOST_BARS = 60
# What a bucket is wide, whichever.
_DOUBLINGS = log2(bounds(0)[1])


def distribution(series: Series) -> Chart | NotSampled:
    """Return the histogram of the steady phase on a logarithmic axis, and its sum (CDF)."""
    title = "Latency distribution"
    steady = series.steady
    if not steady.buckets:
        return NotSampled(title, "there is no latency above 0 after the warm-up")
    first, last = min(steady.buckets), max(steady.buckets)
    together = 1
    while (last // together) - (first // together) >= _MOST_BARS:
        together *= 2
    groups = range(first // together, last // together + 1)
    counts = [
        sum(steady.buckets.get(group * together + each, 0) for each in range(together))
        for group in groups
    ]
    reached = [(steady.zeroes + seen) / steady.count for seen in accumulate(counts)]
    lows = [bounds(max(group * together, first))[0] for group in groups]
    highs = [bounds(min(group * together + together - 1, last))[1] for group in groups]
    width = together * _DOUBLINGS
    return Chart(
        key="distribution",
        title=title,
        unit="samples",
        says=(
            f"{steady.count:,} samples{' after the warm-up' if series.warm_up else ''}. Bars count "
            "samples; the line is the share of samples up to that latency. Logarithmic axis."
        ),
        lines=(
            Line("samples", counts, "bar", 0),
            Line("share up to here", reached, "line", 2, share=True),
        ),
        table=Table(
            ("latency, ms", "samples", "share up to here"),
            tuple(
                (f"{bare(low, UNIT)} to {bare(high, UNIT)}", f"{count:,}", f"{share:.2%}")
                for low, high, count, share in zip(lows, highs, counts, reached, strict=True)
            ),
        ),
        x="doublings",
        origin=(groups[0] + 0.5) * width,
        step=width,
    )
