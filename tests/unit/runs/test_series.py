from pathlib import Path

import duckdb

from cdc_perf.runs.series import Second, Series, read_series
from tests.unit.points import Point
from tests.unit.series_files import LATENCY, SECOND, load, series_of


def read(path: Path) -> Series:
    series = read_series(path)
    assert isinstance(series, Series), series
    return series


def test_seconds_phases_and_gauges_are_read_back(tmp_path: Path) -> None:
    points = [*load(20, 10, warm_up=2), Point("cpu_kafka", 0.5, 3 * SECOND, None)]
    series = read(series_of(tmp_path / "series.parquet", points))
    assert (series.length, series.warm_up) == (20, 2)
    assert series.metrics["iterations"][7] == Second(10, 10.0, 1.0, 1.0)
    assert series.metrics["cpu_kafka"] == {3: Second(1, 0.5, 0.5, 0.5)}
    assert [series.histograms[at].count for at in (0, 19)] == [10, 10]
    assert series.steady.count == 180
    assert (series.steady.least, series.steady.largest) == (20.0, 20.9)


def test_a_second_of_both_phases_is_one_second(tmp_path: Path) -> None:
    points = [
        Point(LATENCY, 5.0, SECOND - 2, {"phase": "warmup"}),
        Point(LATENCY, 9.0, SECOND - 1, {"phase": "steady"}),
    ]
    series = read(series_of(tmp_path / "series.parquet", points))
    assert (series.histograms[0].least, series.histograms[0].largest) == (5.0, 9.0)
    assert series.steady.count == 1


def test_points_without_a_phase_are_steady(tmp_path: Path) -> None:
    series = read(series_of(tmp_path / "series.parquet", [Point(LATENCY, 5.0, 0, {})]))
    assert (series.steady.count, series.warm_up) == (1, 0)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert read_series(tmp_path / "x.parquet") == "x.parquet is missing"
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"no Parquet")
    assert str(read_series(broken)).startswith("broken.parquet cannot be read: ")
    other = tmp_path / "other.parquet"
    duckdb.execute(f"COPY (SELECT 1 AS x) TO '{other}' (FORMAT parquet)")
    assert str(read_series(other)).startswith("other.parquet cannot be read: ")


def test_a_series_of_other_metrics_is_not_drawn(tmp_path: Path) -> None:
    found = read_series(series_of(tmp_path / "s.parquet", [Point("http_reqs", 1.0, 0, {})]))
    assert found == "s.parquet contains none of the metrics that the charts show"
