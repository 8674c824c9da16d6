"""The charts of the load and the stack, second by second."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cdc_perf.report.html.chart import Chart, ChartTable, Line, NotSampled
from cdc_perf.report.html.figures import bare, shown
from cdc_perf.report.html.spans import clock, width_of_rows
from cdc_perf.report.rows import NOTHING
from cdc_perf.runs.series import Second, Series

_MIB = 1024.0**2


def throughput(series: Series) -> Chart | NotSampled:
    """Return iterations, failed ones, and dropped ones, per second."""
    return curves(
        series,
        "throughput",
        "Throughput",
        "/s",
        (
            counted("iterations", "iterations", 0, lambda second: second.total),
            counted("failed", "cdc_success_rate", 3, lambda second: second.count - second.total),
            counted("dropped", "dropped_iterations", 2, lambda second: second.total),
            counted("failed requests", "http_req_failed", 1, lambda second: second.total),
        ),
        "Iterations that ended per second."
        + (
            " Failed: not written, not seen in time, or wrong content."
            if series.metrics.get("cdc_success_rate")
            else ""
        )
        + (
            " Dropped: the arrival rate required them, but no virtual user was free."
            if series.metrics.get("dropped_iterations")
            else ""
        ),
        "mean rate",
    )


def virtual_users(series: Series) -> Chart | NotSampled:
    """Return the number of virtual users."""
    sources = (gauge("virtual users", "vus"),)
    description = "Active virtual users, which k6 reports once a second."
    return curves(series, "virtual-users", "Virtual users", "", sources, description, "max")


def stack(series: Series) -> tuple[Chart | NotSampled, ...]:
    """Return consumer lag, log kept for the slot, and CPU and memory of each component."""
    return (
        curves(
            series,
            "consumer-lag",
            "Consumer lag",
            "events",
            (gauge("lag", "consumer_lag"),),
            "Events in Kafka that the consumer has not applied yet.",
            "max",
        ),
        curves(
            series,
            "slot",
            "WAL retained by the replication slot",
            "MiB",
            (gauge("retained", "slot_retained_bytes", _MIB),),
            "Write-ahead log that PostgreSQL retains for the replication slot.",
            "max",
        ),
        curves(
            series,
            "cpu",
            "CPU",
            "cores",
            tuple(
                gauge(name.removeprefix("cpu_"), name, color=color)
                for color, name in enumerate(sorted(series.names("cpu_")))
            ),
            "CPU cores in use by each component.",
            "max",
        ),
        curves(
            series,
            "memory",
            "Memory",
            "MiB",
            tuple(
                gauge(name.removeprefix("memory_"), name, _MIB, color)
                for color, name in enumerate(sorted(series.names("memory_")))
            ),
            "Resident memory of each component.",
            "max",
        ),
    )


@dataclass(frozen=True)
class CurveSource:
    """One line: its metric, and how to aggregate a second and several seconds.

    Attributes:
        label: The line's name.
        metric: The metric.
        value: The value of a second with points.
        combined: The value of a table row, from the known values and the number of its seconds.
        color: The index of its color in the page's palette.
        silence: The value of a second without a point: 0 for counts, None for a gauge.
    """

    label: str
    metric: str
    value: Callable[[Second], float]
    combined: Callable[[Sequence[float], int], float]
    color: int = 0
    silence: float | None = None


def counted(label: str, metric: str, color: int, value: Callable[[Second], float]) -> CurveSource:
    """Return a source of counts per second, 0 if none; several seconds give the mean rate."""
    return CurveSource(
        label, metric, value, lambda v, seconds: sum(v) / seconds, color, silence=0.0
    )


def gauge(label: str, metric: str, unit: float = 1.0, color: int = 0) -> CurveSource:
    """Return a gauge's source: the largest value of a second or of several, divided by `unit`."""
    return CurveSource(
        label, metric, lambda second: second.largest / unit, lambda v, _: max(v), color
    )


def curves(
    series: Series,
    key: str,
    title: str,
    unit: str,
    sources: Sequence[CurveSource],
    description: str,
    aggregation: str,
) -> Chart | NotSampled:
    """Return a chart of the sources that have points.

    Args:
        series: The series.
        key: The chart's name within its scenario.
        title: Its title for people.
        unit: The unit of every source.
        sources: The curves.
        description: Their description, in sentences.
        aggregation: How a table row aggregates its seconds.
    """
    available = [source for source in sources if series.metrics.get(source.metric)]
    if not available:
        return NotSampled(title, "not sampled in this run")
    values = {source: _values(source, series) for source in available}
    return Chart(
        key=key,
        title=title,
        unit=unit,
        description=f"{description} {'; '.join(_extent(values, unit))}.",
        lines=tuple(
            Line(source.label, line, "line", source.color) for source, line in values.items()
        ),
        table=_table(series, values, aggregation, unit),
    )


def _values(source: CurveSource, series: Series) -> list[float | None]:
    seconds = series.metrics[source.metric]
    return [
        source.value(seconds[at]) if at in seconds else source.silence
        for at in range(series.length)
    ]


def _extent(values: Mapping[CurveSource, Sequence[float | None]], unit: str) -> list[str]:
    return [
        f"{source.label} {_range(min(known), max(known), unit)}"
        for source, line in values.items()
        if (known := [value for value in line if value is not None])
    ]


def _range(least: float, most: float, unit: str) -> str:
    return shown(most, unit) if least == most else f"{bare(least, unit)} to {shown(most, unit)}"


def _table(
    series: Series,
    values: Mapping[CurveSource, Sequence[float | None]],
    aggregation: str,
    unit: str,
) -> ChartTable:
    width = width_of_rows(series.length)
    rows = []
    for begin in range(0, series.length, width):
        end = min(begin + width, series.length)
        cells = []
        for source, line in values.items():
            known = [value for value in line[begin:end] if value is not None]
            cells.append(bare(source.combined(known, end - begin), unit) if known else NOTHING)
        rows.append((clock(begin), *cells))
    combined = f"{aggregation}, {unit}" if unit else aggregation
    columns = [f"{source.label} ({combined})" for source in values]
    return ChartTable(("from", *columns), tuple(rows))
