"""One scenario on a fake stack and a fake k6: what becomes evidence, and what is left undone."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from cdc_perf.errors import Interrupted
from cdc_perf.integrity.topic import StartOffsets
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.load.k6 import K6
from cdc_perf.perf.loads import K6Load, LoadOfOthers
from cdc_perf.perf.planned_scenario import PlannedScenario
from cdc_perf.perf.scenario_runner import ScenarioRun
from cdc_perf.results.summary import Summary
from cdc_perf.settings.scenarios import HEALTH_CHECK, OBSERVE, observation
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.verdict import Verdict
from tests.unit.measured import CLEAN, event, stack_threshold
from tests.unit.perf.fakes import (
    ITERATIONS,
    FakeBackend,
    FakeChecker,
    FakeGauges,
    FakeK6,
    scenario_run,
    scenario_runner,
)


@pytest.fixture
def k6(monkeypatch: pytest.MonkeyPatch) -> FakeK6:
    return FakeK6(monkeypatch)


def test_a_scenario_leaves_the_evidence_of_its_verdict(tmp_path: Path, k6: FakeK6) -> None:
    run = scenario_run(tmp_path, "baseline")
    evidence = scenario_runner(FakeBackend()).measure(run).evidence
    assert evidence.integrity == CLEAN
    assert evidence.points.statistics["iterations"].count == ITERATIONS
    assert evidence.k6_exit == 0
    assert judge(evidence).verdict is Verdict.PASS
    assert run.files.hops.exists()
    assert run.files.series.exists()
    assert run.files.integrity.exists()


def test_the_health_check_is_not_compared(tmp_path: Path, k6: FakeK6) -> None:
    evidence = scenario_runner(FakeBackend()).measure(scenario_run(tmp_path, HEALTH_CHECK)).evidence
    assert evidence.integrity is None
    assert judge(evidence).verdict is not Verdict.FAIL


def test_an_interrupted_check_is_no_check(tmp_path: Path, k6: FakeK6) -> None:
    class Impatient(FakeChecker):
        def check(
            self, _begins: StartOffsets, _ledger: Path, _excused: str, *, quiet: bool, use: object
        ) -> object:
            assert quiet
            assert callable(use)
            raise Interrupted("interrupted by SIGTERM")

    result = scenario_runner(FakeBackend(), Impatient()).measure(scenario_run(tmp_path, "baseline"))
    assert result.load.interrupted is not None
    assert result.evidence.integrity is None
    assert judge(result.evidence).verdict is not Verdict.PASS


def test_what_died_is_evidence(tmp_path: Path, k6: FakeK6) -> None:
    died = event("consumer", "ended (exit status 1)")
    evidence = (
        scenario_runner(FakeBackend(events=(died,)))
        .measure(scenario_run(tmp_path, "baseline"))
        .evidence
    )
    assert evidence.events == (died,)
    assert judge(evidence).verdict is Verdict.FAIL


def test_a_k6_that_breaks_is_evidence(tmp_path: Path, k6: FakeK6) -> None:
    k6.exit_code = 107
    evidence = scenario_runner(FakeBackend()).measure(scenario_run(tmp_path, "baseline")).evidence
    assert evidence.k6_exit == 107
    assert judge(evidence).verdict is not Verdict.PASS


def test_variables_reach_the_scripts_of_a_part_alone(k6: FakeK6) -> None:
    load = K6Load(K6(Path("k6")))
    holding = scenario_runner(FakeBackend(), load=load).with_variables({"HOLD_RATE": "90"}).load
    assert isinstance(holding, K6Load)
    assert holding.k6.variables["HOLD_RATE"] == "90"
    assert "HOLD_RATE" not in load.k6.variables


def test_a_part_that_was_not_checked_is_not_checked_again(tmp_path: Path, k6: FakeK6) -> None:
    runner = scenario_runner(FakeBackend())
    result = runner.measure(scenario_run(tmp_path, HEALTH_CHECK))
    assert runner.check_again(result, ScenarioFiles(tmp_path)) is result


class GaugesOfALag(FakeGauges):
    def read(self, others: Mapping[str, int], _collect_seconds: float | None) -> dict[str, float]:
        assert others == {}
        return {"consumer_lag": 3.0}


def test_the_load_of_others_leaves_the_same_evidence(tmp_path: Path) -> None:
    lag = stack_threshold("consumer_lag", "max<=10")
    planned = PlannedScenario(observation(2.0), (lag,))
    runner = scenario_runner(FakeBackend(), gauges=GaugesOfALag(), load=LoadOfOthers())
    run = ScenarioRun(planned, runner.shape(planned), ScenarioFiles(tmp_path / OBSERVE))
    evidence = runner.measure(run).evidence
    assert evidence.k6_exit is None
    assert evidence.points.stack.samples["consumer_lag"][0] == (0.0, 3.0)
    assert isinstance(evidence.summary, Summary)
    assert (evidence.summary.metrics, evidence.summary.scenario) == ({}, OBSERVE)
    assert evidence.summary.duration_ms >= 2000
    verdict = judge(evidence)
    assert verdict.verdict is Verdict.PASS, verdict.reasons
    (result,) = verdict.thresholds
    assert (result.observed, result.ok) == (3.0, True)
