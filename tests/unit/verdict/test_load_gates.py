"""Each gate on the load seen green, and red for the fault that it is there for."""

from collections.abc import Mapping

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.reasons import gates as reasons
from cdc_perf.reasons.reason import Reason
from cdc_perf.results.summary import Metric, NoSummary
from cdc_perf.settings.executors import (
    ConstantArrivalRate,
    ConstantVus,
    Executor,
    RampingArrivalRate,
    Stage,
)
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.load_gates import clock_gate, dropped_gate, generator_gate, rate_gate
from tests.unit.measured import GOOD, counter, evidence, summary, trend

NONE = NoSummary("gone")
TEN_A_SECOND = ConstantArrivalRate(
    rate=10, time_unit="1s", duration="60s", pre_allocated_vus=20, max_vus=200
)
# 30 a minute for 5 minutes: 150 iterations, of which 1 % is less than two.
SLOW = ConstantArrivalRate(
    rate=30, time_unit="1m", duration="5m", pre_allocated_vus=20, max_vus=200
)
RISING = RampingArrivalRate(
    start_rate=50, time_unit="1s", pre_allocated_vus=20, max_vus=200, stages=(Stage("1m", 1500),)
)


def measured(iterations: int, dropped: int) -> Mapping[str, Metric]:
    return {
        **GOOD,
        "iterations": counter(iterations),
        "dropped_iterations": counter(dropped),
    }


@pytest.mark.parametrize(
    ("iterations", "dropped", "holds"),
    [(600, 0, True), (9990, 10, True), (0, 0, True), (9989, 11, False), (0, 7, False)],
)
def test_iterations_that_could_not_begin(iterations: int, dropped: int, *, holds: bool) -> None:
    gate = dropped_gate(summary(measured(iterations, dropped)))
    why = reasons.iterations_dropped(dropped=dropped, due=iterations + dropped) if dropped else None
    assert (gate.result.ok, gate.reasons) == (holds, () if holds else (why,))
    assert gate.code is (ExitCode.PASS if holds else ExitCode.INVALID)


@pytest.mark.parametrize(
    ("executor", "iterations", "ok"),
    [
        (TEN_A_SECOND, 600, True),
        (TEN_A_SECOND, 594, True),
        (TEN_A_SECOND, 606, True),
        (TEN_A_SECOND, 593, False),
        (TEN_A_SECOND, 607, False),
        (SLOW, 148, True),
        (SLOW, 152, True),
        (SLOW, 147, False),
        (SLOW, 153, False),
    ],
)
def test_the_rate_that_was_achieved(executor: Executor, iterations: int, ok: bool) -> None:  # noqa: FBT001 - a column of the table
    gate = rate_gate(executor, 0, summary(measured(iterations, 0)))
    assert gate is not None
    assert gate.result.ok is ok
    assert gate.code is (ExitCode.PASS if ok else ExitCode.INVALID)


def test_a_rate_that_was_not_achieved_says_both_figures() -> None:
    gate = rate_gate(TEN_A_SECOND, 0, summary(measured(593, 0)))
    assert gate is not None
    assert gate.result.condition == "600 iterations, give or take 6"
    assert gate.reasons == (reasons.rate_not_reached(made=593, asked=600),)


def test_only_a_constant_arrival_rate_asks_for_a_number_of_iterations() -> None:
    found = summary(measured(1, 0))
    assert rate_gate(ConstantVus(vus=10, duration="1m"), 0, found) is None
    assert rate_gate(RISING, 99, found) is None


@pytest.mark.parametrize("k6_exit", [105, -9, 107])
def test_a_k6_that_did_not_come_to_its_end_owes_no_iterations(k6_exit: int) -> None:
    gate = rate_gate(TEN_A_SECOND, k6_exit, summary(measured(10, 0)))
    assert gate is not None
    assert (gate.result.ok, gate.code) == (None, ExitCode.PASS)


@pytest.mark.parametrize(
    ("ticks", "code", "why"),
    [
        (trend(300, p99=49.9), ExitCode.PASS, ()),
        (
            trend(6000, p99=50.0),
            ExitCode.INVALID,
            (reasons.generator_starved(p99_ms=50.0, highest_ms=50),),
        ),
        (
            trend(6000, p99=50.04),
            ExitCode.INVALID,
            (reasons.generator_starved(p99_ms=50.04, highest_ms=50),),
        ),
        (
            trend(299, p99=1.0),
            ExitCode.NO_DATA,
            (reasons.generator_ticks_too_few(samples=299, needed=300),),
        ),
        (
            trend(0),
            ExitCode.NO_DATA,
            (reasons.generator_ticks_too_few(samples=0, needed=300),),
        ),
    ],
    ids=["in time", "late", "a little late", "too few", "none"],
)
def test_a_generator_that_was_starved(
    ticks: Metric, code: ExitCode, why: tuple[Reason, ...]
) -> None:
    gate = generator_gate("baseline", summary({**GOOD, "generator_delay": ticks}))
    assert gate is not None
    assert (gate.code, gate.reasons) == (code, why)
    assert gate.result.ok is (code is ExitCode.PASS)


def test_the_health_check_has_no_ticks_to_judge() -> None:
    assert generator_gate("health-check", summary({})) is None


@pytest.mark.parametrize(
    ("step", "holds"), [(0.0, True), (0.1, True), (-0.1, True), (0.11, False), (-3600.0, False)]
)
def test_a_clock_that_was_set(step: float, *, holds: bool) -> None:
    gate = clock_gate(step)
    assert gate.reasons == (() if holds else (reasons.clock_set(seconds=step),))
    assert gate.code is (ExitCode.PASS if holds else ExitCode.INVALID)


def test_without_a_summary_no_gate_on_the_load_can_tell() -> None:
    gates = [
        dropped_gate(NONE),
        rate_gate(TEN_A_SECOND, 0, NONE),
        generator_gate("baseline", NONE),
    ]
    assert [gate.result.ok for gate in gates if gate is not None] == [None, None, None]


def test_each_gate_is_part_of_the_verdict() -> None:
    spoilt = summary({**measured(500, 50), "generator_delay": trend(6000, p99=80.0)})
    verdict = judge(evidence("baseline", (), spoilt, executor=TEN_A_SECOND, clock_step_seconds=2.0))
    assert verdict.exit_code is ExitCode.INVALID
    assert [gate.name for gate in verdict.gates if gate.ok is False] == [
        *("clock", "thresholds", "dropped_iterations", "achieved_rate", "generator_delay"),
    ]
    assert len(verdict.reasons) == 5
