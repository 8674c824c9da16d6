from pathlib import Path

import pytest

from cdc_perf.report.html.chart import Chart, NotSampled
from cdc_perf.report.html.charts import Mark, ScenarioCharts, scenario_charts
from cdc_perf.report.html.distribution import distribution
from cdc_perf.report.html.latency import latency_over_time
from cdc_perf.report.html.load import stack, throughput, virtual_users
from cdc_perf.results.manifest import EventEntry, ScenarioEntry
from cdc_perf.runs.series import Series, read_series
from cdc_perf.settings.executors import ConstantVus
from tests.unit.points import BEGIN, Point
from tests.unit.series_files import LATENCY, SECOND, load, long_series, series_of


def read(path: Path, points: list[Point]) -> Series:
    series = read_series(series_of(path / "series.parquet", points))
    assert isinstance(series, Series), series
    return series


def drawn(part: Chart | NotSampled) -> Chart:
    assert isinstance(part, Chart), part
    return part


def test_percentiles_have_spans_with_enough_samples_and_extremes_do_not(tmp_path: Path) -> None:
    points = [*load(60, 10, warm_up=6), Point(LATENCY, 900.0, 31 * SECOND, {"phase": "steady"})]
    chart = drawn(latency_over_time(read(tmp_path, points)))
    lines = {line.label: line.values for line in chart.lines}
    assert list(lines) == ["max", "min", "p50", "p95", "p99"]
    assert lines["max"][30:33] == [20.9, 900.0, 20.9]
    assert lines["min"][31] == 20.0
    # p95 needs 60 samples: ten seconds; p99 needs 300: more than half of the minute.
    assert len(set(lines["p95"])) <= 6
    assert len(set(lines["p99"])) == 1
    assert lines["p95"][0] == pytest.approx(20.9, rel=0.012)
    assert "p50 per 1s; p95 per 10s; p99 per 1m" in chart.description
    assert "601 samples between 20 ms and 900 ms, including the warm-up" in chart.description


def test_a_percentile_that_never_has_its_samples_is_not_drawn(tmp_path: Path) -> None:
    chart = drawn(latency_over_time(read(tmp_path, load(7, 10))))
    assert [line.label for line in chart.lines] == ["max", "min", "p50", "p95"]
    assert "p99 is not shown: it needs 300 samples" in chart.description
    # The last span is short, so its p95 is nobody's.
    assert all(row[4] == "-" for row in chart.table.rows)


def test_a_second_without_samples_is_a_hole(tmp_path: Path) -> None:
    points = [p for p in load(10, 10) if not 3 * SECOND <= p.at < 6 * SECOND]
    chart = drawn(latency_over_time(read(tmp_path, points)))
    assert [value is None for value in chart.lines[0].values] == [3 <= at < 6 for at in range(10)]


def test_tables_tell_the_same_in_at_most_60_rows(tmp_path: Path) -> None:
    series = read_series(long_series(tmp_path / "series.parquet", 3600, 20))
    assert isinstance(series, Series)
    parts = (latency_over_time(series), throughput(series), virtual_users(series), *stack(series))
    for chart in map(drawn, (*parts, distribution(series))):
        assert 0 < len(chart.table.rows) <= 60, chart.title
        assert {len(row) for row in chart.table.rows} == {len(chart.table.columns)}
        data = chart.data()
        assert isinstance(data["lines"], list)
        assert len(data["lines"]) == len(chart.lines)
    assert drawn(latency_over_time(series)).table.rows[0][0] == "0:00 (warm-up)"
    assert drawn(latency_over_time(series)).table.rows[-1][0] == "59:00"


def test_the_distribution_counts_every_steady_sample(tmp_path: Path) -> None:
    chart = drawn(distribution(read(tmp_path, load(30, 10, warm_up=10))))
    counts, shares = chart.lines
    assert sum(value for value in counts.values if value is not None) == 200
    assert shares.values[-1] == 1.0
    assert shares.share
    assert chart.x == "doublings"
    # The first bar's middle is within the bucket of the smallest sample.
    assert 2**chart.origin == pytest.approx(20.0, rel=0.03)


