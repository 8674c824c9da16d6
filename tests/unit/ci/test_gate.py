import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cdc_perf.ci.gate import Decision, decide, read_needs
from cdc_perf.errors import ExitCode, UsageFailure
from cdc_perf.results.manifest import RunStatus
from cdc_perf.results.summary import Metric
from cdc_perf.runs.loader import read_attempts
from tests.unit.recorded_runs import FEW, SLOW, gone, manifest, row, run_id, spoil, write_run

KNOWN = ("health-check", "baseline", "e2e-latency", "spike")
HEALTH = row("health-check")


def needs(
    plan: str = "success",
    tests: str = "success",
    compare: str = "success",
    report: str = "success",
    scenarios: str = "baseline,e2e-latency",
    relevant: str = "true",
) -> str:
    outputs = {"scenarios": scenarios, "relevant": relevant, "matrix": "{}", "duration": ""}
    content: dict[str, Any] = {
        "plan": {"result": plan, "outputs": outputs if plan == "success" else {}},
        "performance-test": {"result": tests, "outputs": {}},
        "compare": {"result": compare, "outputs": {}},
        "report": {"result": report, "outputs": None},
    }
    return json.dumps(content)


def decided(results: Path, **results_of: str) -> Decision:
    return decide(read_needs(needs(**results_of)), read_attempts(results, KNOWN))


@pytest.fixture
def passed(tmp_path: Path) -> Path:
    write_run(tmp_path, [HEALTH, row("baseline")], 1)
    write_run(tmp_path, [HEALTH, row("e2e-latency")], 2)
    return tmp_path


def test_every_planned_scenario_passed(passed: Path) -> None:
    assert decided(passed) == Decision(ExitCode.PASS, ("baseline: PASS", "e2e-latency: PASS"))


def test_the_health_check_alone_can_be_what_was_planned(tmp_path: Path) -> None:
    write_run(tmp_path, [HEALTH])
    assert decided(tmp_path, scenarios="health-check").code is ExitCode.PASS


def test_nothing_relevant_was_changed(tmp_path: Path) -> None:
    decision = decided(tmp_path, tests="skipped", report="skipped", scenarios="", relevant="false")
    assert decision.code is ExitCode.PASS
    assert "no scenario had to run" in decision.lines[0]


def test_a_report_that_could_not_be_published_changes_no_verdict(passed: Path) -> None:
    decision = decided(passed, report="failure")
    assert decision.code is ExitCode.PASS
    assert decision.lines[-1].startswith("report: failure: the verdicts are valid")


@pytest.mark.parametrize("ended", ["failure", "cancelled"])
def test_a_comparison_is_left_to_the_required_status(passed: Path, ended: str) -> None:
    decision = decided(passed, compare=ended)
    assert decision.code is ExitCode.PASS
    assert decision.lines[-1].startswith(f"compare: {ended}: the required status decides")


def test_a_comparison_that_was_not_needed_is_not_mentioned(passed: Path) -> None:
    assert decided(passed, compare="skipped") == decided(passed)


@pytest.mark.parametrize(
    ("results_of", "code", "said"),
    [
        ({"plan": "failure", "tests": "skipped"}, ExitCode.INVALID, "plan: failure"),
        ({"plan": "cancelled", "tests": "skipped"}, ExitCode.INTERRUPTED, "plan: cancelled"),
        ({"plan": "skipped", "tests": "skipped"}, ExitCode.INVALID, "plan: skipped"),
        ({"tests": "failure"}, ExitCode.INVALID, "performance-test: failure"),
        ({"tests": "cancelled"}, ExitCode.INTERRUPTED, "performance-test: cancelled"),
        ({"tests": "skipped"}, ExitCode.INVALID, "performance-test: skipped"),
        ({"scenarios": ""}, ExitCode.NO_DATA, "plan: says that scenarios run, but names none"),
        ({"scenarios": "baseline,e2e-latency,spike"}, ExitCode.NO_DATA, "spike: its job left no"),
        ({"scenarios": "baseline"}, ExitCode.INVALID, "e2e-latency: has results but was not"),
        (
            {"relevant": "false", "scenarios": "", "tests": "success"},
            ExitCode.INVALID,
            "performance-test: success, but no scenario was planned",
        ),
    ],
)
def test_results_that_all_pass_are_not_enough(
    passed: Path, results_of: dict[str, str], code: ExitCode, said: str
) -> None:
    decision = decided(passed, **results_of)
    assert decision.code is code
    assert any(line.startswith(said) for line in decision.lines), decision.lines


