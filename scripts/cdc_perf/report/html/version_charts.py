"""The charts of two versions: both distributions, the shift function, and every slice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from cdc_perf.report.html.chart import Chart, ChartTable, Line, NotSampled
from cdc_perf.report.html.charts import ChartOrPlaceholder, Mark
from cdc_perf.report.html.figures import bare
from cdc_perf.report.html.latency import UNIT
from cdc_perf.report.html.overlay import COLORS, Sides, distributions
from cdc_perf.report.html.spans import MOST_ROWS
from cdc_perf.report.rows import NOTHING
from cdc_perf.results.comparison import Comparison, Side, Slice, Start
from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed
from cdc_perf.stats.histogram import merged, of_counts
from cdc_perf.stats.intervals import Interval
from cdc_perf.stats.shift import Shift, StartSamples, shift_function
from cdc_perf.verdict.comparison_figures import SlicePair, counted_pairs
from cdc_perf.wording import counted

_VERSIONS = Sides((Side.BASE, Side.HEAD), "version")
# A quantile needs the samples of its rarer side: 30 for p10, as for p90.
_NEEDED = {
    percent / 100: max(
        samples_needed(MetricType.TREND, f"p{each}", 0) for each in (percent, 100 - percent)
    )
    for percent in (*range(10, 100, 10), 95, 99)
}
_LEFT_OUT = "left out"
_COLORS = {**dict(zip(_VERSIONS.names, COLORS, strict=True)), _LEFT_OUT: 3}
_MOST_CELLS = 24


@dataclass(frozen=True)
class VersionCharts:
    """The charts of a comparison.

    Attributes:
        distributions: Both latency distributions, and their tails.
        shift: The difference at each percentile, in ms and in percent.
        slices: p50 and p95 of each slice.
        marks: Where each start begins in the charts of the slices.
        anchor: The name of the charts' group in the page.
        name: Whose charts they are; empty because the titles say it.
    """

    distributions: tuple[ChartOrPlaceholder, ...]
    shift: tuple[ChartOrPlaceholder, ...]
    slices: tuple[ChartOrPlaceholder, ...]
    marks: tuple[Mark, ...]
    anchor: str = "versions"
    name: str = ""

    def data(self) -> Mapping[str, object]:
        """Return the input of the page's script."""
        parts = (*self.distributions, *self.shift, *self.slices)
        charts = {each.key: each.data() for each in parts if isinstance(each, Chart)}
        return {"warm_up": 0, "marks": self.marks, "charts": charts}


@dataclass(frozen=True)
class _Point:
    """An end of a slice in the charts over time.

    Attributes:
        at: Seconds under load, over all starts.
        line: The name of its line; empty at the begin of a start, where every line ends.
        slice: The slice; None at the begin of a start.
    """

    at: float
    line: str
    slice: Slice | None

    def value(self, stat: str, line: str) -> float | None:
        """Return the point's value on a line."""
        return getattr(self.slice, stat) if self.slice and line == self.line else None


def version_charts(comparison: Comparison) -> VersionCharts:
    """Return the charts of a comparison."""
    starts, seconds = comparison.starts, comparison.slice_seconds
    by_start = [_samples(counted_pairs(start)) for start in starts]
    both = merged(base for base, _ in by_start), merged(head for _, head in by_start)
    begins = list(accumulate((_length(start, seconds) for start in starts), initial=0.0))
    points = [
        point
        for start, begin in zip(starts, begins, strict=False)
        for point in _points(start, begin, seconds)
    ]
    return VersionCharts(
        distributions=distributions(both, _VERSIONS),
        shift=_shift(shift_function(by_start, _NEEDED), comparison.effect),
        slices=tuple(_over_time(starts, points, stat) for stat in ("p50", "p95")),
        marks=tuple(
            Mark(begin, str(start.number), parts=True)
            for start, begin in zip(starts, begins, strict=False)
            if len(starts) <= MOST_ROWS
        ),
    )


def _samples(pairs: Sequence[SlicePair]) -> StartSamples:
    """Return the samples of base and of head in pairs of slices."""
    return (
        merged(of_counts(base.latencies) for base, _ in pairs),
        merged(of_counts(head.latencies) for _, head in pairs),
    )


def _shift(shifts: Sequence[Shift], effect: float) -> tuple[ChartOrPlaceholder, ...]:
    """Return the shift function in ms, and in percent of base with the change that matters."""
    title = "Difference at each percentile"
    if not shifts:
        return (NotSampled(title, "no start has enough valid samples of both versions"),)
    labels, matters, band = tuple(map(_label, shifts)), 100 * effect, _about_the_band(shifts)
    margins = [
        Line(f"{each:+.3g}%", [each] * len(shifts), color=COLORS[0]) for each in (matters, -matters)
    ]
    return (
        Chart(
            key="shift",
            title=title,
            unit=UNIT,
            description=f"Head minus base: above 0, head is slower. {band}",
            lines=(
                *_band([each.difference.interval for each in shifts], 1),
                Line("head - base", [each.difference.value for each in shifts]),
            ),
            table=_table_in_ms(shifts),
            x="labels",
            labels=labels,
        ),
        Chart(
            key="shift-percent",
            title=f"{title}, relative to base",
            unit="%",
            description=f"Dashed: the smallest change that matters, {matters:.3g}%. {band}",
            lines=(
                *_band([each.change.interval for each in shifts], 100),
                Line("change", [100 * each.change.value for each in shifts]),
                *margins,
            ),
            table=_table_in_percent(shifts),
            x="labels",
            labels=labels,
        ),
    )


