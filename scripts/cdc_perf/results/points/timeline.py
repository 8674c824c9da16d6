"""The points of a scenario by time, for the recovery from faults, and what is left without them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cdc_perf.results.points.statistics import parsed_k6_name, tag_texts
from cdc_perf.results.points.store import Points
from cdc_perf.results.summary import Metric, SummaryType
from cdc_perf.settings.metrics import CONSUMER_LAG, SLOT_RETAINED_BYTES

# Seconds since the epoch, and a value.
Samples = tuple[tuple[float, float], ...]
# From and to, in seconds since the epoch.
Spans = Sequence[tuple[float, float]]
_STATS = {
    "count": "count(*)",
    "avg": "avg(value)",
    "min": "min(value)",
    "med": "quantile_cont(value, 0.5)",
    "max": "max(value)",
    **{f"p({q:g})": f"quantile_cont(value, {q / 100})" for q in (50, 90, 95, 99, 99.9)},
}


@dataclass(frozen=True)
class Timeline:
    """What was observed when, each in the order of time.

    Attributes:
        latencies: When each iteration ended, and its end-to-end latency in milliseconds.
        unseen: When k6 gave up on a change.
        lag: The consumer lag.
        slot: The bytes that the replication slot retains.
    """

    latencies: Samples
    unseen: tuple[float, ...]
    lag: Samples
    slot: Samples

    @property
    def begin(self) -> float:
        """When the first iteration ended; 0 without any."""
        return self.latencies[0][0] if self.latencies else 0.0

    @property
    def end(self) -> float:
        """When the last iteration ended; 0 without any."""
        return self.latencies[-1][0] if self.latencies else 0.0


def timeline(points: Points) -> Timeline:
    """Return what was observed when."""
    return Timeline(
        latencies=_samples(points, "cdc_e2e_latency"),
        unseen=tuple(
            at for at, value in _samples(points, "mongo_documents_not_found") if value > 0
        ),
        lag=_samples(points, CONSUMER_LAG),
        slot=_samples(points, SLOT_RETAINED_BYTES),
    )


def metrics_outside(points: Points, names: Iterable[str], spans: Spans) -> dict[str, Metric]:
    """Return metrics and sub-metrics of k6 without the points of some spans, by k6's name.

    A counter's rate is per second of the time that is left. A metric without points has no entry.

    Args:
        points: The points.
        names: k6's names, such as `cdc_e2e_latency{phase:steady}`.
        spans: The spans to leave out.
    """
    ((first, last),) = points.rows(
        "SELECT min(microseconds), max(microseconds) FROM point WHERE metric = 'iterations'"
    )
    seconds = ((last or 0) - (first or 0)) / 1e6 - _length(spans)
    return _metrics(points, names, f"NOT ({_within(spans)})", seconds)


def metrics_inside(points: Points, names: Iterable[str], spans: Spans) -> dict[str, Metric]:
    """Return metrics and sub-metrics of k6 of some spans alone; otherwise as `metrics_outside`."""
    return _metrics(points, names, _within(spans), _length(spans))


def _within(spans: Spans) -> str:
    return " OR ".join(
        (
            "false",
            *(f"microseconds >= {a * 1e6:.0f} AND microseconds < {b * 1e6:.0f}" for a, b in spans),
        )
    )


def _length(spans: Spans) -> float:
    return sum(end - begin for begin, end in spans)


def _metrics(
    points: Points, names: Iterable[str], chosen: str, seconds: float
) -> dict[str, Metric]:
    found = {name: _metric(points, name, chosen, seconds) for name in names}
    return {name: metric for name, metric in found.items() if metric is not None}


def _metric(points: Points, name: str, times: str, seconds: float) -> Metric | None:
    metric, tags = parsed_k6_name(name)
    kind = points.types.get(metric)
    chosen = f"AND tags IN ({tag_texts(metric, tags)})" if tags else ""
    where = f"FROM point WHERE metric = ? AND ({times}) {chosen}"
    if kind is SummaryType.TREND:
        ((*stats,),) = points.rows(f"SELECT {', '.join(_STATS.values())} {where}", metric)
        return Metric(kind, "time", dict(zip(_STATS, stats, strict=True))) if stats[0] else None
    if kind is SummaryType.RATE:
        columns = "count(*), count(*) FILTER (value <> 0)"
        ((count, passes),) = points.rows(f"SELECT {columns} {where}", metric)
        if not count:
            return None
        values = {"rate": passes / count, "passes": passes, "fails": count - passes}
        return Metric(kind, "default", values)
    if kind is SummaryType.COUNTER:
        ((total,),) = points.rows(f"SELECT coalesce(sum(value), 0) {where}", metric)
        rate = total / seconds if seconds > 0 else None
        return Metric(kind, "default", {"count": total, "rate": rate})
    return None


def _samples(points: Points, metric: str) -> Samples:
    rows = points.rows(
        "SELECT microseconds / 1e6, value FROM point WHERE metric = ? ORDER BY microseconds", metric
    )
    return tuple(rows)
