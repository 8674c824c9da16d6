"""Read series.parquet: a scenario's values per second."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cdc_perf.results.points.statistics import parsed_k6_name
from cdc_perf.results.points.store import sql_text
from cdc_perf.runs.row import LATENCY
from cdc_perf.stats.histogram import EMPTY, Histogram, merged

LATENCY_METRIC, _ = parsed_k6_name(LATENCY)
# The metrics that the charts show, in addition to cpu_* and memory_*.
_DRAWN = (
    *("iterations", "dropped_iterations", "cdc_success_rate", "http_req_failed", "vus"),
    *("consumer_lag", "slot_retained_bytes"),
)


@dataclass(frozen=True)
class Second:
    """The points of a metric in one second: their number, sum, and extremes."""

    count: int
    total: float
    least: float
    largest: float


@dataclass(frozen=True)
class Series:
    """A scenario's metrics, second by second.

    Attributes:
        begin: The first second, since the epoch.
        length: The number of seconds, including those without a point.
        metrics: By name, then by the number of the second, from 0.
        histograms: Of the latency, by the number of the second, warm-up and steady together.
        steady: Of the latency after the warm-up, if there is one.
        warm_up: The length of the warm-up in seconds; 0 if there is none.
        latency: The metric that is drawn as latency.
    """

    begin: int
    length: int
    metrics: Mapping[str, Mapping[int, Second]]
    histograms: Mapping[int, Histogram]
    steady: Histogram
    warm_up: int
    latency: str = LATENCY_METRIC

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the metrics whose name begins with `prefix`."""
        return (name for name in self.metrics if name.startswith(prefix))


def read_series(path: Path, latency: str = LATENCY_METRIC) -> Series | str:
    """Return the series in a file, or a sentence that says why there is none.

    Args:
        path: The file.
        latency: The metric that is drawn as latency.
    """
    import duckdb  # noqa: PLC0415 - only callers that read a series wait for it

    if not path.exists():
        return f"{path.name} is missing"
    try:
        with duckdb.connect() as database:
            database.execute(
                f"CREATE TABLE series AS SELECT *, epoch(second)::BIGINT AS epoch "  # noqa: S608 - quoted
                f"FROM read_parquet({sql_text(str(path))}) "
                "WHERE list_contains(?, metric) OR metric LIKE 'cpu\\_%' ESCAPE '\\' "
                "OR metric LIKE 'memory\\_%' ESCAPE '\\'",
                [[latency, *_DRAWN]],
            )
            seconds = database.execute(
                "SELECT metric, epoch, sum(count)::BIGINT, sum(sum), min(min), max(max) "
                "FROM series WHERE max IS NOT NULL GROUP BY ALL ORDER BY ALL"
            ).fetchall()
            histograms = database.execute(
                "SELECT epoch, phase, buckets, zero_count, min, max FROM series WHERE metric = ?",
                [latency],
            ).fetchall()
    except duckdb.Error as error:
        return f"{path.name} cannot be read: {str(error).partition(chr(10))[0]}"
    if not seconds:
        return f"{path.name} contains none of the metrics that the charts show"
    return _series(seconds, histograms, latency)


def _series(
    seconds: list[tuple[str, int, int, float, float, float]],
    histograms: list[tuple[int, str | None, Mapping[int, int] | None, int, float, float]],
    latency: str,
) -> Series:
    begin = min(epoch for _, epoch, *_ in seconds)
    end = max(epoch for _, epoch, *_ in seconds)
    metrics: dict[str, dict[int, Second]] = {}
    for metric, epoch, count, total, least, largest in seconds:
        second = Second(count, total, least, largest)
        metrics.setdefault(metric, {})[epoch - begin] = second
    by_second: dict[int, list[Histogram]] = {}
    steady, warm, steady_from = [], False, end
    for epoch, phase, buckets, zeroes, least, largest in histograms:
        each = Histogram(buckets or {}, zeroes, least, largest)
        by_second.setdefault(epoch - begin, []).append(each)
        warm |= phase == "warmup"
        if phase != "warmup":
            steady.append(each)
            steady_from = min(steady_from, epoch)
    return Series(
        begin=begin,
        length=end - begin + 1,
        metrics=MappingProxyType(metrics),
        histograms={at: merged(parts) for at, parts in by_second.items()},
        steady=merged(steady) if steady else EMPTY,
        warm_up=steady_from - begin if warm else 0,
        latency=latency,
    )
