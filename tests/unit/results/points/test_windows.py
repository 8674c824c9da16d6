"""The stat of a threshold in each window of a rising load."""

from pathlib import Path

import pytest

from cdc_perf.results.points.store import read_points
from cdc_perf.results.points.windows import Window, windows
from cdc_perf.settings.thresholds import Threshold
from tests.unit.measured import stack_threshold, threshold
from tests.unit.points import Point, write_points

SECOND = 1_000_000
LATENCY = "cdc_e2e_latency"


def found(folder: Path, *thresholds: Threshold) -> tuple[Window, ...]:
    """Return the windows of 11 s: latencies 1, 2, 6 in the first, and 10, 20, 60 in the second."""
    latencies = [(0, 1.0), (1, 2.0), (2, 6.0), (5, 10.0), (6, 20.0), (7, 60.0)]
    points = [
        # Before the first iteration ended.
        Point(LATENCY, 1000.0, -SECOND),
        *(Point("iterations", 1.0, second * SECOND) for second in range(11)),
        *(Point(LATENCY, value, second * SECOND) for second, value in latencies),
        *(Point("cdc_success_rate", float(second < 5), second * SECOND) for second in range(10)),
        Point("dropped_iterations", 3.0, 6 * SECOND),
        *(Point(metric, 9.0, 6 * SECOND) for metric in ("consumer_lag", "pg_write_errors")),
    ]
    file = write_points(folder / "points.json.gz", points)
    with read_points([file]) as read:
        return windows(read, thresholds)


def test_the_iterations_of_each_window(tmp_path: Path) -> None:
    assert found(tmp_path) == (Window(0, 5, 0, ()), Window(5, 5, 3, ()), Window(10, 1, 0, ()))


@pytest.mark.parametrize(
    ("expression", "observed"),
    [("avg<=29", 30.0), ("min<=9", 10.0), ("max<=59", 60.0), ("p50<=19", 20.0)],
)
def test_a_threshold_on_a_trend(tmp_path: Path, expression: str, observed: float) -> None:
    limit = threshold(LATENCY, expression)
    first, second, last = found(tmp_path, limit)
    assert (first.broken, second.broken) == ((), ((limit, observed),))
    # A window without samples breaks nothing.
    assert last.broken == ()


def test_a_threshold_on_the_samples_with_some_tags(tmp_path: Path) -> None:
    points = [
        Point(metric, value, at * SECOND, {"operation": operation, "phase": "steady"})
        for metric in ("iterations", LATENCY)
        for at, operation, value in ((0, "update", 9.0), (1, "insert", 1.0), (6, "insert", 1.0))
    ]
    limits = [
        threshold(f"{LATENCY}{{operation:{operation}}}", "max<=5")
        for operation in ("update", "insert", "delete")
    ]
    with read_points([write_points(tmp_path / "points.json.gz", points)]) as read:
        first, second = windows(read, limits)
    assert (first.broken, second.broken) == (((limits[0], 9.0),), ())


def test_a_threshold_on_a_rate(tmp_path: Path) -> None:
    limit = threshold("cdc_success_rate", "rate>=0.9")
    assert [window.broken for window in found(tmp_path, limit)] == [(), ((limit, 0.0),), ()]


def test_a_threshold_without_a_stat_of_a_window_is_left_out(tmp_path: Path) -> None:
    gauge = stack_threshold("consumer_lag", "max<=0")
    counter = threshold("pg_write_errors", "count<=0")
    count = threshold(LATENCY, "count>=100")
    assert not any(window.broken for window in found(tmp_path, gauge, counter, count))
