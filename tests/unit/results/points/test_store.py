import gzip
import json
from pathlib import Path

import pytest

from cdc_perf.results.points import store
from cdc_perf.results.points.series import write_series
from cdc_perf.results.points.statistics import statistics
from cdc_perf.results.points.store import read_points
from cdc_perf.results.summary import SummaryType
from tests.unit.points import TYPES, Point, declaration, text_of, write_points

LATENCY = "cdc_e2e_latency"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "points.json.gz"


def counted(*paths: Path) -> tuple[int, tuple[str, ...]]:
    """Return how many points there are, and what is said to be missing."""
    with read_points(paths) as points:
        ((count,),) = points.rows("SELECT count(*) FROM point")
        return count, tuple(damage.sentence for damage in points.damage)


def test_the_types_are_those_that_k6_declared(file: Path) -> None:
    write_points(file, [Point(LATENCY, 1.0)])
    with read_points([file]) as points:
        assert points.types == {name: SummaryType(kind) for name, kind in TYPES.items()}


def test_a_whole_file_has_no_damage(file: Path) -> None:
    assert counted(write_points(file, [Point(LATENCY, 1.0, at) for at in range(10)])) == (10, ())


def test_chunks_lose_no_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_CHUNK", 1 << 16)
    points = [Point(LATENCY, float(at), at, {"phase": "steady"}) for at in range(20_000)]
    assert counted(write_points(file, points)) == (20_000, ())


def test_a_file_that_was_cut_short_says_how_far_it_goes(file: Path) -> None:
    write_points(file, [Point(LATENCY, 1.0, at * 1_000_000) for at in range(90)])
    file.write_bytes(file.read_bytes()[:-8])
    assert counted(file) == (
        90,
        (
            (
                "points.json.gz is truncated: k6 was killed, or the disk was full; "
                "recovered 90 points, until 08:01:29 UTC"
            ),
        ),
    )


def test_half_a_line_is_left_out_and_said(file: Path) -> None:
    file.write_bytes(gzip.compress(text_of(Point(LATENCY, 1.0, at) for at in range(5))[:-9]))
    assert counted(file) == (
        4,
        (("points.json.gz ends in the middle of a line; recovered 4 points, until 08:00:00 UTC"),),
    )


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "{}",
        '{"metric":"cdc_e2e_latency","type":"Point"}',
        '{"metric":"cdc_e2e_latency","type":"Point","data":{"time":"soon","value":1,"tags":{}}}',
        '{"metric":"cdc_e2e_latency","type":"Point","data":{"time":"2026-11-24T08:00:00Z"}}',
        '{"metric":"cdc_e2e_latency","type":"Line","data":{}}',
    ],
)
def test_a_line_that_is_no_point_is_counted(file: Path, line: str) -> None:
    points = text_of([Point(LATENCY, 1.0), Point(LATENCY, 2.0)])
    file.write_bytes(gzip.compress(points.replace(b"\n", b"\n" + line.encode() + b"\n", 1)))
    count, (sentence,) = counted(file)
    assert count == 2
    assert "has 1 line without a point; recovered 2 points, until" in sentence


def test_a_file_that_is_missing_or_empty_holds_nothing(file: Path) -> None:
    assert counted(file) == (0, ("points.json.gz does not exist; no points recovered",))
    file.write_bytes(b"")
    count, (sentence,) = counted(file)
    assert count == 0
    assert sentence.endswith("no points recovered")


def test_the_files_of_segments_are_one_set(tmp_path: Path) -> None:
    first = write_points(tmp_path / "1.gz", [Point(LATENCY, 1.0), Point(LATENCY, 5.0)])
    second = write_points(tmp_path / "2.gz", [Point(LATENCY, 3.0)])
    with read_points([first, second]) as points:
        (found,) = statistics(points)
    assert (found.count, found.total, found.percentiles["p50"]) == (3, 9.0, 3.0)


def test_damage_belongs_to_its_file_alone(tmp_path: Path) -> None:
    later = 60_000_000
    whole = write_points(tmp_path / "whole.gz", [Point(LATENCY, 1.0), Point(LATENCY, 2.0, later)])
    cut = write_points(tmp_path / "cut.gz", [Point(LATENCY, 3.0)])
    cut.write_bytes(cut.read_bytes()[:-1])
    count, (sentence,) = counted(whole, cut)
    assert count == 3
    assert sentence.startswith("cut.gz is truncated")
    assert sentence.endswith("recovered 1 point, until 08:00:00 UTC")


def test_a_metric_has_one_type_whatever_the_segments_declare(tmp_path: Path) -> None:
    first = write_points(tmp_path / "1.gz", [Point(LATENCY, 1.0)])
    second = write_points(tmp_path / "2.gz", [Point(LATENCY, 3.0)], {LATENCY: "counter"})
    with read_points([first, second]) as points:
        assert points.types[LATENCY] is SummaryType.COUNTER
        assert [found.count for found in statistics(points)] == [2]


def test_local_offsets_and_another_order_of_keys_mean_the_same(file: Path) -> None:
    lines = [declaration(LATENCY, "trend")]
    for at, (minutes, turned) in enumerate([(0, False), (120, True), (-210, False), (345, True)]):
        point = Point(LATENCY, 1.0, at, {"phase": "steady", "operation": "create"})
        lines.append(point.line(offset_minutes=minutes, turned=turned))
    file.write_bytes(gzip.compress("".join(lines).encode()))
    with read_points([file]) as points:
        assert points.damage == ()
        (found,) = statistics(points, ["phase", "operation"])
    assert found.tags == {"phase": "steady", "operation": "create"}
    assert (found.last - found.first).microseconds == 3
    assert found.first.isoformat() == "2026-11-24T08:00:00+00:00"


def test_the_nanoseconds_that_go_writes_are_read(file: Path) -> None:
    line = json.loads(Point(LATENCY, 1.0).line())
    line["data"]["time"] = "2026-11-24T09:59:31.018578237+02:00"
    content = declaration(LATENCY, "trend") + json.dumps(line) + "\n"
    file.write_bytes(gzip.compress(content.encode()))
    with read_points([file]) as points:
        (found,) = statistics(points)
    assert found.first.isoformat() == "2026-11-24T07:59:31.018578+00:00"


def test_nothing_stays_behind(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a user's").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "a user's"))
    write_points(file, [Point(LATENCY, 1.0)])
    with read_points([file]) as points:
        assert points.folder.parent == tmp_path / "a user's"
        write_series(points, tmp_path / "series.parquet")
    assert list((tmp_path / "a user's").iterdir()) == []
