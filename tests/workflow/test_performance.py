"""performance-test.yml as act runs it: the whole of it but for the load, which is made up."""

import json
import signal
from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.waiting import NotReady, wait_until
from tests.unit.recorded_runs import run_id
from tests.workflow import events
from tests.workflow.act import FORK, REPOSITORY, Ran, Repository
from tests.workflow.comparisons import asked

FILE = "performance-test.yml"
ALL_PASS = "{}"  # noqa: S105 - a verdict


def outcome(**scenarios: str) -> str:
    return json.dumps({name.replace("_", "-"): what for name, what in scenarios.items()})


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def run_of(scenario: str) -> str:
    return run_id(sum(map(ord, scenario)))


@pytest.mark.parametrize("of", [REPOSITORY, FORK], ids=["same repository", "fork"])
def test_a_pull_request_runs_the_usual_scenarios_and_keeps_everything(
    repository: Repository, of: str
) -> None:
    head = repository.change("src/cdc_consumer/sink.py")
    ran = repository.run(
        FILE, "pull_request", events.pull_request(head, of=of), RECORDED_PERF=ALL_PASS
    )

    assert ran.exit_code == 0, ran.lines
    scenarios = {"Run baseline", "Run e2e-latency"}
    assert set(ran.jobs) == {"Plan", *scenarios, "Compare", "Report", "Gate"}
    assert set(ran.jobs.values()) == {"success"}
    assert "baseline: PASS\ne2e-latency: PASS" in ran.said("Gate")

    assert ran.artifacts == {
        "k6-results-baseline-4711-1",
        "k6-results-e2e-latency-4711-1",
        "logs-baseline-4711-1",
        "logs-e2e-latency-4711-1",
        "k6-results-4711-1",
        "k6-comparison-4711-1",
        "logs-compare-4711-1",
    }
    kept = {name: ran.retention_days(name) for name in ran.artifacts}
    assert set(kept.values()) == {7, 30}
    assert all(days == (7 if name.startswith("logs") else 30) for name, days in kept.items())
    run = run_of("baseline")
    merged = files(ran.store / "k6-results-4711-1")
    assert {f"{run}/{x}" for x in ("run.json", "verdict.json", "summary.md")} <= merged
    assert f"{run}/baseline/points.json.gz" in merged
    assert f"{run_of('e2e-latency')}/e2e-latency/verdict.json" in merged
    assert {"report.html", "junit.xml"} <= merged
    assert ".gitkeep" not in merged
    # It is that of one results folder: a download must not replace the user's own.
    assert not [x for x in ran.artifacts if "history.jsonl" in files(ran.store / x)]
    assert files(ran.store / "logs-baseline-4711-1") == {"kafka.log"}

    assert "\n**PASS**: " in ran.summary
    assert "| baseline    | PASS " in ran.summary
    assert "| e2e-latency | PASS " in ran.summary


def test_a_pull_request_that_moves_nothing_passes_and_says_so(repository: Repository) -> None:
    head = repository.change("docs/guide.md", "README.md")
    ran = repository.run(FILE, "pull_request", events.pull_request(head), RECORDED_PERF=ALL_PASS)
    assert ran.exit_code == 0, ran.lines
    assert "2 changed files, none of which can affect performance" in ran.said("Plan")
    assert "no scenario had to run" in ran.said("Gate")
    assert set(ran.jobs) == {"Plan", "Gate"}
    assert ran.artifacts == set()


@pytest.mark.parametrize(
    ("paths", "runs"),
    [
        # Of a squash the first parent is not the base: both changes count.
        (("src/cdc_consumer/sink.py", "docs/guide.md"), {"Run baseline", "Run e2e-latency"}),
        (("docs/guide.md", "README.md"), set()),
    ],
)
def test_a_group_of_the_merge_queue_passes_the_gate_as_a_pull_request_does(
    repository: Repository, paths: tuple[str, ...], runs: set[str]
) -> None:
    base, head = repository.queue(*paths)
    event = events.merge_group(base, head)
    ran = repository.run(FILE, "merge_group", event, RECORDED_PERF=ALL_PASS)
    assert ran.exit_code == 0, ran.lines
    assert ran.jobs["Plan"] == ran.jobs["Gate"] == "success"
    assert {job for job in ran.jobs if job.startswith("Run ")} == runs
    assert ("Compare" in ran.jobs) == bool(runs)
    if runs:
        assert (asked(ran)["base"], asked(ran)["head"]) == (base, head)


def test_a_group_of_the_merge_queue_that_fails_turns_the_gate_red(repository: Repository) -> None:
    event = events.merge_group(*repository.queue("src/cdc_consumer/sink.py"))
    ran = repository.run(FILE, "merge_group", event, RECORDED_PERF=outcome(baseline="FAIL"))
    assert ran.jobs["Gate"] == "failure"


def test_a_checkout_that_is_no_merge_is_refused(repository: Repository) -> None:
    payload = events.pull_request("4" * 40)
    ran = repository.run(FILE, "pull_request", payload, RECORDED_PERF=ALL_PASS)
    assert ran.jobs["Plan"] == ran.jobs["Gate"] == "failure"
    assert "HEAD is not a merge commit" in ran.said("Plan")


