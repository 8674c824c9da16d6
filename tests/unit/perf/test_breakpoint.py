"""The search for a rate that holds, on a runner that makes no load."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.records import Drain, Finding, FindingKind, Integrity, LastSeen, RowSample
from cdc_perf.load.exceptions import Exceptions
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.load.k6 import Shape
from cdc_perf.load.run import LoadResult
from cdc_perf.perf import breakpoint as search
from cdc_perf.perf.breakpoint import measure_breakpoint
from cdc_perf.perf.planned_scenario import PlannedScenario
from cdc_perf.perf.scenario_runner import ScenarioResult, ScenarioRun, ScenarioRunner
from cdc_perf.results.points.windows import Window
from cdc_perf.settings.executors import ConstantArrivalRate, RampingArrivalRate, Stage
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.records import ScenarioVerdict
from tests.unit.load.test_k6 import BASELINE
from tests.unit.measured import CLEAN, GOOD, LATENCY, evidence, summary, threshold, trend

SUCCESS = threshold("cdc_success_rate", "rate>=0.9")
P95 = threshold("cdc_e2e_latency", "p95<=100")
PLANNED = PlannedScenario(replace(BASELINE, hold_seconds=60.0), (SUCCESS, P95))
RAMP = RampingArrivalRate(
    start_rate=10,
    time_unit="1s",
    pre_allocated_vus=1,
    max_vus=10,
    stages=(Stage("1m", 20),),
)
HOLD = ConstantArrivalRate(rate=10, time_unit="1s", duration="60s", pre_allocated_vus=1, max_vus=10)
STUCK = msgspec.structs.replace(
    CLEAN, drain=Drain(seconds=60, outstanding=("the group is behind",))
)


def damaged(kind: FindingKind) -> Integrity:
    sample = RowSample(id="0b9c", last_seen=LastSeen.K6, detail="gone")
    finding = Finding(kind=kind, table="public.customer", count=1, samples=(sample,))
    return msgspec.structs.replace(CLEAN, findings=(finding,))


class Bench:
    """A runner whose ramp and holds return prepared results.

    Attributes:
        left: What the check after each part finds, the ramp first.
        again: What a check finds that is made again once the pipeline is calm.
        slow: How many holds break a limit.
    """

    def __init__(
        self,
        *left: Integrity,
        again: Integrity = CLEAN,
        slow: int = 0,
        ramp_exceptions: Exceptions | None = None,
    ) -> None:
        self.left = list(left)
        self.again = again
        self.slow = slow
        self.ramp_exceptions = ramp_exceptions or Exceptions()
        self.parts: list[str] = []

    def with_variables(self, _variables: Mapping[str, str]) -> "Bench":
        return self

    def shape(self, _planned: PlannedScenario) -> Shape:
        return Shape(HOLD, 60.0, 1.0)

    def measure(self, run: ScenarioRun) -> ScenarioResult:
        planned, shape, files = run.planned, run.shape, run.files
        files.folder.mkdir(parents=True)
        part = files.folder.name
        self.parts.append(part)
        late = part != "ramp" and len(self.parts) - 1 <= self.slow
        p95 = 200.0 if late else 50.0
        metrics = {**GOOD, LATENCY: trend(540, p95=p95)}
        found = summary(metrics, thresholds={SUCCESS: True, P95: not late})
        known = evidence("baseline", planned.thresholds, found, 99 if late else 0)
        windows = tuple(Window(5.0 * n, 50, 0, ()) for n in range(12))
        known = replace(
            known,
            executor=shape.options,
            points=replace(known.points, windows=windows),
            integrity=self.left.pop(0) if self.left else CLEAN,
            exceptions=self.ramp_exceptions if part == "ramp" else Exceptions(),
        )
        now = datetime.now(UTC)
        return ScenarioResult(LoadResult(known.k6_exit, now, now, 0.0, None), known, {})

    def check_again(self, measured: ScenarioResult, _files: ScenarioFiles) -> ScenarioResult:
        return replace(measured, evidence=replace(measured.evidence, integrity=self.again))

    def verdict(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ScenarioVerdict:
        monkeypatch.setattr(search, "_wait_for_zero_lag", lambda _runner: None)
        files = ScenarioFiles(folder / "breakpoint")
        runner = cast("ScenarioRunner", self)
        run = ScenarioRun(PLANNED, Shape(RAMP, 60.0, 1.0), files)
        measured = measure_breakpoint(runner, run)
        return judge(measured.evidence)


def red(verdict: ScenarioVerdict) -> list[str]:
    return [gate.name for gate in verdict.gates if gate.ok is False]


def test_a_ramp_and_a_hold_that_lose_nothing_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench()
    assert bench.verdict(tmp_path, monkeypatch).exit_code is ExitCode.PASS
    assert bench.parts == ["ramp", "hold-1"]


@pytest.mark.parametrize(
    "kind", [FindingKind.VANISHED, FindingKind.EVENT_MISSING, FindingKind.MISSING]
)
def test_what_the_ramp_loses_is_a_fail_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: FindingKind
) -> None:
    bench = Bench(damaged(kind))
    assert bench.verdict(tmp_path, monkeypatch).exit_code is ExitCode.FAIL
    assert bench.parts == ["ramp"]


@pytest.mark.parametrize("kind", [FindingKind.DUPLICATE, FindingKind.REORDERED])
def test_what_the_ramp_repeats_is_a_fail_of_the_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: FindingKind
) -> None:
    bench = Bench(damaged(kind))
    verdict = bench.verdict(tmp_path, monkeypatch)
    assert (verdict.exit_code, red(verdict)) == (ExitCode.FAIL, ["earlier_parts"])
    assert bench.parts == ["ramp", "hold-1"]


def test_a_hold_that_loses_a_row_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(CLEAN, damaged(FindingKind.MISSING), slow=1)
    verdict = bench.verdict(tmp_path, monkeypatch)
    assert (verdict.exit_code, red(verdict)) == (ExitCode.FAIL, ["rows"])
    assert bench.parts == ["ramp", "hold-1"]


def test_a_rate_that_is_only_too_high_is_lowered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(slow=2)
    assert bench.verdict(tmp_path, monkeypatch).exit_code is ExitCode.PASS
    assert bench.parts == ["ramp", "hold-1", "hold-2", "hold-3"]


@pytest.mark.parametrize(
    ("again", "code"),
    [
        (CLEAN, ExitCode.PASS),
        (damaged(FindingKind.VANISHED), ExitCode.FAIL),
        (STUCK, ExitCode.FAIL),
        (Integrity(checked=CLEAN.checked, unchecked="kafka does not run"), ExitCode.INVALID),
    ],
)
def test_a_ramp_that_did_not_drain_is_checked_again_once_it_is_calm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: Integrity, code: ExitCode
) -> None:
    assert Bench(STUCK, again=again).verdict(tmp_path, monkeypatch).exit_code is code


def test_a_hold_that_did_not_drain_is_lowered_and_checked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(CLEAN, STUCK, again=damaged(FindingKind.VANISHED))
    assert bench.verdict(tmp_path, monkeypatch).exit_code is ExitCode.FAIL
    assert bench.parts == ["ramp", "hold-1"]


def test_iterations_that_throw_in_the_ramp_are_a_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = Bench(ramp_exceptions=Exceptions(7, "Error: x")).verdict(tmp_path, monkeypatch)
    assert (verdict.exit_code, red(verdict)) == (ExitCode.FAIL, ["earlier_parts"])
