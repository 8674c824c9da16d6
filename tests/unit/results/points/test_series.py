from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdc_perf.results.points.series import write_series
from cdc_perf.results.points.store import read_points
from cdc_perf.stats.buckets import bounds
from tests.unit.points import BEGIN, Point, percentile, write_points

LATENCY = "cdc_e2e_latency"
SECOND = 1_000_000


def series(tmp_path: Path, points: list[Point]) -> list[dict[str, Any]]:
    file = write_points(tmp_path / "points.json.gz", points)
    target = tmp_path / "series.parquet"
    with read_points([file]) as found:
        write_series(found, target)
    result = duckdb.execute(f"FROM '{target}'")
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def test_a_second_has_a_row_for_each_metric_and_phase(tmp_path: Path) -> None:
    rows = series(
        tmp_path,
        [
            Point(LATENCY, 3.0, SECOND - 1, {"phase": "warmup"}),
            Point(LATENCY, 5.0, SECOND - 1, {"phase": "steady"}),
            Point(LATENCY, 7.0, SECOND, {"phase": "steady"}),
            Point("cdc_success_rate", 0.0, 0, {"phase": "steady"}),
            Point("cdc_success_rate", 1.0, 1, {"phase": "steady"}),
            Point("vus", 4.0, 5, None),
        ],
    )
    found = {
        (row["metric"], row["type"], row["phase"], row["second"].second): (row["count"], row["sum"])
        for row in rows
    }
    assert found == {
        (LATENCY, "trend", "warmup", 0): (1, 3.0),
        (LATENCY, "trend", "steady", 0): (1, 5.0),
        (LATENCY, "trend", "steady", 1): (1, 7.0),
        ("cdc_success_rate", "rate", "steady", 0): (2, 1.0),
        ("vus", "gauge", None, 0): (1, 4.0),
    }
    assert rows[0]["second"] == datetime.fromisoformat("2026-11-24T08:00:00")
    assert BEGIN.isoformat() == "2026-11-24T08:00:00+00:00"


@pytest.mark.parametrize(
    ("count", "known"), [(5, ()), (6, ("p50",)), (60, ("p50", "p95")), (300, ("p50", "p95", "p99"))]
)
def test_a_percentile_of_too_few_points_is_not_given(
    tmp_path: Path, count: int, known: tuple[str, ...]
) -> None:
    values = [float(value) for value in range(count)]
    (row,) = series(tmp_path, [Point(LATENCY, value, 0) for value in values])
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    assert {name: row[name] for name in shares} == {
        name: pytest.approx(percentile(values, share)) if name in known else None
        for name, share in shares.items()
    }


def test_histograms_of_seconds_add_up_to_that_of_all(tmp_path: Path) -> None:
    values = [0.0, -1.0, 1e-9, 1.0, 2.0, 2.0001, 36.4, 36.5, 1e12]
    spread = [Point(LATENCY, value, SECOND * at) for at, value in enumerate(values)]
    together = [Point(LATENCY, value) for value in values]
    rows = series(tmp_path, spread)
    (whole,) = series(tmp_path, together)
    merged: Counter[int] = Counter()
    for row in rows:
        merged.update(row["buckets"] or {})
    assert dict(merged) == whole["buckets"]
    assert sum(row["zero_count"] for row in rows) == whole["zero_count"] == 2
    positive = sorted(value for value in values if value > 0)
    buckets = [bucket for bucket in sorted(merged) for _ in range(merged[bucket])]
    for value, bucket in zip(positive, buckets, strict=True):
        low, high = bounds(bucket)
        assert low < value <= high * (1 + 1e-12)


def test_a_middle_of_a_bucket_is_within_its_promise() -> None:
    low, high = bounds(161)
    middle = (low * high) ** 0.5
    assert high / middle - 1 < 0.011
    assert bounds(31)[1] == bounds(32)[0] == 2.0
