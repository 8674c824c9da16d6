"""series.parquet: every metric, second by second."""

from pathlib import Path

from cdc_perf.files import write_atomically
from cdc_perf.results.points.statistics import PERCENTILES
from cdc_perf.results.points.store import Points, sql_text
from cdc_perf.results.summary import SummaryType
from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed
from cdc_perf.stats.buckets import BUCKET_SQL

_PERCENTILES = ("p50", "p95", "p99")
_COLUMNS = f"""
    second TIMESTAMP, metric VARCHAR, type VARCHAR, phase VARCHAR,
    count BIGINT, sum DOUBLE, min DOUBLE, max DOUBLE,
    {", ".join(f"{name} DOUBLE" for name in _PERCENTILES)},
    zero_count BIGINT, buckets MAP(INTEGER, BIGINT)
"""


def write_series(points: Points, path: Path) -> None:
    """Write every metric per second: a row for each second, metric, and phase.

    Seconds without a point have no row. To merge rows of different seconds, phases, or files, add
    `count`, `sum`, `zero_count`, and `buckets`, and take the minimum of `min` and the maximum of
    `max`.

    | column | content |
    | --- | --- |
    | second | start of the second, UTC (without a zone in the file) |
    | metric, type | k6's name and type of the metric |
    | phase | tag `phase`: `warmup` or `steady`; null for points of setup and gauges |
    | count, sum, min, max | of the points; a rate has its passes in `sum` |
    | p50, p95, p99 | trends only, exact; null if the second has too few points |
    | zero_count | trends only: values of 0 or less, which have no bucket |
    | buckets | trends only: points by bucket (stats/buckets.py) |

    Args:
        points: The points.
        path: The file; its folder exists.
    """
    database = points.connection
    database.execute(f"CREATE OR REPLACE TEMP TABLE series ({_COLUMNS})")
    trends = sorted(name for name, kind in points.types.items() if kind is SummaryType.TREND)
    database.execute(
        f"""
        INSERT INTO series BY NAME
        SELECT
            make_timestamp(second * 1000000) AS second, nullif(phase, '') AS phase,
            metric, declared AS type, count, sum, min, max
        FROM ({_sums("NOT list_contains(?, metric)")})
        LEFT JOIN declaration USING (metric)
        """,
        [trends],
    )
    for trend in trends:
        database.execute(_of_trend(), [trend, trend])
    file = points.folder / path.name
    database.execute(
        f"COPY (FROM series ORDER BY metric, phase, second) TO {sql_text(str(file))} "
        "(FORMAT parquet, COMPRESSION zstd)"
    )
    write_atomically(path, file.read_bytes())
    file.unlink()


def _sums(condition: str) -> str:
    return f"""
        SELECT
            metric, microseconds // 1000000 AS second, phase,
            count(*) AS count, sum(value) AS sum, min(value) AS min, max(value) AS max
        {_phased(condition)}
        GROUP BY ALL
    """


def _of_trend() -> str:
    """Return SQL that counts by bucket first: there are far fewer buckets than points."""
    exact = ", ".join(
        f"CASE WHEN count(*) >= {samples_needed(MetricType.TREND, name, 0)} "
        f"THEN quantile_cont(value, {PERCENTILES[name]}) END AS {name}"
        for name in _PERCENTILES
    )
    return f"""
        INSERT INTO series BY NAME
        WITH bucket AS (
            SELECT
                metric, microseconds // 1000000 AS second, phase, {BUCKET_SQL} AS bucket,
                count(*) AS count, sum(value) AS sum, min(value) AS min, max(value) AS max
            {_phased("metric = ?")}
            GROUP BY ALL
        ), histogram AS (
            SELECT
                metric, second, phase,
                sum(count) AS count, sum(sum) AS sum, min(min) AS min, max(max) AS max,
                coalesce(sum(count) FILTER (bucket IS NULL), 0) AS zero_count,
                map_from_entries(
                    list((bucket, count) ORDER BY bucket) FILTER (bucket IS NOT NULL)
                ) AS buckets
            FROM bucket GROUP BY ALL
        ), exact AS (
            SELECT microseconds // 1000000 AS second, phase, {exact}
            {_phased("metric = ?")}
            GROUP BY ALL
        )
        SELECT make_timestamp(second * 1000000) AS second, nullif(phase, '') AS phase,
            'trend' AS type, * EXCLUDE (second, phase)
        FROM histogram JOIN exact USING (second, phase)
    """


def _phased(condition: str) -> str:
    return f"""
        FROM point
        JOIN (
            SELECT DISTINCT tags, coalesce(json_extract_string(tags, '/phase'), '') AS phase
            FROM tally
        ) USING (tags)
        WHERE {condition}
    """
