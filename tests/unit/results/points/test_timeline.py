"""The metrics of some spans of the load, and of the rest."""

from pathlib import Path

import pytest

from cdc_perf.results.points.store import read_points
from cdc_perf.results.points.timeline import metrics_inside, metrics_outside
from tests.unit.points import TYPES, Point, write_points

LATENCY = "cdc_e2e_latency"
NAMES = (LATENCY, "cdc_success_rate", "pg_write_errors", f"{LATENCY}{{operation:update}}", "none")
SECOND = 1_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write ten seconds of an iteration a second: those of seconds 3 and 4 are slow and fail."""
    measured = []
    for second in range(10):
        slow = second in (3, 4)
        tags = {"operation": "update" if second % 2 else "insert"}
        measured += [
            Point(LATENCY, 900.0 if slow else 10.0, second * SECOND, tags),
            Point("cdc_success_rate", float(not slow), second * SECOND, tags),
            Point("pg_write_errors", float(slow), second * SECOND, tags),
            Point("iterations", 1.0, second * SECOND, tags),
        ]
    types = {**TYPES, "pg_write_errors": "counter"}
    return write_points(tmp_path / "points.json.gz", measured, types)


def test_each_point_is_inside_or_outside(file: Path) -> None:
    with read_points([file]) as points:
        ((first,),) = points.rows("SELECT min(microseconds) FROM point")
        spans = [(first / 1e6 + 2.5, first / 1e6 + 4.5)]
        inside = metrics_inside(points, NAMES, spans)
        outside = metrics_outside(points, NAMES, spans)
        everything = metrics_outside(points, NAMES, [])
        nothing = metrics_inside(points, NAMES, [])
    assert (inside[LATENCY].values["count"], inside[LATENCY].values["p(95)"]) == (2, 900.0)
    assert (outside[LATENCY].values["count"], outside[LATENCY].values["max"]) == (8, 10.0)
    assert inside["cdc_success_rate"].values == {"rate": 0.0, "passes": 0, "fails": 2}
    assert outside["cdc_success_rate"].values["rate"] == 1.0
    # Per second: of the span, and of what is left of the nine seconds.
    assert inside["pg_write_errors"].values == {"count": 2.0, "rate": 1.0}
    assert outside["pg_write_errors"].values == {"count": 0.0, "rate": 0.0}
    assert inside[f"{LATENCY}{{operation:update}}"].values["count"] == 1
    assert everything[LATENCY].values["count"] == 10
    assert LATENCY not in nothing
    assert "none" not in inside.keys() | outside.keys()
