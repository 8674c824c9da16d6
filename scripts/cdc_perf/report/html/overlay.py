"""The latencies of two runs, or of two versions, in the same axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from cdc_perf.report.html.chart import Chart, ChartTable, Line, NotSampled
from cdc_perf.report.html.distribution import Bins
from cdc_perf.report.html.figures import bare
from cdc_perf.report.html.latency import NEEDED, UNIT, percentile_over
from cdc_perf.report.html.spans import clock, width_for_samples, width_of_rows
from cdc_perf.runs.series import Series
from cdc_perf.settings.durations import format_duration
from cdc_perf.stats.histogram import Histogram

# The later one is a solid blue line; the base is orange and dashed.
COLORS = (2, 0)
_PERCENT = "% of samples"
_OVER_TIME = "p95"


@dataclass(frozen=True)
class Sides:
    """What is compared.

    Attributes:
        names: The names of the base and of the other one.
        kind: The word for either.
    """

    names: tuple[str, str]
    kind: str


_RUNS = Sides(("before", "now"), "run")


def overlay(before: Series, now: Series) -> tuple[Chart | NotSampled, ...]:
    """Return two runs' latency distributions, their tails, and p95 over time."""
    return (*distributions((before.steady, now.steady), _RUNS), _over_time((before, now)))


def distributions(
    both: tuple[Histogram, Histogram], sides: Sides
) -> tuple[Chart | NotSampled, ...]:
    """Return the shares of samples at each latency, and above it, without the warm-ups."""
    title, kind = f"Latency distribution of both {sides.kind}s", sides.kind
    if not all(each.buckets for each in both):
        return (NotSampled(title, f"one {kind} has no latency above 0"),)
    bins = Bins.of(both)
    counts = [bins.counts(each) for each in both]
    shares = [
        [100 * count / each.count for count in found]
        for found, each in zip(counts, both, strict=True)
    ]
    slower = [
        [100 * (each.count - each.zeroes - seen) / each.count for seen in accumulate(found)]
        for found, each in zip(counts, both, strict=True)
    ]
    numbers = [f"{name} {each.count:,}" for name, each in zip(sides.names, both, strict=True)]
    samples = f"Samples without warm-ups: {', '.join(numbers)}."
    return (
        Chart(
            key="distribution",
            title=title,
            unit=_PERCENT,
            description=f"{samples} Each line is the share of a {kind}'s samples at that latency. "
            "Logarithmic axis.",
            lines=_lines(sides, shares),
            table=_shares_table(sides, bins, shares),
            x="doublings",
            origin=bins.middle,
            step=bins.step,
        ),
        Chart(
            key="slower",
            title=f"Share of slower samples, both {kind}s",
            unit=_PERCENT,
            description=f"{samples} Each line is the share of a {kind}'s samples above that "
            "latency: where it crosses 5% is p95, 1% is p99. Logarithmic axes.",
            # A logarithmic axis has no zero, so the line ends at the largest sample.
            lines=_lines(sides, [[share or None for share in each] for each in slower]),
            table=_shares_table(sides, bins, slower),
            log=True,
            x="doublings",
            origin=bins.middle + bins.step / 2,
            step=bins.step,
        ),
    )


def _lines(sides: Sides, both: Sequence[Sequence[float | None]]) -> tuple[Line, ...]:
    return tuple(
        Line(name, values, "line", color)
        for name, values, color in zip(sides.names, both, COLORS, strict=True)
    )


def _shares_table(sides: Sides, bins: Bins, both: Sequence[Sequence[float]]) -> ChartTable:
    return ChartTable(
        ("latency, ms", *sides.names),
        tuple(
            (label, *(f"{share:.2f}%" for share in shares))
            for label, *shares in zip(bins.labels, *both, strict=True)
        ),
    )


def _over_time(both: Sequence[Series]) -> Chart | NotSampled:
    """Return a percentile of both over spans that are long enough for either."""
    title = f"{_OVER_TIME} over time, both runs"
    length = max(each.length for each in both)
    widths = [
        width_for_samples([h.count for h in each.histograms.values()], NEEDED[_OVER_TIME], length)
        for each in both
    ]
    known = [width for width in widths if width is not None]
    if len(known) < len(both):
        return NotSampled(title, f"one run has fewer than {NEEDED[_OVER_TIME]} samples")
    width = max(known)
    drawn = [percentile_over(each, _OVER_TIME, width, length) for each in both]
    row = max(width, width_of_rows(length))
    tabled = [percentile_over(each, _OVER_TIME, row, length) for each in both]
    return Chart(
        key="p95",
        title=title,
        unit=UNIT,
        description=(
            f"{_OVER_TIME} per {format_duration(width)}, from the start of each run, from merged "
            "histograms, accurate to 1.1%. Shaded: the later run's warm-up."
        ),
        lines=tuple(
            Line(side, line, "step", color)
            for side, line, color in zip(_RUNS.names, drawn, COLORS, strict=True)
        ),
        table=ChartTable(
            ("from", *(f"{side}, {UNIT}" for side in _RUNS.names)),
            tuple(
                (clock(at), *(bare(values[at], UNIT) for values in tabled))
                for at in range(0, length, row)
            ),
        ),
    )
