"""Each gate on the load seen green, and red for the fault that it is there for."""

from collections.abc import Mapping

import pytest

from cdc_perf.errors import ExitCode
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
    ("iterations", "dropped", "reason"),
    [
        (600, 0, ""),
        (9990, 10, ""),
        (0, 0, ""),
        (
            9989,
            11,
            (
                "11 of 10,000 iterations (0.11%) could not begin, for no virtual user was free: "
                "give the scenario more (maxVUs, --vus) or ask for a lower rate"
            ),
        ),
        (
            0,
            7,
            (
                "7 of 7 iterations (100.00%) could not begin, for no virtual user was free: "
                "give the scenario more (maxVUs, --vus) or ask for a lower rate"
            ),
        ),
    ],
)
def test_iterations_that_could_not_begin(iterations: int, dropped: int, reason: str) -> None:
    gate = dropped_gate(summary(measured(iterations, dropped)))
    assert (gate.result.ok, gate.result.reason) == (not reason, reason)
    assert gate.code is (ExitCode.INVALID if reason else ExitCode.PASS)


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
    assert gate.result.reason == (
        "the load generator made 593 iterations, and the arrival rate asks for 600: give it more "
        "virtual users (maxVUs, --vus) or processors, or ask for a lower rate"
    )


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
    ("ticks", "code", "reason"),
    [
        (trend(300, p99=49.9), ExitCode.PASS, ""),
        (
            trend(6000, p99=50.0),
            ExitCode.INVALID,
            (
                "the load generator was starved: 1 % of its ticks came 50 ms late or more, the "
                "limit is 50 ms: stop what else runs on the machine, or ask for less load"
            ),
        ),
        (
            trend(6000, p99=50.04),
            ExitCode.INVALID,
            (
                "the load generator was starved: 1 % of its ticks came 50.04 ms late or more, the "
                "limit is 50 ms: stop what else runs on the machine, or ask for less load"
            ),
        ),
        (
            trend(299, p99=1.0),
            ExitCode.NO_DATA,
            (
                "generator_delay p99 needs 300 ticks and got 299, so that nobody knows whether "
                "the load generator was starved: run for longer"
            ),
        ),
        (
            trend(0),
            ExitCode.NO_DATA,
            (
                "generator_delay p99 needs 300 ticks and got 0, so that nobody knows whether "
                "the load generator was starved: run for longer"
            ),
        ),
    ],
    ids=["in time", "late", "a little late", "too few", "none"],
)
def test_a_generator_that_was_starved(ticks: Metric, code: ExitCode, reason: str) -> None:
    gate = generator_gate("baseline", summary({**GOOD, "generator_delay": ticks}))
    assert gate is not None
    assert (gate.code, gate.result.reason) == (code, reason)
    assert gate.result.ok is (code is ExitCode.PASS)


def test_the_health_check_has_no_ticks_to_judge() -> None:
    assert generator_gate("health-check", summary({})) is None


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (0.0, ""),
        (0.1, ""),
        (-0.1, ""),
        (
            0.11,
            (
                "the system's clock was set forward by 0.1 s under the test, or the machine slept: "
                "run again once it is in step"
            ),
        ),
        (
            -3600.0,
            (
                "the system's clock was set back by 3,600.0 s under the test, "
                "or the machine slept: run again once it is in step"
            ),
        ),
    ],
)
def test_a_clock_that_was_set(step: float, reason: str) -> None:
    gate = clock_gate(step)
    assert gate.result.reason == reason
    assert gate.code is (ExitCode.INVALID if reason else ExitCode.PASS)


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
