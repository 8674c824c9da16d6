"""Files that a real k6 wrote by itself, in every shape that it has, read as k6 judged them."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from cdc_perf import process
from cdc_perf.report.html.build import write_k6_report
from cdc_perf.report.html.findings import errors, time_spent, times
from cdc_perf.report.html.k6_files import k6_material
from cdc_perf.results.foreign_summary import ForeignSummary
from cdc_perf.results.points.statistics import parsed_k6_name
from cdc_perf.runs.k6_threshold import K6Threshold
from cdc_perf.runs.run_data import ScenarioData
from cdc_perf.runs.series import Series
from tests.unit.points import percentile

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "k6_files"
SCRIPTS = ("everything", "odd", "abort", "nothing", "http")
_CROSSED = re.compile(r"thresholds on metrics '(.*?)' (?:have been|were) crossed")
_THRESHOLDS_FAILED = 99
EXPORT = ("--summary-export", "summary.json")
# What k6 is given beside the script, and how it is to write its summary.
SHAPES: Mapping[str, tuple[str, ...]] = {
    "handleSummary": (),
    "handleSummary, legacy mode": ("--summary-mode", "legacy"),
    "handleSummary, full mode": ("--summary-mode", "full"),
    "export": EXPORT,
    "export, legacy mode": (*EXPORT, "--summary-mode", "legacy"),
    "export without avg": (*EXPORT, "--summary-trend-stats", "min,p(99.9),count"),
    "export of counts alone": (*EXPORT, "--summary-trend-stats", "count"),
    "export of minima alone": (*EXPORT, "--summary-trend-stats", "min"),
    "machine-readable": (*EXPORT, "--new-machine-readable-summary"),
    "machine-readable, full mode": (
        *(*EXPORT, "--new-machine-readable-summary", "--summary-mode", "full"),
    ),
    "machine-readable handleSummary": ("--new-machine-readable-summary",),
}
# Each script in the shapes that differ, the first in all of them.
CASES = [
    (script, shape)
    for script in SCRIPTS
    for shape in SHAPES
    if script == "everything" or shape in {"handleSummary", "export", "machine-readable"}
]


@dataclass(frozen=True)
class Ran:
    """What k6 left, and what it said."""

    exit_code: int
    output: str
    script: Path
    points: Path
    summary: Path
    k6: Path

    @cached_property
    def read(self) -> tuple[ScenarioData, ForeignSummary]:
        """What the report makes of it."""
        (scenario,) = k6_material(self.points, self.summary).scenarios
        assert isinstance(scenario.summary, ForeignSummary), self.output
        return scenario, scenario.summary

    @property
    def crossed(self) -> set[str]:
        """The metrics whose thresholds k6 says are broken."""
        found = _CROSSED.search(self.output)
        return set(found[1].split(", ")) if found else set()

    @property
    def asked(self) -> Counter[tuple[str, frozenset[tuple[str, str]]]]:
        """How many thresholds the script sets on each metric and its tags."""
        inspected = process.run([self.k6, "inspect", self.script], env={"BASE": ""})
        options = json.loads(inspected.output[inspected.output.index("{") :])
        return Counter({_key(name): len(listed) for name, listed in options["thresholds"].items()})

    def lines(self) -> Iterator[Mapping[str, Any]]:
        """Yield the points, read by nothing of ours."""
        opened = gzip.open if self.points.suffix == ".gz" else open
        with opened(self.points, "rt", encoding="utf-8") as stream:
            for line in stream:
                if "Inf" not in line and '"Point"' in line:
                    yield json.loads(line)

    def count(self, name: str) -> int:
        """Return how many points a metric or sub-metric has."""
        metric, tags = parsed_k6_name(name)
        return sum(
            x["metric"] == metric and tags.items() <= (x["data"]["tags"] or {}).items()
            for x in self.lines()
        )


def _key(name: str) -> tuple[str, frozenset[tuple[str, str]]]:
    metric, tags = parsed_k6_name(name)
    return metric, frozenset(tags.items())


@pytest.fixture(scope="session")
def web() -> Iterator[str]:
    """A server of its own on the loopback interface: one path answers, the other fails."""
    with HTTPServer() as server:
        server.expect_request("/ok").respond_with_data("hello")
        server.expect_request("/bad").respond_with_data("sorry", status=500)
        yield server.url_for("").rstrip("/")


@pytest.fixture(scope="session")
def ran(
    k6: Path, web: str, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[tuple[str, str], Ran]:
    """Every case, each run once."""
    return {case: _run(k6, web, tmp_path_factory.mktemp("k6"), *case) for case in CASES}


def _run(k6: Path, web: str, folder: Path, script: str, shape: str) -> Ran:
    options = SHAPES[shape]
    summary = folder / "summary.json"
    # Gzipped or not: k6 looks at the name.
    points = folder / ("points.json.gz" if "export" in shape else "points.json")
    words = ("run", "--quiet", "--address", "", "--out", f"json={points}", *options)
    completed = process.run(
        [k6, *words, HERE / f"{script}.js"],
        cwd=folder,
        env={
            "K6_AUTO_EXTENSION_RESOLUTION": "false",
            "K6_NO_USAGE_REPORT": "true",
            "BASE": web,
            "GIVEN": "" if EXPORT[0] in options else str(summary),
        },
        timeout_seconds=60,
        check=False,
    )
    return Ran(completed.exit_code, completed.output, HERE / f"{script}.js", points, summary, k6)


def by_metric(thresholds: tuple[K6Threshold, ...], ok: bool | None) -> set[str]:  # noqa: FBT001
    return {each.metric for each in thresholds if each.ok is ok}


@pytest.mark.parametrize("case", CASES, ids=", ".join)
def test_the_report_agrees_with_k6(
    ran: Mapping[tuple[str, str], Ran], case: tuple[str, str]
) -> None:
    found = ran[case]
    scenario, summary = found.read
    thresholds = scenario.k6_thresholds
    broken = by_metric(thresholds, ok=False)
    assert (found.exit_code == _THRESHOLDS_FAILED) == bool(found.crossed), found.output
    if summary.judged:
        assert broken == found.crossed
    else:
        assert broken <= found.crossed
        assert found.crossed <= broken | by_metric(thresholds, ok=None)
        assert by_metric(thresholds, ok=True) == set()
    if found.exit_code == _THRESHOLDS_FAILED:
        assert not all(each.ok for each in thresholds)


@pytest.mark.parametrize("case", CASES, ids=", ".join)
def test_no_threshold_vanishes(ran: Mapping[tuple[str, str], Ran], case: tuple[str, str]) -> None:
    found = ran[case]
    scenario, summary = found.read
    shown = Counter(_key(each.metric) for each in scenario.k6_thresholds)
    if summary.judged:
        assert shown == found.asked
    else:
        # What has no sample and no tag to mark it is in neither file in this shape.
        hidden = {("checks", frozenset[tuple[str, str]]())} if case[0] == "nothing" else set()
        assert shown.keys() | hidden >= found.asked.keys()


@pytest.mark.parametrize("case", CASES, ids=", ".join)
def test_no_threshold_holds_without_samples(
    ran: Mapping[tuple[str, str], Ran], case: tuple[str, str]
) -> None:
    found = ran[case]
    scenario, _ = found.read
    for each in scenario.k6_thresholds:
        # JSON has no infinity: of those points only k6 itself knows.
        if case[0] != "odd":
            assert each.samples == found.count(each.metric), each.name
        own = each.metric in {"iterations", "dropped_iterations"}
        assert each.ok is not True or each.samples != 0 or own, each.name


@pytest.mark.parametrize("shape", SHAPES)
def test_everything_is_found_in_every_shape(ran: Mapping[tuple[str, str], Ran], shape: str) -> None:
    found = ran["everything", shape]
    scenario, summary = found.read
    failed = [x for x in found.lines() if x["metric"] == "checks" and not x["data"]["value"]]
    assert sum(check.fails for check in summary.checks) == len(failed) == 71
    rows = {(each.kind, each.meaning): each.count for each in errors(scenario)}
    assert rows["http_req_failed", "failed HTTP requests"] == "10"
    assert sum(int(count) for (kind, _), count in rows.items() if kind == "checks") == 71
    units = {(each.metric, each.source): each.unit for each in scenario.k6_thresholds}
    assert units["my_time", "p(95)<1e3"] == "ms"
    assert units["data_received", "count<1e6"] == "B"
    assert units["data_received", "rate<1e12"] == "B/s"
    assert units["my_count", "count>1e3"] == ""
    values = [x["data"]["value"] for x in found.lines() if x["metric"] == "my_time"]
    assert summary.samples("my_time") == len(values) == 45
    assert summary.observed("my_time", "p(95)") == pytest.approx(percentile(values, 0.95))
    assert {"my_time", "http_req_duration"} <= {each.metric for each in times(summary)}
    assert isinstance(scenario.series, Series)
    assert scenario.series.latency == "http_req_duration"
    assert scenario.series.steady.count == 40
    assert "http_req_duration" in time_spent(summary)
    assert summary.faults == ()
    write_k6_report(found.points, found.summary, {})


def test_a_script_with_nothing_but_http_has_a_latency(ran: Mapping[tuple[str, str], Ran]) -> None:
    for shape in ("handleSummary", "export", "machine-readable"):
        scenario, _ = ran["http", shape].read
        assert isinstance(scenario.series, Series)
        assert scenario.series.steady.count == 10
        assert [each.ok for each in scenario.k6_thresholds if each.ok is False] == []
