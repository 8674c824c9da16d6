"""The latencies of two runs in the same axes."""

from collections.abc import Sequence
from itertools import accumulate

from cdc_perf.report.html.chart import Chart, ChartTable, Line, NotSampled
from cdc_perf.report.html.distribution import Bins
from cdc_perf.report.html.figures import bare
from cdc_perf.report.html.latency import NEEDED, UNIT, percentile_over
from cdc_perf.report.html.spans import clock, width_for_samples, width_of_rows
from cdc_perf.runs.series import Series
from cdc_perf.settings.durations import format_duration
from cdc_perf.stats.histogram import Histogram
from cdc_perf.wording import counted

_SIDES = ("before", "now")
# The report's run is a solid blue line; the base is orange and dashed.
_COLORS = (2, 0)
_PERCENT = "% of samples"
_OVER_TIME = "p95"


def overlay(before: Series, now: Series) -> tuple[Chart | NotSampled, ...]:
    """Return two runs' latency distributions, their tails, and p95 over time."""
    return (*_spread(before.steady, now.steady), _over_time((before, now)))


def _spread(*both: Histogram) -> tuple[Chart | NotSampled, ...]:
    """Return the shares of samples at each latency, and above it, of two steady phases."""
    if not all(each.buckets for each in both):
        return (NotSampled("Latency distribution of both runs", "one run has no latency above 0"),)
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
    before, now = counted(both[0].count, "sample"), f"{both[1].count:,}"
    samples = f"{before} before, {now} now, without warm-ups."
    return (
        Chart(
            key="distribution",
            title="Latency distribution of both runs",
            unit=_PERCENT,
            description=f"{samples} Each line is the share of a run's samples at that latency. "
            "Logarithmic axis.",
            lines=_lines(shares),
            table=_shares_table(bins, shares),
            x="doublings",
            origin=bins.middle,
            step=bins.step,
        ),
        Chart(
            key="slower",
            title="Share of slower samples, both runs",
            unit=_PERCENT,
            description=f"{samples} Each line is the share of a run's samples above that latency: "
            "where it crosses 5% is p95, 1% is p99. Logarithmic axes.",
            # A logarithmic axis has no zero, so the line ends at the largest sample.
            lines=_lines([[share or None for share in run] for run in slower]),
            table=_shares_table(bins, slower),
            log=True,
            x="doublings",
            origin=bins.middle + bins.step / 2,
            step=bins.step,
        ),
    )


def _lines(runs: Sequence[Sequence[float | None]]) -> tuple[Line, ...]:
    return tuple(
        Line(side, values, "line", color)
        for side, values, color in zip(_SIDES, runs, _COLORS, strict=True)
    )


def _shares_table(bins: Bins, runs: Sequence[Sequence[float]]) -> ChartTable:
    return ChartTable(
        ("latency, ms", *_SIDES),
        tuple(
            (label, *(f"{share:.2f}%" for share in shares))
            for label, *shares in zip(bins.labels, *runs, strict=True)
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
            for side, line, color in zip(_SIDES, drawn, _COLORS, strict=True)
        ),
        table=ChartTable(
            ("from", *(f"{side}, {UNIT}" for side in _SIDES)),
            tuple(
                (clock(at), *(bare(values[at], UNIT) for values in tabled))
                for at in range(0, length, row)
            ),
        ),
    )
