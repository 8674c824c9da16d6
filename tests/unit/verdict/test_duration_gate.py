"""Whether k6 ran for as long as it was asked to."""

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.settings.executors import ConstantVus, Executor, RampingArrivalRate, Stage
from cdc_perf.verdict.load_gates import duration_gate
from tests.unit.measured import summary

MINUTE = ConstantVus(vus=10, duration="60s")
HOUR = ConstantVus(vus=10, duration="1h")
SHORT = ConstantVus(vus=10, duration="2s")
RAMP = RampingArrivalRate(
    start_rate=1, time_unit="1s", pre_allocated_vus=1, max_vus=9, stages=(Stage("60s", 100),)
)


@pytest.mark.parametrize(
    ("executor", "seconds", "ok"),
    [
        (MINUTE, 60.0, True),
        (MINUTE, 75.0, True),
        (MINUTE, 58.8, True),
        (MINUTE, 58.7, False),
        (MINUTE, 0.0, False),
        (HOUR, 3528.0, True),
        (HOUR, 3527.0, False),
        # A short load may lack a second.
        (SHORT, 1.0, True),
        (SHORT, 0.9, False),
        (RAMP, 60.0, True),
        (RAMP, 30.0, False),
    ],
)
def test_a_load_that_ended_early_is_invalid(
    executor: Executor, seconds: float, *, ok: bool
) -> None:
    found = duration_gate(executor, 0, summary(seconds=seconds))
    assert found is not None
    assert found.result.ok is ok
    assert found.code is (ExitCode.PASS if ok else ExitCode.INVALID)
    assert found.result.observed == f"{seconds:,.1f} s"


@pytest.mark.parametrize(
    ("executor", "ok"),
    [
        # k6's exit code 99: a threshold ended the ramp, as it should.
        (RAMP, None),
        (MINUTE, False),
    ],
)
def test_a_threshold_may_end_only_a_ramp(executor: Executor, ok: bool | None) -> None:  # noqa: FBT001 - a parameter of the test
    found = duration_gate(executor, 99, summary(seconds=30.0))
    assert found is not None
    assert found.result.ok is ok