def _about_the_band(shifts: Sequence[Shift]) -> str:
    starts = max(each.starts for each in shifts)
    if starts == 1:
        return "A single start has no band."
    return (
        f"Mean of {counted(starts, 'start')}. With 95% confidence, the true differences at all "
        "percentiles are within the band (Student's interval, Bonferroni's correction)."
    )


def _band(intervals: Sequence[Interval], unit: float) -> tuple[Line, ...]:
    """Return the edges of a band, in multiples of a unit."""
    return (
        Line("band to", [None if x.high is None else unit * x.high for x in intervals], "edge"),
        Line("band from", [None if x.low is None else unit * x.low for x in intervals]),
    )


def _label(shift: Shift) -> str:
    return f"p{100 * shift.share:.0f}"


def _table_in_ms(shifts: Sequence[Shift]) -> ChartTable:
    columns = ("percentile", "base, ms", "head, ms", "head - base, ms", "band, ms", "starts")
    rows = (
        (
            _label(each),
            bare(each.base, UNIT),
            bare(each.head, UNIT),
            f"{each.difference.value:+,.2f}",
            _range(each.difference.interval, 1, "+,.2f"),
            str(each.starts),
        )
        for each in shifts
    )
    return ChartTable(columns, tuple(rows))


def _table_in_percent(shifts: Sequence[Shift]) -> ChartTable:
    rows = (
        (
            _label(each),
            f"{100 * each.change.value:+,.1f}",
            _range(each.change.interval, 100, "+,.1f"),
            str(each.starts),
        )
        for each in shifts
    )
    return ChartTable(("percentile", "change, %", "band, %", "starts"), tuple(rows))


def _range(interval: Interval, unit: float, form: str) -> str:
    if interval.low is None or interval.high is None:
        return NOTHING
    return f"{unit * interval.low:{form}} to {unit * interval.high:{form}}"


def _length(start: Start, slice_seconds: float) -> float:
    """Return the seconds from the begin of a start's load to the end of its last slice."""
    return max((each.began + slice_seconds for each in start.slices), default=0.0)


def _points(start: Start, begin: float, slice_seconds: float) -> Iterator[_Point]:
    yield _Point(begin, "", None)
    for each, line in _in_order(start):
        yield _Point(begin + each.began, line, each)
        yield _Point(begin + each.began + slice_seconds, line, each)


def _in_order(start: Start) -> list[tuple[Slice, str]]:
    """Return the slices in the order of time, each with the name of its line."""
    counting = {id(each) for pair in counted_pairs(start) for each in pair}
    return [
        (each, each.side if id(each) in counting else _LEFT_OUT)
        for each in sorted(start.slices, key=lambda one: one.began)
    ]


def _over_time(starts: Sequence[Start], points: Sequence[_Point], stat: str) -> Chart | NotSampled:
    """Return one figure of every slice of both versions, as a level."""
    title = f"{stat} of each slice"
    names = {point.line for point in points if point.value(stat, point.line) is not None}
    if not names:
        return NotSampled(title, f"no slice has a {stat}")
    return Chart(
        key=f"slices-{stat}",
        title=title,
        unit=UNIT,
        description=(
            "Time under load. A numbered line marks where a start begins; the gap after it is its "
            "warm-up. In the table, parentheses mark slices that were left out."
            if len(starts) <= MOST_ROWS
            else f"Time under load. The table has the first {MOST_ROWS} starts."
        ),
        lines=tuple(
            Line(name, [point.value(stat, name) for point in points], "step", color)
            for name, color in _COLORS.items()
            if name in names
        ),
        table=_table_of_slices(starts[:MOST_ROWS], stat),
        log=True,
        at=[point.at for point in points],
    )


def _table_of_slices(starts: Sequence[Start], stat: str) -> ChartTable:
    columns = ("start", "order", f"base, {UNIT}", f"head, {UNIT}")
    return ChartTable(columns, tuple(_row_of_slices(start, stat) for start in starts))


def _row_of_slices(start: Start, stat: str) -> tuple[str, ...]:
    slices = _in_order(start)[:_MOST_CELLS]
    by_side = (
        ", ".join(_cell(each, line, stat) for each, line in slices if each.side is side)
        for side in Side
    )
    return (str(start.number), " ".join(each.side for each, _ in slices), *by_side)


def _cell(each: Slice, line: str, stat: str) -> str:
    value = bare(getattr(each, stat), UNIT)
    return f"({value})" if line == _LEFT_OUT else value
