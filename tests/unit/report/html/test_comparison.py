"""A run beside an earlier one."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cdc_perf.report.compare import compare_runs
from cdc_perf.report.html.build import BaseRun, write_reports
from cdc_perf.results.manifest import Manifest
from cdc_perf.runs.loader import read_results
from tests.unit.compared_runs import two_runs
from tests.unit.measured import way
from tests.unit.recorded_runs import FAST, SLOW, gone, manifest, row, write_run
from tests.unit.report.html.parsed import Parsed, parsed
from tests.unit.series_files import load, series_of

KNOWN = ("health-check", "baseline", "spike", "soak")
HOSTILE = "</script><img src=x onerror=alert(1)>\"'{{ 7 * 7 }}"


def beside(base: Path, head: Path) -> str:
    comparison = compare_runs(*(read_results(each, KNOWN) for each in (base, head)))
    return write_reports(head, BaseRun(base, comparison))[0].read_text(encoding="utf-8")


def shown(base: Path, head: Path) -> Parsed:
    return parsed(beside(base, head))


def changed(folder: Path, **changes: object) -> None:
    """Change the manifest of a run."""
    made = msgspec.json.decode((folder / "run.json").read_bytes(), type=Manifest)
    msgspec.structs.replace(made, **changes).write(folder / "run.json")


def test_the_question_is_answered_at_a_glance_and_then_in_full(tmp_path: Path) -> None:
    base, head = two_runs(tmp_path)
    text = shown(base, head).text
    order = [
        "Did it get worse? baseline: e2e p50 30 → 1,200 ms (+3900.0%), e2e p95 40 → 2,310 ms",
        "one comparison cannot rule out noise. Both runs measured the same commit.",
        "How to rerun",
        f"Compared with {base.name}",
        "One run compared with one run: a difference can be noise.",
        "baseline: PASS → FAIL",
        "e2e p50, ms 30 1,200 +3900.0% 600 540",
        "e2e p95, ms 40 2,310 +5675.0% 600 540",
        "errors 0 0 none - 600 600",
        "Latency distribution of both runs % of samples",
        "Samples without warm-ups: before 270, now 270.",
        "Share of slower samples, both runs",
        "p95 over time, both runs",
        "Other differences",
        "None: both runs have the same machine",
        "Thresholds",
    ]
    end = 0
    for part in order:
        assert part in text[end:], part
        end = text.index(part, end)


def test_the_hop_that_moved_is_named_beside_the_figures(tmp_path: Path) -> None:
    base, head = (
        write_run(tmp_path, [replace(row("baseline"), hops=way(1, debezium, 3, 4))], number)
        for number, debezium in enumerate((2, 12))
    )
    text = shown(base, head).text
    assert "Debezium to Kafka mean, ms 2 12 +500.0% 540 540" in text
    assert "Mean from commit to MongoDB: +10 ms; largest change: Debezium to Kafka, +10 ms." in text


def test_bars_reach_as_far_as_figures_moved_and_to_their_side(tmp_path: Path) -> None:
    base = write_run(tmp_path, [row("baseline", SLOW)], 0)
    head = write_run(tmp_path, [row("baseline", FAST)], 1)
    page = beside(base, head)
    fills = re.findall(
        r'<rect class="fill" x="([0-9.]+)" y="3" width="([0-9.]+)" height="8"/>', page
    )
    # p50, p95 and p99 fell by 97.5, 98.3 and 98.5 %; the bars end at the largest of them.
    assert [tuple(map(float, each)) for each in fills[:3]] == [
        *((0.7, 64.3), (0.2, 64.8), (0.0, 65.0)),
    ]
    assert "up to ±99%" in parsed(page).text


def test_each_chart_has_both_runs_and_is_where_the_script_looks(tmp_path: Path) -> None:
    found = shown(*two_runs(tmp_path))
    data = json.loads(next(content for _, content in found.raw if content.startswith("{")))
    charts = data["comparison-1"]["charts"]
    assert list(charts) == ["distribution", "slower", "p95"]
    assert all([x["label"] for x in each["lines"]] == ["before", "now"] for each in charts.values())
    assert data["comparison-1"]["warm_up"] == 3
    assert (found.fetched, found.handlers) == ([], [])
    assert len(set(found.ids)) == len(found.ids)
    assert set(found.links) <= set(found.ids)


@pytest.mark.parametrize(
    ("how", "why", "difference"),
    [
        ({"stack": "compose"}, "different stack", "stack compose local"),
        ({"duration": 61}, "different load", "load of baseline 10 virtual users, 1m1s"),
        ({"environment": ""}, "different threshold environment", "thresholds of - ci"),
    ],
)
def test_what_cannot_be_compared_says_why_and_shows_no_figure(
    tmp_path: Path, how: dict[str, Any], why: str, difference: str
) -> None:
    rows = [row("baseline")]
    base = write_run(tmp_path, rows, 0, manifest(rows, 0, **how))
    head = write_run(tmp_path, rows, 1)
    text = shown(base, head).text
    assert f"Did it get worse? baseline: not compared: {why}" in text
    assert f"baseline is not comparable: {why}" in text
    assert difference in text
    assert "samples before" not in text


def test_each_scenario_that_only_one_has_is_reported(tmp_path: Path) -> None:
    base = write_run(tmp_path, [row("baseline"), row("spike"), gone("soak")], 0)
    head = write_run(tmp_path, [row("baseline"), row("soak")], 1)
    text = shown(base, head).text
    assert "spike is not comparable: only in BASE" in text
    assert "soak is not comparable: no summary in the base run" in text


@pytest.mark.parametrize(("lost", "whose"), [(0, "base run: "), (1, "")])
def test_a_series_that_is_lost_leaves_the_figures(tmp_path: Path, lost: int, whose: str) -> None:
    runs = two_runs(tmp_path)
    (runs[lost] / "baseline" / "series.parquet").unlink()
    text = shown(*runs).text
    assert "e2e p95, ms 40 2,310 +5675.0% 600 540" in text
    assert f"Latencies of both runs: {whose}series.parquet is missing" in text


def test_few_samples_have_no_percentile_over_time(tmp_path: Path) -> None:
    base, head = two_runs(tmp_path)
    series_of(head / "baseline" / "series.parquet", load(5, 10))
    text = shown(base, head).text
    assert "p95 over time, both runs: one run has fewer than 60 samples" in text


def test_two_commits_can_be_measured_in_turn(tmp_path: Path) -> None:
    base, head = two_runs(tmp_path)
    made = msgspec.json.decode((base / "run.json").read_bytes(), type=Manifest)
    assert "inv compare" not in shown(base, head).text
    changed(base, versions=msgspec.structs.replace(made.versions, commit="b" * 40))
    text = shown(base, head).text
    said = "can be noise. To rule it out, run: inv compare bbbbbbbbbbbb cccccccccccc"
    assert f"{said} baseline:" in text
    assert f"commit {'b' * 40} {'c' * 40}" in text
    # What no commit has cannot be measured again.
    changed(base, versions=msgspec.structs.replace(made.versions, commit="b" * 40, changed=True))
    assert "inv compare" not in shown(base, head).text


def test_the_command_names_a_pipeline_that_is_not_the_default(tmp_path: Path) -> None:
    base, head = two_runs(tmp_path)
    made = msgspec.json.decode((base / "run.json").read_bytes(), type=Manifest)
    changed(base, versions=msgspec.structs.replace(made.versions, commit="b" * 40))
    changed(head, pipeline_option="../my shop")
    said = "inv compare bbbbbbbbbbbb cccccccccccc --pipeline '../my shop'"
    assert said in shown(base, head).text


def test_a_setting_of_the_connector_is_reported_with_both_values(tmp_path: Path) -> None:
    base, head = two_runs(tmp_path)
    changed(base, connector={"poll.interval.ms": "5", "max.batch.size": "4096"})
    changed(head, connector={"poll.interval.ms": "500", "max.batch.size": "4096"})
    text = shown(base, head).text
    assert "connector poll.interval.ms 5 500" in text
    assert "max.batch.size" not in text


def test_hostile_text_of_a_base_is_text(tmp_path: Path) -> None:
    base, head = two_runs(tmp_path)
    made = msgspec.json.decode((base / "run.json").read_bytes(), type=Manifest)
    versions = msgspec.structs.replace(
        made.versions, commit=HOSTILE, components={HOSTILE: HOSTILE}, k6=HOSTILE
    )
    changed(base, versions=versions, notes=(HOSTILE,), connector={HOSTILE: HOSTILE})
    changed(head, connector={"poll.interval.ms": "5"})
    found = shown(base, head)
    assert found.text.count(HOSTILE) >= 6
    assert (found.fetched, found.handlers, found.tags.count("img")) == ([], [], 0)


def test_runs_in_a_folder_beside_runs_in_a_folder(tmp_path: Path) -> None:
    for name, metrics in (("base", FAST), ("head", SLOW)):
        for number, scenario in enumerate(("baseline", "spike")):
            write_run(tmp_path / name, [row(scenario, metrics)], number)
    found = shown(tmp_path / "base", tmp_path / "head")
    assert "Compared with 2 runs" in found.text
    for scenario in ("baseline", "spike"):
        assert f"{scenario}: e2e p50 30 → 1,200 ms (+3900.0%), e2e p95 40 → 2,310" in found.text
