import gzip
import json
from pathlib import Path

import pytest

from bench.points import repeated, write_points
from cdc_perf.results.points.statistics import statistics
from cdc_perf.results.points.store import read_points
from tests.unit import points as plain


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A run of three seconds."""
    measured = [plain.Point("cdc_e2e_latency", float(at), at * 500_000) for at in range(6)]
    return plain.write_points(tmp_path / "points.json.gz", measured)


def test_copies_come_five_at_a_time_and_one_run_after_the_other(
    source: Path, tmp_path: Path
) -> None:
    size = len(gzip.decompress(source.read_bytes()))
    made = write_points(source, 11 * size, tmp_path / "large.json.gz")
    assert made == 11 * size
    with read_points([tmp_path / "large.json.gz"]) as points:
        assert points.damage == ()
        (found,) = statistics(points)
        assert found.count == 66
        # Three runs of three seconds; the last point half a second before their end.
        assert (found.last - found.first).total_seconds() == 8.5


def test_nothing_but_the_times_is_changed(source: Path) -> None:
    text = gzip.decompress(source.read_bytes())
    *_, last = repeated(source, 6 * len(text))

    def content(line: bytes) -> tuple[object, object]:
        point = json.loads(line)
        return point["metric"], point["data"].get("value")

    assert [content(line) for line in last.splitlines()] == [
        content(line) for line in text.splitlines()
    ]
