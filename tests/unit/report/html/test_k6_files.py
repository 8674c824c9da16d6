import gzip
from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.report.html.build import write_k6_report
from cdc_perf.report.html.k6_files import k6_material
from cdc_perf.results.foreign_summary import read_any_summary
from cdc_perf.results.summary import NoSummary, Summary, SummaryType
from tests.unit.measured import summary
from tests.unit.points import Point, percentile, text_of
from tests.unit.report.html.parsed import parsed
from tests.unit.series_files import LATENCY, SECOND

VALUES = [5 + at / 20 for at in range(400)]
POINTS = [Point(LATENCY, value, at * SECOND // 50, {}) for at, value in enumerate(VALUES)]
GIVEN = {
    "metrics": {
        LATENCY: {
            "type": "trend",
            "contains": "time",
            "values": {"avg": 15.0, "med": 14.975, "p(95)": 23.95},
            "thresholds": {"p(95)<50": {"ok": True}, "p(99)<10": {"ok": False}},
        },
        "iterations": {"type": "counter", "contains": "default", "values": {"count": 400}},
    },
    "root_group": {"checks": [{"name": "c", "path": "::c", "id": "1", "passes": 1, "fails": 2}]},
    "state": {"isStdOutTTY": False, "testRunDurationMs": 8000.0},
}
EXPORTED = {
    "metrics": {
        LATENCY: {
            "avg": 15.0,
            "med": 14.975,
            "p(95)": 23.95,
            "thresholds": {"p(95)<50": False, "p(99)<10": True},
        },
        "iterations": {"count": 400, "rate": 50.0},
        "ok": {"passes": 3, "fails": 1, "value": 0.75},
        "vus": {"value": 3, "min": 3, "max": 3},
    },
    "root_group": {"checks": {"c": {"name": "c", "path": "::c", "passes": 1, "fails": 2}}},
}


def written(path: Path, content: object) -> Path:
    path.write_bytes(msgspec.json.encode(content))
    return path


@pytest.mark.parametrize("content", [GIVEN, EXPORTED], ids=["handleSummary", "--summary-export"])
@pytest.mark.parametrize("zipped", [True, False], ids=["gzip", "plain"])
def test_k6_s_own_files_are_a_report(
    tmp_path: Path, content: dict[str, object], *, zipped: bool
) -> None:
    text = text_of(POINTS)
    points = tmp_path / "points.json"
    points.write_bytes(gzip.compress(text) if zipped else text)
    report = write_k6_report(points, written(tmp_path / "mine.json", content), {LATENCY: "ms"})
    assert report == tmp_path / "report.html"
    shown = parsed(report.read_text(encoding="utf-8")).text
    assert "NOT JUDGED: this report is based on k6's own files" in shown
    assert "Thresholds, judged by k6" in shown
    assert "cdc_e2e_latency p95 holds < 50 ms 23.9 ms" in shown
    assert "✓" not in shown  # the sign is a style's, and the word stands for it
    p99 = percentile(VALUES, 0.99)
    assert f"cdc_e2e_latency p99 broken < 10 ms {p99:.1f} ms - 400" in shown
    assert "broken" in shown
    assert "400 samples between 5 ms and 24.9 ms." in shown
    assert "not judged: this project's thresholds and gates" in shown
    assert not (tmp_path / "junit.xml").exists()


def test_both_shapes_are_the_same_summary(tmp_path: Path) -> None:
    given = read_any_summary(written(tmp_path / "a.json", GIVEN))
    exported = read_any_summary(written(tmp_path / "b.json", EXPORTED))
    assert isinstance(given, Summary)
    assert isinstance(exported, Summary)
    assert given.metrics[LATENCY].thresholds == {"p(95)<50": True, "p(99)<10": False}
    assert exported.metrics[LATENCY].thresholds == given.metrics[LATENCY].thresholds
    assert exported.metrics[LATENCY].values["p(50)"] == 14.975
    assert {name: metric.type for name, metric in exported.metrics.items()} == {
        LATENCY: SummaryType.TREND,
        "iterations": SummaryType.COUNTER,
        "ok": SummaryType.RATE,
        "vus": SummaryType.GAUGE,
    }
    assert exported.metrics["ok"].values["rate"] == 0.75
    assert [(c.name, c.passes, c.fails) for c in exported.checks] == [("c", 1, 2)]
    assert exported.checks == given.checks


def test_this_project_s_own_summary_is_read_as_such(tmp_path: Path) -> None:
    own = summary()
    assert read_any_summary(written(tmp_path / "s.json", own)) == own


@pytest.mark.parametrize("content", [[], {}, {"metrics": 1}, "text"])
def test_what_is_no_summary_says_so(tmp_path: Path, content: object) -> None:
    found = read_any_summary(written(tmp_path / "s.json", content))
    assert isinstance(found, NoSummary)
    assert found.reason == "s.json is not a k6 summary, from handleSummary or --summary-export"


def test_a_summary_that_is_none_leaves_the_points(tmp_path: Path) -> None:
    points = tmp_path / "points.json"
    points.write_bytes(text_of(POINTS)[:-30])
    report = write_k6_report(points, written(tmp_path / "s.json", []), {})
    shown = parsed(report.read_text(encoding="utf-8")).text
    assert "s.json is not a k6 summary" in shown
    assert "points.json ends in the middle of a line; recovered 399 points" in shown
    assert "399 samples between" in shown


@pytest.mark.parametrize(("points", "summary"), [("no", "s.json"), ("s.json", "no")])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, points: str, summary: str) -> None:
    written(tmp_path / "s.json", GIVEN)
    with pytest.raises(UsageFailure, match=r"--(points|summary): no such file: "):
        write_k6_report(tmp_path / points, tmp_path / summary, {})


def thresholds(points: Path, summary: Path) -> dict[str, bool | None]:
    (scenario,) = k6_material(points, summary).scenarios
    return {each.name: each.ok for each in scenario.k6_thresholds}


def test_a_broken_threshold_shows_whatever_its_form(tmp_path: Path) -> None:
    """k6 exited with 99: it can never look as if all of them held."""
    listed = {"p(95)<50": True, "p(99)<1e1": False, "med==3": False, "avg>-1": True}
    given = {
        "type": "trend",
        "contains": "time",
        "values": {"avg": 15.0, "med": 14.975},
        "thresholds": {text: {"ok": ok} for text, ok in listed.items()},
    }
    points = tmp_path / "points.json"
    points.write_bytes(text_of(POINTS))
    summary = written(tmp_path / "s.json", {"metrics": {LATENCY: given}})
    assert thresholds(points, summary) == {f"{LATENCY} {x}": y for x, y in listed.items()}
    report = parsed(write_k6_report(points, summary, {}).read_text(encoding="utf-8")).text
    assert "2 broken, 2 hold" in report


def test_an_export_without_a_mean_has_all_its_samples(tmp_path: Path) -> None:
    points = tmp_path / "points.json"
    points.write_bytes(text_of(POINTS))
    exported = {"metrics": {LATENCY: {"min": 5.0, "thresholds": {"avg<50": False}}}}
    (scenario,) = k6_material(points, written(tmp_path / "s.json", exported)).scenarios
    (found,) = scenario.k6_thresholds
    assert (found.ok, found.samples) == (True, 400)
    assert found.observed == pytest.approx(sum(VALUES) / 400)
    assert isinstance(scenario.summary, Summary)
    assert scenario.summary.samples(LATENCY) == 400


def test_files_of_two_tests_do_not_agree(tmp_path: Path) -> None:
    points = tmp_path / "points.json"
    points.write_bytes(text_of(POINTS))
    same = {"metrics": {LATENCY: {"avg": 15.0, "count": 400}}}
    other = {
        "metrics": {LATENCY: {"avg": 15.0, "count": 401}, "iterations": {"count": 5, "rate": 1}}
    }
    agreed = k6_material(points, written(tmp_path / "s.json", same))
    differing = k6_material(points, written(tmp_path / "o.json", other))
    assert len(differing.missing) == len(agreed.missing) + 1


def test_without_points_k6_s_word_is_shown(tmp_path: Path) -> None:
    points = tmp_path / "points.json"
    points.write_bytes(b'{"broken')
    summary = written(tmp_path / "s.json", EXPORTED)
    assert thresholds(points, summary) == {
        f"{LATENCY} p(95)<50": True,
        f"{LATENCY} p(99)<10": False,
    }


def test_without_a_summary_thresholds_are_those_that_the_points_name(tmp_path: Path) -> None:
    declared = (
        b'{"type":"Metric","data":{"name":"m","type":"trend","contains":"time","thresholds":'
        b'["max<1"],"submetrics":[{"name":"m{a:b}"}]},"metric":"m"}\n'
    )
    points = tmp_path / "points.json"
    points.write_bytes(declared + text_of([Point("m", 5.0)], {}))
    assert thresholds(points, written(tmp_path / "s.json", [])) == {"m max<1": None, "m{a:b}": None}


@pytest.mark.parametrize("zipped", [True, False])
def test_k6_s_csv_output_is_refused(tmp_path: Path, *, zipped: bool) -> None:
    content = b"metric_name,timestamp,metric_value,check\niterations,1795868204,1,\n"
    points = tmp_path / "points.csv"
    points.write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(UsageFailure):
        write_k6_report(points, written(tmp_path / "s.json", GIVEN), {})
    assert not (tmp_path / "report.html").exists()