def test_the_schedule_runs_the_usual_scenarios_whatever_was_changed(
    repository: Repository,
) -> None:
    ran = repository.run(FILE, "schedule", events.schedule(), RECORDED_PERF=ALL_PASS)
    assert ran.exit_code == 0, ran.lines
    assert {job for job in ran.jobs if job.startswith("Run ")} == {
        "Run baseline",
        "Run e2e-latency",
    }


def test_a_manual_start_runs_one_scenario_for_the_requested_time(
    repository: Repository,
) -> None:
    payload = events.dispatch("spike", "90s")
    ran = repository.run(FILE, "workflow_dispatch", payload, RECORDED_PERF=ALL_PASS)
    assert ran.exit_code == 0, ran.lines
    assert ran.artifacts == {"k6-results-spike-4711-1", "logs-spike-4711-1", "k6-results-4711-1"}
    assert '"scenarios": "spike", "duration": "1m30s", "env": "ci"' in ran.said("Run spike")
    assert "spike: at most 22 minutes" in ran.said("Plan")


def test_all_means_every_scenario_that_fits(repository: Repository) -> None:
    ran = repository.run(FILE, "workflow_dispatch", events.dispatch("all"), RECORDED_PERF=ALL_PASS)
    assert ran.exit_code == 0, ran.lines
    names = ("baseline", "stress", "spike", "e2e-latency", "mixed-workload")
    assert {job for job in ran.jobs if job.startswith("Run ")} == {f"Run {x}" for x in names}
    assert all(f"{name}: PASS" in ran.said("Gate") for name in names)


@pytest.mark.parametrize(
    ("scenario", "duration", "said"),
    [
        ("baseline", "soon", "duration_override: 'soon' is not a duration"),
        ("baseline", '"; touch pwned; $(touch pwned); echo "', "is not a duration"),
        ("basline", "", "unknown scenario 'basline'; did you mean baseline"),
    ],
)
def test_a_bad_input_ends_in_the_plan_and_the_gate_is_red(
    repository: Repository, scenario: str, duration: str, said: str
) -> None:
    payload = events.dispatch(scenario, duration)
    ran = repository.run(FILE, "workflow_dispatch", payload, RECORDED_PERF=ALL_PASS)
    assert ran.exit_code == 1
    assert ran.jobs["Plan"] == ran.jobs["Gate"] == "failure"
    assert said in ran.said("Plan")
    assert "plan: failure: nothing was planned" in ran.said("Gate")
    assert not list(repository.path.parent.rglob("pwned"))
    assert not {job for job in ran.jobs if job.startswith("Run ")}


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (
            "fail",
            "baseline: FAIL: cdc_e2e_latency p95 was 2,310 ms over 540 samples; the",
        ),
        ("no-data", "baseline: NO-DATA: cdc_e2e_latency p95 needs 60 samples and got 12"),
    ],
)
def test_what_is_not_a_pass_turns_the_gate_red_and_leaves_everything(
    repository: Repository, what: str, said: str
) -> None:
    head = repository.change("k6/scenarios.json")
    payload = events.pull_request(head)
    recorded = outcome(baseline=what)
    ran = repository.run(FILE, "pull_request", payload, RECORDED_PERF=recorded)
    assert ran.exit_code == 1
    assert ran.jobs["Run baseline"] == ran.jobs["Gate"] == "failure"
    # act has one result for all copies of a job; that the other one went on shows in what it left.
    assert "k6-results-e2e-latency-4711-1" in ran.artifacts
    assert ran.jobs["Report"] == "success"
    assert said in ran.said("Gate")
    assert {"k6-results-baseline-4711-1", "logs-baseline-4711-1", "k6-results-4711-1"} <= (
        ran.artifacts
    )
    assert said.partition(": ")[2].partition(": ")[2] in ran.summary


def test_a_job_that_breaks_turns_the_gate_red(repository: Repository) -> None:
    head = repository.change("k6/scenarios.json")
    payload = events.pull_request(head)
    ran = repository.run(FILE, "pull_request", payload, RECORDED_PERF=outcome(baseline="broken"))
    assert ran.exit_code == 1
    assert ran.jobs["Gate"] == "failure"
    assert "baseline: its job left no results" in ran.said("Gate")
    assert "e2e-latency: PASS" not in ran.said("Gate")
    assert "logs-baseline-4711-1" in ran.artifacts
    assert_only_the_other_is_in_the_summary(ran)


def assert_only_the_other_is_in_the_summary(ran: Ran) -> None:
    assert "| e2e-latency | PASS " in ran.summary
    assert "| baseline" not in ran.summary


def test_a_workflow_that_is_cancelled_leaves_the_gate_red(
    repository: Repository, tmp_path: Path
) -> None:
    hanging = tmp_path / "hanging"

    def cancel(act: process.Running) -> None:
        def probe() -> None:
            if not hanging.exists():
                raise NotReady("the scenario is not running yet")

        wait_until(probe, what="the scenario", deadline_seconds=60)
        act.signal(signal.SIGINT)

    ran = repository.run(
        *(FILE, "workflow_dispatch", events.dispatch("baseline")),
        meanwhile=cancel,
        RECORDED_PERF=outcome(baseline="hangs"),
        HANGING=str(hanging),
    )
    assert ran.exit_code != 0
    assert ran.jobs["Gate"] == "failure"
    assert "baseline: its job left no results\nperformance-test: " in ran.said("Gate")
    assert "logs-baseline-4711-1" in ran.artifacts
