"""Observations in windows of a few seconds: when a threshold broke under a rising load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdc_perf.results.points.statistics import tag_texts
from cdc_perf.results.points.store import Points
from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.thresholds import Threshold

WINDOW_SECONDS = 5


@dataclass(frozen=True)
class Window:
    """A few seconds of the load.

    Attributes:
        begin: Seconds since the first iteration ended.
        iterations: The number of iterations that ended.
        dropped: The number of dropped iterations.
        broken: The thresholds that the window's samples break, with the observed values.
    """

    begin: float
    iterations: int
    dropped: int
    broken: tuple[tuple[Threshold, float], ...]


def windows(points: Points, thresholds: Sequence[Threshold]) -> tuple[Window, ...]:
    """Return the windows from the end of the first iteration; the last one may be shorter.

    Each threshold on a trend or a rate is judged by the window's samples alone, however few: this
    finds a place to look at and is not a verdict.

    Args:
        points: The points.
        thresholds: The thresholds.
    """
    iterations = _by_window(points, "iterations", "sum(value)")
    dropped = _by_window(points, "dropped_iterations", "sum(value)")
    observed = {
        threshold: _by_window(points, threshold.kind.name, how, dict(threshold.tags))
        for threshold in thresholds
        if (how := _aggregate(threshold)) is not None
    }
    return tuple(
        Window(
            begin=number * WINDOW_SECONDS,
            iterations=int(iterations.get(number, 0)),
            dropped=int(dropped.get(number, 0)),
            broken=tuple(
                (threshold, values[number])
                for threshold, values in observed.items()
                if number in values and not threshold.holds(values[number])
            ),
        )
        for number in range(max(iterations, default=-1) + 1)
    )


def _aggregate(threshold: Threshold) -> str | None:
    """Return SQL for a threshold's stat of a window's values; None if a window has no such stat."""
    if threshold.kind.type is MetricType.RATE:
        return "avg((value <> 0)::INTEGER)"
    if threshold.kind.type is not MetricType.TREND:
        return None
    if threshold.share is not None:
        return f"quantile_cont(value, {threshold.share})"
    return {"avg": "avg(value)", "min": "min(value)", "max": "max(value)"}.get(threshold.stat)


def _by_window(
    points: Points, metric: str, aggregate: str, tags: Mapping[str, str] | None = None
) -> dict[int, float]:
    """Return the aggregate of a metric's values, or of those with some tags, by window number."""
    chosen = f"AND tags IN ({tag_texts(metric, tags)})" if tags else ""
    return dict(
        points.rows(
            f"""
            SELECT (microseconds - began) // {WINDOW_SECONDS * 1_000_000}, {aggregate}
            FROM point, (
                SELECT min(microseconds) AS began FROM point WHERE metric = 'iterations'
            )
            WHERE metric = ? AND microseconds >= began {chosen}
            GROUP BY ALL
            """,
            metric,
        )
    )
