"""A whole run on a fake stack and a fake k6: its order, its files, and what ends it early."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import ExitCode, Failure, Interrupted, StackFailure
from cdc_perf.integrity.cleanup import Removed
from cdc_perf.integrity.records import Scope
from cdc_perf.load.k6 import K6, Shape
from cdc_perf.load.overrides import Overrides
from cdc_perf.perf import loads
from cdc_perf.perf import runner as module
from cdc_perf.perf.generator import K6Installer
from cdc_perf.perf.loads import K6Load
from cdc_perf.perf.plan import Plan, make_observation, make_plan
from cdc_perf.perf.record import entry_of
from cdc_perf.perf.runner import RunResult, RunSession, prepare_session, run_plan
from cdc_perf.results.manifest import RunStatus, Versions
from cdc_perf.results.run_folder import RunFolder
from cdc_perf.runs.loader import read_run
from cdc_perf.settings.executors import ConstantVus, Observation
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.scenarios import HEALTH_CHECK, OBSERVE
from cdc_perf.stats.latency_histogram import HopCounters
from cdc_perf.verdict.judge import judge_run
from cdc_perf.verdict.verdict import Verdict
from cdc_perf.workload.derive import Derived
from cdc_perf.workload.load_plan import VERSION, LoadPlan
from tests.unit.measured import event
from tests.unit.perf.fakes import (
    FakeBackend,
    FakeChecker,
    FakeGauges,
    FakeK6,
    endpoints,
    scenario_run,
    scenario_runner,
)
from tests.unit.recorded_runs import manifest, row

NAMES = (HEALTH_CHECK, "baseline", "stress")
PIPELINE = load_pipeline(Checkout.here())
PLAN = Plan(PIPELINE, (), Overrides(), {}, {}, name="", keep=False, live=False)
GENERATOR = K6Installer("1.8.1", lambda: Path("k6"))


@pytest.fixture
def k6(monkeypatch: pytest.MonkeyPatch) -> FakeK6:
    monkeypatch.setattr(module, "wait_for_connector", lambda *_: None)
    return FakeK6(monkeypatch)


def session(results: Path, backend: FakeBackend, gauges: FakeGauges | None = None) -> RunSession:
    known = manifest([row(name) for name in NAMES], status=RunStatus.RUNNING)
    folder = RunFolder(results / known.run_id)
    folder.path.mkdir(parents=True)
    runs = [scenario_run(folder.path, name) for name in NAMES]
    known = msgspec.structs.replace(
        known,
        ended=None,
        scenarios=tuple(entry_of(run) for run in runs),
    )
    runner = scenario_runner(backend, gauges=gauges)
    return RunSession(PLAN, backend, endpoints(), runner, runs, folder, known)


def outcomes(result: RunResult) -> dict[str, Verdict]:
    return {each.scenario: each.verdict for each in result.verdict.scenarios}


def test_every_scenario_passes_and_the_run_is_read_again(tmp_path: Path, k6: FakeK6) -> None:
    gauges = FakeGauges()
    result = session(tmp_path, FakeBackend(), gauges).perform()
    assert outcomes(result) == dict.fromkeys(NAMES, Verdict.PASS), result.verdict.reasons
    assert k6.started == ["health-check.js", "baseline-test.js", "stress-test.js"]
    assert gauges.closed == 1
    read = read_run(result.folder.path, NAMES)
    assert read.manifest.status is RunStatus.COMPLETE
    assert [each.verdict for each in read.rows] == [each.verdict for each in result.rows]
    assert [each.summary for each in read.rows] == [each.summary for each in result.rows]
    assert [each.hops for each in read.rows] == [each.hops for each in result.rows]
    assert (result.folder.logs / "kafka.log").read_bytes() == b"started\n"
    assert (tmp_path / "latest").resolve() == result.folder.path
    assert result.folder.report.exists()


def test_a_broken_threshold_fails_its_scenario_and_the_others_run(
    tmp_path: Path, k6: FakeK6
) -> None:
    k6.latency_ms = 500.0
    result = session(tmp_path, FakeBackend()).perform()
    assert outcomes(result) == {
        HEALTH_CHECK: Verdict.PASS,
        "baseline": Verdict.FAIL,
        "stress": Verdict.FAIL,
    }
    assert result.verdict.exit_code is ExitCode.FAIL


def test_a_component_that_dies_fails_its_scenario(tmp_path: Path, k6: FakeK6) -> None:
    died = event("kafka", "ended (exit status 1)")
    result = session(tmp_path, FakeBackend(events=(died,))).perform()
    # The health check cannot pass either, so nothing after it runs.
    assert result.rows[0].verdict.exit_code is ExitCode.FAIL
    assert [each.verdict.exit_code for each in result.rows[1:]] == [ExitCode.STACK] * 2
    assert k6.started == ["health-check.js"]


def test_nothing_runs_after_a_stack_that_is_gone(
    tmp_path: Path, k6: FakeK6, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_backend: object) -> None:
        if k6.started == ["health-check.js"]:
            raise StackFailure("kafka not running", hint="see `inv status`")

    monkeypatch.setattr(module, "wait_for_components", gone)
    result = session(tmp_path, FakeBackend()).perform()
    assert [each.verdict.exit_code for each in result.rows] == [
        ExitCode.PASS,
        ExitCode.STACK,
        ExitCode.STACK,
    ]
    assert k6.started == ["health-check.js"]
    assert read_run(result.folder.path, NAMES).manifest.status is RunStatus.COMPLETE


def test_an_interruption_keeps_what_was_measured(
    tmp_path: Path, k6: FakeK6, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_backend: object) -> None:
        if "baseline-test.js" in k6.started:
            raise Interrupted("interrupted by SIGINT")

    monkeypatch.setattr(module, "wait_for_components", interrupted)
    result = session(tmp_path, FakeBackend()).perform()
    assert result.verdict.exit_code is ExitCode.INTERRUPTED
    assert [each.verdict.exit_code for each in result.rows] == [
        ExitCode.PASS,
        ExitCode.PASS,
        ExitCode.INTERRUPTED,
    ]
    assert result.folder.manifest.exists()
    assert not (tmp_path / "latest").exists()


@pytest.mark.parametrize(
    ("up_already", "keep", "code", "calls"),
    [
        pytest.param(False, False, ExitCode.PASS, ["up", "down"], id="started and stopped"),
        pytest.param(False, True, ExitCode.PASS, ["up"], id="started and kept"),
        pytest.param(True, False, ExitCode.PASS, ["verify"], id="it was up, so it stays up"),
        pytest.param(
            *(False, False, ExitCode.INTERRUPTED, ["up", "abandon"]), id="an interrupted run"
        ),
    ],
)
def test_a_run_stops_the_stack_that_it_started(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    up_already: bool,  # noqa: FBT001 - a case of the table
    keep: bool,  # noqa: FBT001 - a case of the table
    code: ExitCode,
    calls: list[str],
) -> None:
    backend = FakeBackend(up_already=up_already)

    class Session:
        def perform(self) -> RunResult:
            verdict = judge_run([row("baseline").verdict])
            verdict = msgspec.structs.replace(verdict, exit_code=code)
            return RunResult(RunFolder(tmp_path), verdict, (), ())

    monkeypatch.setattr(module, "prepare_session", lambda *_, **__: Session())
    checkout = replace(Checkout.here(), results=tmp_path / "results")
    run_plan(replace(PLAN, keep=keep), checkout, backend, GENERATOR)
    assert backend.calls == calls


def test_a_session_that_cannot_be_prepared_stops_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StackFailure("k6 cannot be installed")

    monkeypatch.setattr(module, "prepare_session", fail)
    backend = FakeBackend()
    checkout = replace(Checkout.here(), results=tmp_path / "results")
    with pytest.raises(StackFailure):
        run_plan(PLAN, checkout, backend, GENERATOR)
    assert backend.calls == ["up", "abandon"]


LEDGERS = [Path("one") / "ledger.tsv", Path("two") / "ledger.tsv"]


def cleaned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *failures: Failure
) -> tuple[RunResult, list[list[Path]]]:
    """Run with --cleanup; return the result, and the ledgers of each cleanup."""
    calls: list[list[Path]] = []

    def delete(_dsn: str, _pipeline: Pipeline, ledgers: list[Path]) -> tuple[Removed, ...]:
        calls.append([path.relative_to(path.parents[1]) for path in ledgers])
        for failure in failures:
            raise failure
        return (Removed("public.customer", 2000, 1),)

    monkeypatch.setattr(module, "delete_written", delete)
    run = session(tmp_path, FakeBackend())
    run.plan = replace(PLAN, cleanup=True)
    for name in LEDGERS:
        ledger = run.folder.path / name
        ledger.parent.mkdir()
        ledger.touch()
    return run.perform(), calls


@pytest.mark.usefixtures("k6")
def test_a_cleanup_deletes_the_rows_of_all_scenarios_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, calls = cleaned(tmp_path, monkeypatch)
    assert calls == [LEDGERS]
    assert result.notes[-2] == "cleanup: deleted 2,000 rows of public.customer"
    assert result.notes[-1].startswith("cleanup: 1 row of public.customer stays: ")
    assert read_run(result.folder.path, NAMES).manifest.notes == result.notes
    assert result.verdict.exit_code is ExitCode.PASS


@pytest.mark.usefixtures("k6")
def test_a_cleanup_that_fails_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = StackFailure("cleanup: PostgreSQL: permission denied", hint="see ledger.tsv")
    result, _ = cleaned(tmp_path, monkeypatch, failure)
    assert result.notes[-1] == "cleanup: PostgreSQL: permission denied: see ledger.tsv"
    assert result.verdict.exit_code is ExitCode.PASS


def test_the_rows_of_an_interrupted_run_stay(
    tmp_path: Path, k6: FakeK6, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_backend: object) -> None:
        if "baseline-test.js" in k6.started:
            raise Interrupted("interrupted by SIGINT")

    monkeypatch.setattr(module, "wait_for_components", interrupted)
    result, calls = cleaned(tmp_path, monkeypatch)
    assert (calls, result.notes[-1]) == ([], "cleanup: the rows of an interrupted run stay")


@pytest.mark.usefixtures("k6")
def test_without_the_option_no_row_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "delete_written", lambda *_: pytest.fail("deleted"))
    session(tmp_path, FakeBackend()).perform()


def software(_root: Path, k6: str, components: dict[str, str]) -> Versions:
    return Versions(project="1", commit="", changed=False, k6=k6, components=components)


def test_an_observation_needs_a_stack_that_is_up_and_touches_none(tmp_path: Path) -> None:
    backend = FakeBackend()
    checkout = replace(Checkout.here(), results=tmp_path / "results")
    plan = make_observation(Checkout.here(), "1s")
    with pytest.raises(StackFailure, match="no stack is up"):
        run_plan(plan, checkout, backend, GENERATOR)
    assert backend.calls == []


def test_an_observation_runs_without_k6_and_is_read_like_any_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_k6() -> Path:
        raise AssertionError("k6 was installed")

    def checker_that(*_: object, scope: Scope, shared: bool, read_only: bool) -> FakeChecker:
        assert (scope, shared, read_only) == (Scope.TOPICS, True, True)
        return FakeChecker()

    monkeypatch.setattr(module, "wait_for_connector", lambda *_: None)
    monkeypatch.setattr(module, "Gauges", lambda *_: FakeGauges())
    monkeypatch.setattr(module, "Checker", checker_that)
    monkeypatch.setattr(module, "versions", software)
    monkeypatch.setattr(module, "read_hops", lambda *_: HopCounters())
    monkeypatch.setattr(module, "deployed_settings", lambda *_: {})
    monkeypatch.setattr(module, "read_connectors", lambda *_: ())
    backend = FakeBackend(up_already=True)
    checkout = replace(Checkout.here(), results=tmp_path / "results")
    result = run_plan(
        make_observation(Checkout.here(), "1s", name="noon"),
        checkout,
        backend,
        K6Installer("1.8.1", no_k6),
    )
    assert backend.calls == ["verify"]
    # The fake consumer counted nothing, so its hops cannot be judged.
    assert outcomes(result) == {OBSERVE: Verdict.NO_DATA}
    read = read_run(result.folder.path, (OBSERVE,))
    assert (read.manifest.name, read.manifest.versions.k6) == ("noon", "")
    (entry,) = read.manifest.scenarios
    assert (entry.executor, entry.seconds, entry.k6_exit_code) == (Observation("1s"), 1, None)
    assert entry.started is not None
    assert [each.summary for each in read.rows] == [each.summary for each in result.rows]
    files = result.folder.scenario(OBSERVE)
    for path in (files.gauges, files.series, files.hops, files.integrity, files.verdict):
        assert path.exists(), path
    assert not files.points.exists()
    report = result.folder.report.read_text(encoding="utf-8")
    assert "inv perf --observe-only 1s --stack local" in report
    assert "no load of its own, 1s" in report
    assert (tmp_path / "results" / "history.jsonl").exists()


def test_each_scenario_gets_the_plan_of_its_workload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Gauges", lambda *_: FakeGauges())
    monkeypatch.setattr(module, "versions", software)
    monkeypatch.setattr(module, "checker_of", lambda *_, **__: FakeChecker())
    monkeypatch.setattr(module, "deployed_settings", lambda *_: {})
    monkeypatch.setattr(loads, "inspect", lambda *_: Shape(ConstantVus(1, "1s"), 1.0, 1.0))
    plans = {
        "": Derived(LoadPlan(VERSION, 1, {}, ()), ("the load of a.b: no key",)),
        "mixed-workload.toml": Derived(LoadPlan(VERSION, 2, {}, ())),
    }
    monkeypatch.setattr(module, "derive_plans", lambda *_: plans)
    checkout = replace(Checkout.here(), results=tmp_path / "results")
    checkout.results.mkdir()
    plan = make_plan(Checkout.here(), "baseline,mixed-workload", Overrides())
    prepared = prepare_session(plan, checkout, FakeBackend(), GENERATOR, endpoints(), was_up=True)
    load = prepared.runner.load
    assert isinstance(load, K6Load)
    assert {name: each.seed for name, each in load.plans.items()} == {
        "baseline": 1,
        "mixed-workload": 2,
    }
    assert prepared.manifest.notes[-3:] == (
        "workload.toml: seed 1",
        "no load: the load of a.b: no key",
        "mixed-workload.toml: seed 1",
    )


def test_the_health_check_tries_each_plan_once(tmp_path: Path, k6: FakeK6) -> None:
    first, second = (LoadPlan(VERSION, seed, {}, ()) for seed in (1, 2))
    plans = {"baseline": first, "stress": first, "soak": second}
    load = K6Load(K6(Path("k6")), plans)
    for name in (HEALTH_CHECK, "soak"):
        run = scenario_run(tmp_path, name)
        load.run(
            *(run.planned.scenario, run.shape, run.files),
            *(lambda _: {}, lambda _: None, lambda: False),
        )
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("workload*.json")}
    assert written == {
        *("health-check/workload.json", "health-check/workload-2.json", "soak/workload.json"),
    }
