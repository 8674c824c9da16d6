"""series.parquet for tests, as results/points/series.py writes it: of points, or made at once."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from cdc_perf.results.points.series import write_series
from cdc_perf.results.points.store import read_points
from cdc_perf.stack.component_specs import COMPONENTS
from cdc_perf.stats.buckets import BUCKET_SQL
from tests.unit.points import Point, write_points

LATENCY = "cdc_e2e_latency"
SECOND = 1_000_000
PROGRAMS = sorted((*COMPONENTS, "k6"))


def series_of(path: Path, points: Iterable[Point]) -> Path:
    """Write the series of some points."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = write_points(path.parent / "some-points.json.gz", points)
    with read_points([file]) as found:
        write_series(found, path)
    return path


def load(seconds: int, rate: int = 10, *, warm_up: int = 0, latency: float = 20.0) -> list[Point]:
    """Return the points of an even load, each latency a little larger than the one before."""
    points = []
    for at in range(seconds):
        tags = {"phase": "warmup" if at < warm_up else "steady"}
        points.append(Point("vus", 10, at * SECOND, None))
        for number in range(rate):
            moment = at * SECOND + number
            points += [
                Point(LATENCY, latency + number / rate, moment, tags),
                Point("iterations", 1, moment, tags),
                Point("cdc_success_rate", 1, moment, tags),
            ]
    return points


def long_series(path: Path, seconds: int, rate: int = 100) -> Path:
    """Write a series of every kind of row, the stack's among them, without making its points."""
    gauges = ["vus", "consumer_lag", "slot_retained_bytes"]
    gauges += [f"{kind}_{name}" for kind in ("cpu", "memory") for name in PROGRAMS]
    trend = f"""
        WITH value AS (
            SELECT second, 5 + 2000 * power(random(), 12) AS value
            FROM range({seconds}) AS s(second), range({rate})
        ), bucket AS (
            SELECT second, {BUCKET_SQL} AS bucket, count(*) AS n, sum(value) AS total,
                min(value) AS least, max(value) AS largest
            FROM value GROUP BY ALL
        )
        SELECT second, '{LATENCY}' AS metric, 'trend' AS type,
            CASE WHEN second < 30 THEN 'warmup' ELSE 'steady' END AS phase,
            sum(n)::BIGINT AS count, sum(total) AS sum, min(least) AS min, max(largest) AS max,
            0 AS zero_count, map_from_entries(list((bucket, n::BIGINT))) AS buckets
        FROM bucket GROUP BY ALL
    """
    duckdb.execute(
        f"""
        COPY (
            SELECT make_timestamp((1764000000 + second) * 1000000) AS second, * EXCLUDE (second),
                NULL::DOUBLE AS p50, NULL::DOUBLE AS p95, NULL::DOUBLE AS p99
            FROM ({trend} UNION ALL BY NAME {_rows(["iterations"], "counter", seconds, rate)}
                UNION ALL BY NAME {_rows(["cdc_success_rate"], "rate", seconds, rate)}
                UNION ALL BY NAME {_rows(gauges, "gauge", seconds, 1)})
        ) TO '{path}' (FORMAT parquet)
        """
    )
    return path


def _rows(metrics: Sequence[str], kind: str, seconds: int, count: int) -> str:
    return f"""
        SELECT second, metric, '{kind}' AS type, {count}::BIGINT AS count,
            {count}::DOUBLE * (1 + random()) AS sum, 1 + random() AS min, 2 + random() AS max
        FROM range({seconds}) AS s(second), (SELECT unnest({list(metrics)}) AS metric)
    """