def test_throughput_counts_failures_and_what_never_began(tmp_path: Path) -> None:
    points = load(5, 10)
    failed = [Point("cdc_success_rate", 0, 2 * SECOND, {"phase": "steady"})] * 3
    dropped = [Point("dropped_iterations", 4, 3 * SECOND, {})]
    chart = drawn(throughput(read(tmp_path, [*points, *failed, *dropped])))
    lines = {line.label: list(line.values) for line in chart.lines}
    assert lines == {
        "iterations": [10.0] * 5,
        "failed": [0.0, 0.0, 3.0, 0.0, 0.0],
        "dropped": [0.0, 0.0, 0.0, 4.0, 0.0],
    }
    assert "Dropped: the arrival rate required them" in chart.description


def test_what_was_not_sampled_says_so(tmp_path: Path) -> None:
    series = read(tmp_path, [Point("vus", 1.0, 0, None)])
    assert latency_over_time(series) == NotSampled(
        "End-to-end latency", "this scenario measured no latency"
    )
    assert isinstance(distribution(series), NotSampled)
    assert [part.title for part in stack(series) if isinstance(part, NotSampled)] == [
        "Consumer lag",
        "WAL retained by the replication slot",
        "CPU",
        "Memory",
    ]


def test_the_most_extreme_values_are_drawn_too(tmp_path: Path) -> None:
    steady = {"phase": "steady"}
    values = [-1e300, -1.0, 0.0, 1e-300, 1.0, 1e300]
    points = [Point(LATENCY, value, at * SECOND, steady) for at, value in enumerate(values)]
    points += [Point("vus", value, at * SECOND, None) for at, value in enumerate(values)]
    found = scenario_charts(read(tmp_path, points), None)
    assert isinstance(found.data()["charts"], dict)
    assert "between -1e+300 ms and 1e+300 ms" in drawn(found.over_time[0]).description
    counts = drawn(found.distribution).lines[0].values
    assert sum(value for value in counts if value is not None) == 3


def test_the_stack_is_drawn_component_by_component_in_people_s_units(tmp_path: Path) -> None:
    gauges = {
        "consumer_lag": 12,
        "slot_retained_bytes": 3 * 2**20,
        "cpu_kafka": 0.25,
        "memory_kafka": 2**30,
        "memory_postgres": 2**28,
    }
    points = [
        Point(metric, value, at * SECOND, None) for metric, value in gauges.items() for at in (0, 2)
    ]
    lag, slot, cpu, memory = map(drawn, stack(read(tmp_path, points)))
    assert list(lag.lines[0].values) == [12.0, None, 12.0]
    assert (slot.unit, slot.lines[0].values[0]) == ("MiB", 3.0)
    assert [line.label for line in cpu.lines] == ["kafka"]
    assert {line.label: line.values[0] for line in memory.lines} == {
        "kafka": 1024.0,
        "postgres": 256.0,
    }
    assert len({line.color for line in memory.lines}) == 2
    assert memory.table.columns == ("from", "kafka (max, MiB)", "postgres (max, MiB)")


def test_what_happened_to_the_stack_is_marked(tmp_path: Path) -> None:
    entry = ScenarioEntry(
        name="baseline",
        description="",
        think_time_seconds=0,
        executor=ConstantVus(vus=1, duration="5s"),
        seconds=5,
        thresholds=(),
        events=(
            EventEntry(
                component="kafka",
                what="ended",
                at=BEGIN.replace(second=3),
                back=BEGIN.replace(second=4),
            ),
            EventEntry(component="supervisord", what="ended with every component"),
        ),
    )
    found: ScenarioCharts = scenario_charts(read(tmp_path, load(5, 1)), entry)
    assert found.marks == (Mark(3.0, "kafka ended"), Mark(4.0, "kafka restarted"))
