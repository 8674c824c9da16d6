"""The points of each slice of a comparison: the tag `slice` has the number of the slice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cdc_perf.results.points.store import Points
from cdc_perf.stats.buckets import BUCKET_SQL

_LATENCY, _WRITE = "cdc_e2e_latency", "pg_write_duration"
_DELAY, _SUCCESS, _DROPPED = "generator_delay", "cdc_success_rate", "dropped_iterations"
# NULL during the warm-up.
_NUMBER = "TRY_CAST(json_extract_string(tags, '/slice') AS INTEGER)"


@dataclass(frozen=True)
class SlicePoints:
    """What k6 saw in a slice.

    Attributes:
        count: The number of changes.
        p50: Of the end-to-end latency, in milliseconds; None without samples, like the others.
        p95: As p50.
        write_p50: Of the write to PostgreSQL.
        delay_p99: Of the load generator's delay.
        failed: The number of changes that failed.
        dropped: The number of iterations that k6 could not start.
        buckets: The number of latencies in each bucket (stats/buckets.py).
    """

    count: int = 0
    p50: float | None = None
    p95: float | None = None
    write_p50: float | None = None
    delay_p99: float | None = None
    failed: int = 0
    dropped: int = 0
    buckets: Mapping[int, int] = field(default_factory=dict)


def slice_points(points: Points, slice_ms: int) -> dict[int, SlicePoints]:
    """Return what k6 saw in each slice, by its number; a slice without a change has no entry.

    Args:
        points: The points.
        slice_ms: The length of a slice.
    """
    latencies = _by_slice(
        points, _LATENCY, "count(*), quantile_cont(value, 0.5), quantile_cont(value, 0.95)"
    )
    writes = _by_slice(points, _WRITE, "quantile_cont(value, 0.5)")
    delays = _by_slice(points, _DELAY, "quantile_cont(value, 0.99)")
    failed = _by_slice(points, _SUCCESS, "count(*) FILTER (value = 0)")
    dropped, buckets = _dropped(points, slice_ms), _buckets(points)
    return {
        number: SlicePoints(
            count=count,
            p50=p50,
            p95=p95,
            write_p50=writes.get(number, (None,))[0],
            delay_p99=delays.get(number, (None,))[0],
            failed=failed.get(number, (0,))[0],
            dropped=dropped.get(number, 0),
            buckets=buckets.get(number, {}),
        )
        for number, (count, p50, p95) in latencies.items()
    }


def _by_slice(points: Points, metric: str, columns: str) -> dict[int, tuple[Any, ...]]:
    found = points.rows(
        f"SELECT {_NUMBER} AS slice, {columns} FROM point WHERE metric = ? GROUP BY ALL", metric
    )
    return {number: tuple(values) for number, *values in found if number is not None}


def _buckets(points: Points) -> dict[int, dict[int, int]]:
    """Return the number of latencies in each bucket, by slice."""
    found: dict[int, dict[int, int]] = {}
    for number, bucket, count in points.rows(
        f"SELECT {_NUMBER} AS slice, {BUCKET_SQL} AS bucket, count(*) FROM point "
        "WHERE metric = ? GROUP BY ALL ORDER BY ALL",
        _LATENCY,
    ):
        if number is not None and bucket is not None:
            found.setdefault(number, {})[bucket] = count
    return found


def _dropped(points: Points, slice_ms: int) -> dict[int, int]:
    """Return the dropped iterations by slice; k6 gives them a time, but not our tags.

    The first iteration of the first slice began when the slice did.
    """
    ((began,),) = points.rows(
        f"SELECT min(microseconds - value * 1000) FROM point WHERE metric = ? AND {_NUMBER} = 0",
        _LATENCY,
    )
    if began is None:
        return {}
    found = points.rows(
        "SELECT (microseconds - ?) // ? AS slice, sum(value) FROM point "
        "WHERE metric = ? AND microseconds >= ? GROUP BY ALL",
        *(began, slice_ms * 1000, _DROPPED, began),
    )
    return {int(number): int(count) for number, count in found}
