import gzip
from pathlib import Path

import pytest

from cdc_perf.results.points.declared import Declared
from cdc_perf.results.points.statistics import (
    PERCENTILES,
    Statistics,
    order_statistics,
    parsed_k6_name,
    statistics,
    statistics_of,
)
from cdc_perf.results.points.store import read_points
from cdc_perf.results.summary import SummaryType
from tests.unit.points import Point, declaration, write_points

LATENCY = "cdc_e2e_latency"
WARM_UP, STEADY = {"phase": "warmup"}, {"phase": "steady"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_points(
        tmp_path / "points.json.gz",
        [
            *(Point(LATENCY, 1000.0, at, WARM_UP) for at in range(5)),
            # Out of order, in value and in time.
            *(Point(LATENCY, float(value), 5 + value, STEADY) for value in reversed(range(101))),
            *(Point("cdc_success_rate", float(value), 200, STEADY) for value in (1, 0, 1)),
            Point("iterations", 0.0, 300, None),
            *(Point("iterations", 1.0, 301 + at, STEADY) for at in range(3)),
            *(Point("vus", float(value), 400) for value in (1, 5, 3)),
        ],
    )


def by_name(file: Path, *tags: str) -> dict[str, Statistics]:
    with read_points([file]) as points:
        return {found.k6_name: found for found in statistics(points, tags)}


def test_a_trend_has_its_percentiles_by_phase(file: Path) -> None:
    found = by_name(file, "phase")[f"{LATENCY}{{phase:steady}}"]
    assert (found.count, found.least, found.largest, found.mean) == (101, 0.0, 100.0, 50.0)
    assert found.percentiles == {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p99.9": 99.9}
    assert ((found.last - found.first).microseconds, found.passes) == (100, None)


def test_each_type_has_what_it_means(file: Path) -> None:
    found = by_name(file)
    assert (found["cdc_success_rate"].passes, found["cdc_success_rate"].fails) == (2, 1)
    assert (found["iterations"].count, found["iterations"].total) == (4, 3.0)
    assert (found["vus"].least, found["vus"].largest) == (1.0, 5.0)
    assert found["vus"].percentiles == {}
    assert found["vus"].fails is None


def test_points_without_a_tag_are_a_group_of_their_own(file: Path) -> None:
    found = by_name(file, "phase")
    assert (found["iterations"].count, found["iterations{phase:steady}"].count) == (1, 3)


def test_a_tag_may_have_any_name_and_any_value(tmp_path: Path) -> None:
    odd = {"a/b~c'd\"e": "x\"y'z"}
    file = write_points(tmp_path / "p.gz", [Point(LATENCY, 1.0, 0, odd), Point(LATENCY, 2.0)])
    with read_points([file]) as points:
        found = {tuple(x.tags.items()): x.count for x in statistics(points, tuple(odd))}
        assert found == {tuple(odd.items()): 1, (): 1}
        assert order_statistics(points, LATENCY, odd, [1]) == {1: 1.0}


def test_order_statistics_are_those_of_the_tagged_points(file: Path) -> None:
    with read_points([file]) as points:
        assert order_statistics(points, LATENCY, STEADY, [1, 2, 101]) == {1: 0, 2: 1, 101: 100}
        every = order_statistics(points, LATENCY, {}, [101, 102, 106])
        assert every == {101: 100, 102: 1000, 106: 1000}
        assert order_statistics(points, LATENCY, STEADY, []) == {}


@pytest.mark.parametrize("rank", [0, -1, 102])
def test_a_rank_that_there_is_not_is_refused(file: Path, rank: int) -> None:
    with read_points([file]) as points, pytest.raises(ValueError, match="invalid rank among"):
        order_statistics(points, LATENCY, STEADY, [1, rank])


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("m", 4),
        ("m{name:a}", 2),
        ("m{ name: a }", 2),
        ('m{name:"a"}', 2),
        ("m{'name' : 'a' , k:v}", 1),
        ("m{u:http://h/?q=1&z={}}", 1),
        ("m{empty:''}", 1),
        ("m{name:nobody}", 0),
        ("m{nothing:a}", 0),
        ("other", 0),
    ],
)
def test_a_sub_metric_is_found_however_it_is_spelled(tmp_path: Path, name: str, count: int) -> None:
    points = [
        Point("m", 1.0, 0, {"name": "a"}),
        Point("m", 2.0, 1, {"name": "a", "k": "v"}),
        Point("m", 3.0, 2, {"u": "http://h/?q=1&z={}", "empty": ""}),
        Point("m", 4.0, 3, None),
    ]
    file = write_points(tmp_path / "p.gz", points, {"m": "trend"})
    metric, tags = parsed_k6_name(name)
    with read_points([file]) as read:
        found = statistics_of(read, metric, tags, {"p(50)": 0.5})
    assert (0 if found is None else found.count) == count


def test_a_part_of_a_metric_has_the_same_statistics_as_its_group(file: Path) -> None:
    with read_points([file]) as points:
        whole = {x.k6_name: x for x in statistics(points, ["phase"])}
        for name in (f"{LATENCY}{{phase:steady}}", "cdc_success_rate{phase:steady}"):
            metric, tags = parsed_k6_name(name)
            assert statistics_of(points, metric, tags, PERCENTILES) == whole[name]


def test_a_metric_is_known_as_k6_declared_it(tmp_path: Path) -> None:
    file = tmp_path / "points.json"
    file.write_text(
        '{"type":"Metric","data":{"name":"m","type":"trend","contains":"time",'
        '"thresholds":["p(95)<1e3",{"threshold":"avg<1","abortOnFail":true}],'
        '"submetrics":[{"name":"m{a:b}","suffix":"a:b","tags":{"a":"b"}}]},"metric":"m"}\n'
        '{"type":"Metric","data":{"name":"n","type":"rate","contains":"default",'
        '"thresholds":[],"submetrics":null},"metric":"n"}\n'
    )
    with read_points([file]) as points:
        assert points.declared == {
            "m": Declared(SummaryType.TREND, "time", ("p(95)<1e3", "avg<1"), ("m{a:b}",)),
            "n": Declared(SummaryType.RATE, "default"),
        }


@pytest.mark.parametrize(
    "tags",
    ['"phase"', "[1]", "7", '{"phase":"warmup"}', '{"a":' * 2000 + "1" + "}" * 2000],
    ids=["text", "list", "number", "another", "nested too deep"],
)
def test_points_with_other_tags_are_not_of_the_sub_metric(tmp_path: Path, tags: str) -> None:
    known = Point(LATENCY, 5.0, 0, STEADY).line()
    other = Point(LATENCY, 9.0, 1, None).line().replace('"tags":null', f'"tags":{tags}')
    file = tmp_path / "points.json.gz"
    file.write_bytes(gzip.compress(f"{declaration(LATENCY, 'trend')}{known}{other}".encode()))
    with read_points([file]) as points:
        all_points = statistics_of(points, LATENCY, {}, {})
        found = statistics_of(points, LATENCY, STEADY, {})
    assert all_points is not None
    assert found is not None
    assert (all_points.count, found.count, found.mean) == (2, 1, 5.0)
