"""The default branch's judgement on results that a stranger may have made up."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cdc_perf.ci.comparison import Compared
from cdc_perf.ci.judge_context import JudgeInputs
from cdc_perf.ci.problems import Problem, ProblemKind
from cdc_perf.ci.required_status import REPORTED_GATES, Judgement, Rules, judge
from cdc_perf.ci.run import job_name
from cdc_perf.publish.status import State
from cdc_perf.results.summary import Metric
from cdc_perf.runs.loader import read_attempts
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios
from tests.unit.measured import counter, rate, trend
from tests.unit.recorded_runs import SLOW, row, spoil, write_complete_run

CHECKOUT = Checkout.here()
RULES = Rules.of(CHECKOUT, JudgeInputs())
USUAL = ("baseline", "e2e-latency")
KNOWN = load_scenarios(CHECKOUT).names
OFF = Compared()
SUCCEEDED = {job_name(name): "success" for name in USUAL}


def judged(
    results: Path,
    rules: Rules = RULES,
    jobs: Mapping[str, str] = SUCCEEDED,
    compared: Compared = OFF,
) -> Judgement:
    return judge(rules, read_attempts(results, KNOWN), jobs, compared)


def kinds(judgement: Judgement) -> set[tuple[ProblemKind, str]]:
    return {(x.kind, x.subject) for x in judgement.problems}


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    """Write good runs of the usual scenarios; return the folder of baseline's."""
    write_complete_run(tmp_path, CHECKOUT, "e2e-latency", 1)
    return write_complete_run(tmp_path, CHECKOUT, "baseline", 0)


def test_good_results_of_every_scenario_are_green(baseline: Path) -> None:
    found = judged(baseline.parent)
    assert (found.status.state, found.problems) == (State.SUCCESS, ())


def test_the_gates_that_must_be_reported_are_those_of_the_verdict() -> None:
    made = {gate.name for gate in row("baseline").verdict.gates}
    assert set(REPORTED_GATES) <= made


def entry(**changes: object) -> Callable[[Path], None]:
    """Change how baseline was run."""

    def change(run: Path) -> None:
        content = msgspec.json.decode((run / "run.json").read_bytes())
        health, found = content["scenarios"]
        spoil(run / "run.json", scenarios=[health, {**found, **changes}])

    return change


def whole(**changes: object) -> Callable[[Path], None]:
    return lambda run: spoil(run / "run.json", **changes)


def gate(name: str, **changes: object) -> Callable[[Path], None]:
    """Change a gate of baseline's verdict; without changes, take it out."""

    def change(run: Path) -> None:
        path = run / "baseline" / "verdict.json"
        gates: list[dict[str, Any]] = msgspec.json.decode(path.read_bytes())["gates"]
        others = [x for x in gates if x["name"] != name]
        (found,) = [x for x in gates if x["name"] == name]
        spoil(path, gates=[*others, {**found, **changes}] if changes else others)

    return change


USERS = {"executor": "constant-vus", "duration": "5m"}


@pytest.mark.parametrize(
    ("spoilt", "kind"),
    [
        (entry(executor={**USERS, "vus": 1}), ProblemKind.LOAD),
        (entry(executor={**USERS, "vus": 10, "duration": "1s"}), ProblemKind.LOAD),
        (entry(executor={**USERS, "vus": 10, "duration": "five"}), ProblemKind.UNREADABLE),
        (entry(think_time_seconds=60), ProblemKind.LOAD),
        (entry(k6_exit_code=None), ProblemKind.GATE),
        (entry(k6_exit_code=99), ProblemKind.GATE),
        (whole(status="running"), ProblemKind.UNFINISHED),
        (whole(status="interrupted"), ProblemKind.UNFINISHED),
        (lambda run: (run / "baseline" / "summary.json").unlink(), ProblemKind.THRESHOLD),
        (lambda run: spoil(run / "baseline" / "summary.json", scenario="soak"), ProblemKind.GATE),
        (lambda run: (run / "baseline" / "verdict.json").write_bytes(b"{"), ProblemKind.UNREADABLE),
        (lambda run: (run / "run.json").write_bytes(b"[" * 100_000), ProblemKind.UNREADABLE),
        *((gate(name), ProblemKind.GATE) for name in REPORTED_GATES),
        *((gate(name, ok=None), ProblemKind.GATE) for name in REPORTED_GATES),
    ],
)
def test_what_the_results_do_not_show_is_red(
    baseline: Path, spoilt: Callable[[Path], None], kind: ProblemKind
) -> None:
    spoilt(baseline)
    found = judged(baseline.parent)
    assert found.status.state is State.FAILURE
    assert kind in {kind for kind, _ in kinds(found)}


