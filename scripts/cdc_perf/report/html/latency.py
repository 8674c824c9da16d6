"""Latency over time."""

from cdc_perf.report.html.chart import Chart, ChartTable, Line, NotSampled
from cdc_perf.report.html.figures import bare, shown, text
from cdc_perf.report.html.spans import clock, width_for_samples, width_of_rows
from cdc_perf.results.points.statistics import PERCENTILES
from cdc_perf.runs.series import LATENCY_METRIC, Series
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed
from cdc_perf.stats.histogram import Histogram, merged
from cdc_perf.wording import counted

UNIT = "ms"
_DRAWN = ("p50", "p95", "p99")
NEEDED = {name: samples_needed(MetricType.TREND, name, 0) for name in _DRAWN}
# A logarithmic axis has no zero; no latency is below a microsecond.
_LEAST_MS = 0.001


def latency_over_time(series: Series) -> Chart | NotSampled:
    """Return the percentiles, each over spans with enough samples, and the extremes per second."""
    own = series.latency == LATENCY_METRIC
    title = "End-to-end latency" if own else f"Latency, {text(series.latency)}"
    if not series.histograms:
        return NotSampled(title, "this scenario measured no latency")
    seconds = range(series.length)
    there = [series.histograms.get(at) for at in seconds]
    counts = [each.count for each in series.histograms.values()]
    lines = [
        Line("max", [max(h.largest, _LEAST_MS) if h else None for h in there], "edge", 0),
        Line("min", [max(h.least, _LEAST_MS) if h else None for h in there], "line", 0),
    ]
    spans = []
    for color, name in enumerate(_DRAWN, start=1):
        width = width_for_samples(counts, NEEDED[name], series.length)
        if width is None:
            spans.append(f"{name} is not shown: it needs {counted(NEEDED[name], 'sample')}")
            continue
        spans.append(f"{name} per {format_duration(width)}")
        lines.append(Line(name, percentile_over(series, name, width, series.length), "step", color))
    total = merged(series.histograms.values())
    warm = ", including the warm-up" if series.warm_up else ""
    return Chart(
        key="latency",
        title=title,
        unit=UNIT,
        description=(
            f"{counted(total.count, 'sample')} between {shown(total.least, UNIT)} and "
            f"{shown(total.largest, UNIT)}{warm}. The band contains every sample of "
            f"a second. Spans: {'; '.join(spans)}. Percentiles come from merged histograms and "
            "are accurate to 1.1%."
        ),
        lines=tuple(lines),
        table=_table(series),
        log=True,
    )


def percentile_over(series: Series, name: str, width: int, length: int) -> list[float | None]:
    """Return a percentile at each second: that of its span; None if the span has too few samples.

    Args:
        series: The series.
        name: `p50`, `p95`, or `p99`.
        width: The length of a span in seconds.
        length: The number of seconds to return; values beyond the series are None.
    """
    values: list[float | None] = []
    for begin in range(0, length, width):
        seconds = range(begin, min(begin + width, length))
        span = merged(h for at in seconds if (h := series.histograms.get(at)))
        values += [_percentile(span, name)] * len(seconds)
    return values


def _percentile(span: Histogram, name: str) -> float | None:
    if span.count < NEEDED[name]:
        return None
    return max(span.percentile(PERCENTILES[name]), _LEAST_MS)


def _table(series: Series) -> ChartTable:
    counts = [each.count for each in series.histograms.values()]
    enough = width_for_samples(counts, NEEDED["p95"], series.length) or 1
    width = max(width_of_rows(series.length), enough)
    rows = []
    for begin in range(0, series.length, width):
        end = min(begin + width, series.length)
        span = merged(h for at in range(begin, end) if (h := series.histograms.get(at)))
        values = [_percentile(span, name) for name in _DRAWN]
        extremes = (span.least, span.largest) if span.count else (None, None)
        cells = [bare(value, UNIT) for value in (*values, *extremes)]
        warm = " (warm-up)" if begin < series.warm_up else ""
        rows.append((f"{clock(begin)}{warm}", f"{span.count:,}", *cells))
    return ChartTable(
        ("from", "samples", "p50, ms", "p95, ms", "p99, ms", "min, ms", "max, ms"), tuple(rows)
    )
