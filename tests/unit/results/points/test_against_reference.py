"""The engine against plain Python, on whatever points hypothesis comes up with."""

import gzip
from collections import defaultdict
from math import fsum
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdc_perf.results.points.series import write_series
from cdc_perf.results.points.statistics import PERCENTILES, order_statistics, statistics
from cdc_perf.results.points.store import read_points, time_of
from tests.unit.points import BEGIN, TYPES, Point, declaration, percentile

_VALUES = st.one_of(
    st.floats(-1e12, 1e12, allow_nan=False),
    st.integers(0, 3).map(float),  # many that are equal, as of rates and counters
)
_TAGS = st.none() | st.dictionaries(
    st.sampled_from(["phase", "operation", "a/b~c"]), st.text(max_size=3), max_size=3
)
_POINTS = st.lists(
    st.builds(Point, st.sampled_from(sorted(TYPES)), _VALUES, st.integers(0, 5_000_000), _TAGS),
    min_size=1,
    max_size=80,
)
_SETTINGS = settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    database=None,
)


def written(folder: Path, points: list[Point], style: st.DataObject) -> list[Path]:
    """Write the points into one to three files, in any order, offset and order of keys."""
    shuffled = style.draw(st.permutations(points))
    count = style.draw(st.integers(1, 3))
    paths = []
    for index in range(count):
        minutes = style.draw(st.sampled_from([0, 60, -210, 765]))
        turned = style.draw(st.booleans())
        lines = [declaration(metric, kind) for metric, kind in TYPES.items()]
        lines += [p.line(offset_minutes=minutes, turned=turned) for p in shuffled[index::count]]
        path = folder / f"{index}.json.gz"
        path.write_bytes(gzip.compress("".join(lines).encode()))
        paths.append(path)
    return paths


@pytest.mark.slow
@_SETTINGS
@given(points=_POINTS, style=st.data())
def test_statistics_are_those_of_plain_python(points: list[Point], style: st.DataObject) -> None:
    by = style.draw(st.sampled_from([(), ("phase",), ("operation", "a/b~c")]))
    expected = defaultdict(list)
    for point in points:
        tags = point.tags or {}
        chosen = tuple((name, tags[name]) for name in by if name in tags)
        expected[point.metric, chosen].append(point)
    with TemporaryDirectory() as folder, read_points(written(Path(folder), points, style)) as read:
        assert read.damage == ()
        found = {(x.metric, tuple(x.tags.items())): x for x in statistics(read, by)}
        assert found.keys() == expected.keys()
        for key, group in expected.items():
            values = sorted(point.value for point in group)
            size = max(1.0, *(abs(value) for value in values))
            got = found[key]
            assert (got.count, got.least, got.largest) == (len(values), values[0], values[-1])
            assert got.total == pytest.approx(fsum(values), rel=1e-9, abs=1e-9 * size)
            assert got.mean == pytest.approx(fsum(values) / len(values), rel=1e-9, abs=1e-9 * size)
            times = sorted(point.at for point in group)
            assert [(time - BEGIN).total_seconds() for time in (got.first, got.last)] == [
                at / 1e6 for at in (times[0], times[-1])
            ]
            kind = TYPES[got.metric]
            assert got.passes == (sum(v != 0 for v in values) if kind == "rate" else None)
            wanted = PERCENTILES if kind == "trend" else {}
            assert got.percentiles == {
                name: pytest.approx(percentile(values, share), rel=1e-9, abs=1e-9 * size)
                for name, share in wanted.items()
            }


@pytest.mark.slow
@_SETTINGS
@given(values=st.lists(_VALUES, min_size=1, max_size=200), style=st.data())
def test_every_rank_has_its_value(values: list[float], style: st.DataObject) -> None:
    points = [Point("cdc_e2e_latency", value) for value in values]
    with TemporaryDirectory() as folder, read_points(written(Path(folder), points, style)) as read:
        ranks = range(1, len(values) + 1)
        found = order_statistics(read, "cdc_e2e_latency", {}, ranks)
    assert found == dict(zip(ranks, sorted(values), strict=True))


@pytest.mark.slow
@_SETTINGS
@given(points=_POINTS, style=st.data())
def test_the_series_adds_up_to_the_points(points: list[Point], style: st.DataObject) -> None:
    expected = defaultdict(list)
    for point in points:
        second = BEGIN.timestamp() + point.at // 1_000_000
        # A tag without a value is as good as none.
        phase = (point.tags or {}).get("phase") or None
        expected[point.metric, int(second), phase].append(point.value)
    with TemporaryDirectory() as folder:
        target = Path(folder) / "series.parquet"
        with read_points(written(Path(folder), points, style)) as read:
            write_series(read, target)
        rows = duckdb.execute(
            "SELECT metric, epoch_us(second), phase, type, count, sum, min, max, zero_count, "
            f"map_values(buckets) FROM '{target}'"
        ).fetchall()
    assert {
        (metric, int(time_of(second).timestamp()), phase) for metric, second, phase, *_ in rows
    } == expected.keys()
    for metric, second, phase, kind, count, total, least, largest, zero_count, counts in rows:
        values = expected[metric, second // 1_000_000, phase]
        size = max(1.0, *map(abs, values))
        assert (count, least, largest) == (len(values), min(values), max(values))
        assert total == pytest.approx(fsum(values), rel=1e-9, abs=1e-9 * size)
        assert kind == TYPES[metric]
        if kind == "trend":
            assert zero_count == sum(value <= 0 for value in values)
            assert zero_count + sum(counts or ()) == count