def test_a_duration_may_be_written_in_another_way(baseline: Path) -> None:
    entry(executor={**USERS, "vus": 10, "duration": "300s"})(baseline)
    assert judged(baseline.parent).status.state is State.SUCCESS


@pytest.mark.parametrize(
    ("metrics", "kind"),
    [
        (SLOW, ProblemKind.THRESHOLD),
        ({"cdc_success_rate": rate(580, 20)}, ProblemKind.THRESHOLD),
        ({"pg_write_duration{phase:steady}": trend(59, p95=1.0)}, ProblemKind.THRESHOLD),
        ({"iterations": counter(0), "cdc_success_rate": rate(0, 0)}, ProblemKind.GATE),
        ({"dropped_iterations": counter(100)}, ProblemKind.GATE),
        ({"generator_delay": trend(6000, p99=80.0)}, ProblemKind.GATE),
    ],
)
def test_figures_that_break_the_default_branchs_rules_are_red_whatever_the_verdict_says(
    baseline: Path, metrics: Mapping[str, Metric], kind: ProblemKind
) -> None:
    good = (baseline / "baseline" / "verdict.json").read_bytes()
    write_complete_run(baseline.parent, CHECKOUT, "baseline", 0, metrics)
    # The verdict of good figures, as a gate would write it that was changed.
    (baseline / "baseline" / "verdict.json").write_bytes(good)
    entry(k6_exit_code=0)(baseline)
    found = judged(baseline.parent)
    assert found.status.state is State.FAILURE
    assert (kind, "baseline") in kinds(found)
    assert ProblemKind.VERDICT not in {kind for kind, _ in kinds(found)}


def test_results_that_their_own_verdict_calls_broken_are_red(baseline: Path) -> None:
    write_complete_run(baseline.parent, CHECKOUT, "baseline", 0, SLOW)
    assert {(ProblemKind.VERDICT, "baseline"), (ProblemKind.THRESHOLD, "baseline")} <= kinds(
        judged(baseline.parent)
    )


def test_a_scenario_without_results_is_red(tmp_path: Path) -> None:
    write_complete_run(tmp_path, CHECKOUT, "baseline", 0)
    assert kinds(judged(tmp_path)) == {(ProblemKind.MISSING, "e2e-latency")}
    assert {kind for kind, _ in kinds(judged(tmp_path / "none"))} == {ProblemKind.MISSING}


@pytest.mark.parametrize("ended", ["failure", "cancelled", "skipped", ""])
def test_a_job_that_did_not_succeed_is_red_whatever_it_left(baseline: Path, ended: str) -> None:
    jobs = {**SUCCEEDED, job_name("baseline"): ended}
    assert kinds(judged(baseline.parent, jobs=jobs)) == {(ProblemKind.JOB, "baseline")}


def test_a_scenario_without_a_threshold_is_red(baseline: Path) -> None:
    without = Rules(dict.fromkeys(RULES.thresholds, ()))
    assert {kind for kind, _ in kinds(judged(baseline.parent, without))} == {ProblemKind.THRESHOLD}


def test_the_description_has_no_text_of_the_results(baseline: Path) -> None:
    evil = "@everyone [click](https://evil.example)"
    path = baseline / "baseline" / "verdict.json"
    spoil(path, verdict="FAIL", exit_code=10, reasons=[{"code": "", "params": {}, "text": evil}])
    gate("rows", ok=False, reason=evil, observed=evil)(baseline)
    spoil(baseline / "baseline" / "summary.json", scenario=evil)
    found = judged(baseline.parent)
    assert "evil" not in found.status.description
    assert not [x for x in found.problems if "evil" in x.sentence]
    assert [x for x in found.problems if "evil" in x.theirs]


def compared(kind: ProblemKind) -> Compared:
    return Compared((Problem(kind, "comparison", "said"),), "comparison: worse")


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (ProblemKind.WORSE, State.FAILURE),
        (ProblemKind.MISSING, State.FAILURE),
        (ProblemKind.COMMITS, State.ERROR),
    ],
)
def test_a_problem_of_the_comparison_is_one_of_the_commit_and_comes_first(
    baseline: Path, kind: ProblemKind, state: State
) -> None:
    found = judged(baseline.parent, compared=compared(kind))
    assert (found.status.state, found.status.description) == (state, "comparison: said")
    found = judged(baseline.parent.parent / "none", compared=compared(kind))
    assert found.status.description == "comparison: said (and 2 more)"


def test_a_comparison_without_a_problem_is_named_in_the_status(baseline: Path) -> None:
    found = judged(baseline.parent, compared=Compared(note="comparison: same"))
    assert found.status.state is State.SUCCESS
    assert found.status.description.startswith("comparison: same; 2 scenarios ")
