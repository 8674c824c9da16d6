"""Runs found again in the results folder."""

import json
from pathlib import Path

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.report.runs import RunFilter, find_runs, runs_json, runs_table
from cdc_perf.results.manifest import RunStatus
from tests.unit.recorded_runs import SLOW, gone, manifest, row, run_id, write_run

SCENARIOS = ("health-check", "baseline", "spike")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A run that passed, one that failed, one without a stack and one that is going on."""
    good, slow, lost = [row("baseline")], [row("baseline", SLOW), row("spike")], [gone("spike")]
    write_run(tmp_path, good, 1)
    write_run(tmp_path, slow, 2)
    write_run(tmp_path, lost, 3)
    write_run(tmp_path, good, 4, manifest(good, 4, status=RunStatus.RUNNING))
    return tmp_path


@pytest.mark.parametrize(
    ("criteria", "numbers"),
    [
        (RunFilter(), [1, 2, 3, 4]),
        (RunFilter(scenario="spike"), [2, 3]),
        (RunFilter(verdict="PASS"), [1, 4]),
        (RunFilter(verdict="fail"), [2]),
        (RunFilter(scenario="spike", verdict="PASS"), [2]),
        (RunFilter(scenario="spike", verdict="INVALID"), [3]),
        (RunFilter(commit="CCCC"), [1, 2, 3, 4]),
        (RunFilter(commit="d"), []),
        (RunFilter(name="nightly"), []),
    ],
)
def test_runs_are_found_by_what_they_were(
    results: Path, criteria: RunFilter, numbers: list[int]
) -> None:
    found = find_runs(results, SCENARIOS, criteria)
    assert [run.manifest.run_id for run in found.runs] == [run_id(n) for n in numbers]


def test_each_run_is_a_line(results: Path) -> None:
    found = find_runs(results, SCENARIOS, RunFilter())
    lines = runs_table(found.runs).splitlines()[2:]
    assert [line.split()[0] for line in lines] == [run_id(n) for n in (1, 2, 3, 4)]
    assert "FAIL" in lines[1]
    assert "baseline FAIL, spike PASS" in lines[1]
    assert "INVALID (stack unavailable)" in lines[2]
    assert "spike NOT RUN" in lines[2]
    # Nobody has judged what is going on.
    assert "PASS" not in lines[3]


def test_programs_get_the_same(results: Path) -> None:
    entries = json.loads(runs_json(find_runs(results, SCENARIOS, RunFilter(verdict="FAIL")).runs))
    (entry,) = entries
    assert (entry["run"], entry["verdict"], entry["exit_code"]) == (run_id(2), "FAIL", 10)
    assert entry["scenarios"] == {"baseline": "FAIL", "spike": "PASS"}


def test_what_cannot_be_read_is_told(results: Path) -> None:
    (results / run_id(1) / "run.json").write_text("{", encoding="utf-8")
    found = find_runs(results, SCENARIOS, RunFilter(verdict="FAIL"))
    assert len(found.runs) == 1
    (fault,) = found.unreadable
    assert fault.startswith(f"{run_id(1)}: run.json is invalid")


@pytest.mark.parametrize(
    ("criteria", "line"),
    [
        (RunFilter(scenario="spik"), "--scenario: unknown scenario 'spik'; did you mean spike?"),
        (RunFilter(verdict="passed"), "--verdict: unknown verdict 'passed'; "),
    ],
)
def test_what_no_run_can_be_is_a_wrong_option(
    results: Path, criteria: RunFilter, line: str
) -> None:
    with pytest.raises(UsageFailure) as caught:
        find_runs(results, SCENARIOS, criteria)
    assert str(caught.value).startswith(line)