@pytest.mark.parametrize(
    ("metrics", "code", "said"),
    [
        (SLOW, ExitCode.FAIL, "baseline: FAIL: cdc_e2e_latency p95 was 2,310 ms"),
        (FEW, ExitCode.NO_DATA, "baseline: NO-DATA: cdc_e2e_latency p95 needs 60 samples"),
    ],
)
def test_a_verdict_other_than_pass_is_red(
    passed: Path, metrics: Mapping[str, Metric], code: ExitCode, said: str
) -> None:
    write_run(passed, [HEALTH, row("baseline", metrics)], 3)
    decision = decided(passed)
    assert decision.code is code
    assert decision.lines[0].startswith(said)


def test_a_scenario_that_was_run_again_counts_as_it_came_out_last(passed: Path) -> None:
    write_run(passed, [HEALTH, row("baseline", SLOW)], 0)
    assert decided(passed).code is ExitCode.PASS


def test_a_stack_that_was_gone_is_red(passed: Path) -> None:
    write_run(passed, [HEALTH, gone("baseline")], 3)
    assert decided(passed).lines == ("baseline: NOT RUN: not run: the stack is gone",)


def test_a_run_that_did_not_come_to_its_end_is_red(passed: Path) -> None:
    rows = [HEALTH, row("baseline")]
    write_run(passed, rows, 3, manifest(rows, 3, status=RunStatus.RUNNING))
    decision = decided(passed)
    assert decision.code is ExitCode.INTERRUPTED
    assert decision.lines == (f"{run_id(3)} did not complete",)


def test_results_that_cannot_be_read_are_red_even_beside_good_ones(passed: Path) -> None:
    run = write_run(passed, [HEALTH, row("baseline")], 3)
    spoil(run / "baseline" / "verdict.json", verdict="FAIL")
    decision = decided(passed)
    assert decision.code is ExitCode.INVALID
    assert "has a verdict that contradicts its exit code" in decision.lines[0]


def cut_off(run: Path, kept: tuple[str, ...], file: str = "run.json") -> None:
    """Leave of a run folder what an upload that broke off may have left."""
    for folder in [x for x in run.iterdir() if x.is_dir() and x.name not in kept]:
        shutil.rmtree(folder)
    content = (run / file).read_bytes()
    (run / file).write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("kept", [("health-check", "baseline"), ("health-check",), ()])
def test_an_earlier_attempt_that_was_cut_off_does_not_matter(
    passed: Path, kept: tuple[str, ...]
) -> None:
    cut_off(write_run(passed, [HEALTH, row("baseline")], 0), kept)
    decision = decided(passed)
    assert decision.code is ExitCode.PASS
    # It is told all the same.
    assert any(run_id(0) in line for line in decision.lines)


@pytest.mark.parametrize("file", ["run.json", "baseline/verdict.json"])
def test_the_last_attempt_that_was_cut_off_is_red(passed: Path, file: str) -> None:
    cut_off(write_run(passed, [HEALTH, row("baseline")], 3), ("health-check", "baseline"), file)
    assert decided(passed).code is ExitCode.INVALID


def test_one_scenario_of_two_that_was_not_run_again_is_red(passed: Path) -> None:
    both = write_run(passed, [HEALTH, row("baseline"), row("spike")], 0)
    cut_off(both, ("health-check", "baseline", "spike"))
    assert decided(passed).code is ExitCode.INVALID


def test_a_folder_that_names_no_scenario_is_red_unless_all_were_run_after_it(
    passed: Path,
) -> None:
    # After baseline and before e2e-latency: it may be the last of baseline.
    unknown = write_run(passed, [HEALTH, row("baseline")], 2)
    cut_off(unknown, ())
    (unknown / "run.json").write_text("{")
    assert decided(passed).code is ExitCode.INVALID
    write_run(passed, [HEALTH, row("baseline")], 3)
    write_run(passed, [HEALTH, row("e2e-latency")], 4)
    assert decided(passed).code is ExitCode.PASS


def test_without_any_results_each_scenario_is_named(tmp_path: Path) -> None:
    decision = decided(tmp_path / "nothing", tests="failure", report="failure")
    assert decision.code is ExitCode.INVALID
    assert decision.lines == (
        "baseline: its job left no results",
        "e2e-latency: its job left no results",
        "performance-test: failure",
    )


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"plan": {}}', '{"plan": {"result": "success"}}']
)
def test_needs_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(UsageFailure, match=r"^NEEDS "):
        read_needs(text)
