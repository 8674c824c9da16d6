"""A report's comparison with the last comparable runs, without a base that someone names."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from cdc_perf.report.html.build import write_reports
from cdc_perf.results.history import append, read_history
from tests.unit.recorded_runs import FAST, SLOW, row, run_id
from tests.unit.report.html.parsed import Parsed, parsed
from tests.unit.runs_in_history import finished
from tests.unit.series_files import load, series_of

OLD, NEW = "a" * 40, "b" * 40
HOSTILE = "</script><img src=x onerror=alert(1)>\"'{{ 7 * 7 }}"


def shown(folder: Path) -> Parsed:
    return parsed(write_reports(folder)[0].read_text(encoding="utf-8"))


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """A run and a later one of another commit, with the seconds of both."""
    base = finished(tmp_path, [row("baseline", FAST)], 0, commit=OLD)
    head = finished(tmp_path, [row("baseline", SLOW)], 1, commit=NEW)
    for folder, latency in ((base, 20.0), (head, 45.0)):
        series_of(folder / "baseline" / "series.parquet", load(30, 10, warm_up=3, latency=latency))
    return base, head


def test_the_last_run_answers_the_question_with_both_distributions(
    two: tuple[Path, Path],
) -> None:
    base, head = two
    found = shown(head)
    order = [
        f"Did it get worse? baseline: since {base.name} (1 hour earlier, commit aaaaaaaaaa): ",
        "e2e p50 30 → 1,200 ms (+3900.0%), e2e p95 40 → 2,310 ms (+5675.0%), PASS → FAIL",
        f"Compared with the last comparable run, {base.name} : one comparison cannot",
        "inv compare aaaaaaaaaaaa bbbbbbbbbbbb",
        f"Compared with the last comparable run, {base.name}",
        "One run compared with one run: a difference can be noise.",
        "inv compare aaaaaaaaaaaa bbbbbbbbbbbb",
        "baseline: PASS → FAIL",
        "e2e p95, ms 40 2,310 +5675.0% 600 540",
        "Samples without warm-ups: before 270, now 270.",
        f"commit {OLD} {NEW}",
    ]
    end = 0
    for part in order:
        assert part in found.text[end:], part
        end = found.text.index(part, end) + len(part)
    data = json.loads(next(content for _, content in found.raw if content.startswith("{")))
    assert list(data["comparison-1"]["charts"]) == ["distribution", "slower", "p95"]
    assert len(set(found.ids)) == len(found.ids)
    assert set(found.links) <= set(found.ids)


def test_a_report_that_is_rebuilt_later_is_the_same(two: tuple[Path, Path]) -> None:
    base, head = two
    before = write_reports(head)[0].read_bytes()
    finished(base.parent, [row("baseline")], 2)
    assert write_reports(head)[0].read_bytes() == before


def test_without_the_folder_the_figures_of_the_history_are_shown(two: tuple[Path, Path]) -> None:
    base, head = two
    shutil.rmtree(base)
    text = shown(head).text
    assert f"baseline: since {base.name}" in text
    assert "baseline: PASS → FAIL" in text
    assert "e2e p95, ms 40 2,310 +5675.0% - 540" in text
    assert "Latencies of both runs: base run: its folder is gone" in text
    assert "Unknown for baseline: the folder of the earlier run is gone" in text
    assert "None: both runs have the same machine" not in text
    assert "inv compare aaaaaaaaaaaa bbbbbbbbbbbb" in text


def test_without_a_comparable_run_the_reason_is_the_answer(two: tuple[Path, Path]) -> None:
    base, head = two
    first = shown(base)
    assert (
        "Did it get worse? baseline: not compared: the history has no earlier run of it How"
        in first.text
    )
    assert "comparison" not in (*first.ids, *first.links)
    other = finished(base.parent, [row("baseline")], 2, {"duration": 120})
    assert (
        "Did it get worse? baseline: not compared: "
        "2 earlier runs, none comparable: different load (2)"
    ) in shown(other).text
    assert head.exists()


def test_a_run_of_the_health_check_alone_compares_nothing(tmp_path: Path) -> None:
    assert "Did it get worse? Not compared: no load ran." in shown(finished(tmp_path, [], 0)).text


def test_the_scenarios_of_a_run_may_have_different_last_runs(tmp_path: Path) -> None:
    finished(tmp_path, [row("baseline", FAST)], 0, commit=OLD)
    finished(tmp_path, [row("spike", FAST), row("soak")], 1, commit="c" * 40)
    now = finished(tmp_path, [row("baseline"), row("spike"), row("e2e-latency")], 2, commit=NEW)
    text = shown(now).text
    assert f"Compared with the last comparable runs, {run_id(0)}, {run_id(1)}" in text
    assert f"baseline: since {run_id(0)} (2 hours" in text
    assert f"spike: since {run_id(1)} (1 hour" in text
    assert "e2e-latency: not compared: the history has no earlier run of it" in text
    for commit in ("aaaaaaaaaaaa", "cccccccccccc"):
        assert f"To rule it out, run: inv compare {commit} bbbbbbbbbbbb" in text


def test_hostile_text_of_the_history_is_text(two: tuple[Path, Path]) -> None:
    base, head = two
    shutil.rmtree(base)
    entry, own = read_history(base.parent, "baseline")
    (base.parent / "history.jsonl").unlink()
    hostile = msgspec.structs.replace(entry, run_id=HOSTILE, commit=HOSTILE)
    append(base.parent, [hostile, own])
    found = shown(head)
    assert found.text.count(HOSTILE) >= 3
    assert (found.fetched, found.handlers, found.tags.count("img")) == ([], [], 0)
