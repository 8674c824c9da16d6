"""Iterations that threw, or recorded nothing."""

from dataclasses import replace

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.load.exceptions import Exceptions
from cdc_perf.reasons.gates import iterations_threw
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.load_gates import iterations_gate
from tests.unit.measured import GOOD, counter, evidence, rate, summary, threshold, trend

SUCCESS = threshold("cdc_success_rate", "rate>=0.9")


@pytest.mark.parametrize(
    ("results", "code", "ok"),
    [
        (rate(600, 0), ExitCode.PASS, True),
        (rate(500, 100), ExitCode.PASS, True),
        # An iteration that was cut off at the end may have recorded its result.
        (rate(610, 0), ExitCode.PASS, True),
        (rate(599, 0), ExitCode.INVALID, False),
        (rate(0, 0), ExitCode.PASS, None),
    ],
)
def test_each_iteration_records_a_result(results: object, code: ExitCode, *, ok: bool) -> None:
    found = summary({**GOOD, "cdc_success_rate": results})  # type: ignore[dict-item]
    gate = iterations_gate("baseline", Exceptions(), found)
    assert gate is not None
    assert (gate.code, gate.result.ok) == (code, ok)


def test_iterations_that_all_throw_fail_and_are_not_the_generator_s_doing() -> None:
    metrics = {
        "iterations": counter(600),
        "generator_delay": trend(0),
        "cdc_success_rate": rate(0, 0),
        "pg_records_inserted": counter(0),
    }
    known = evidence("baseline", (SUCCESS,), summary(metrics))
    verdict = judge(replace(known, exceptions=Exceptions(600, "TypeError: x is undefined")))
    assert verdict.exit_code is ExitCode.FAIL
    assert verdict.reasons[0] == iterations_threw(count=600, first="TypeError: x is undefined")


def test_a_scenario_without_a_threshold_does_not_pass() -> None:
    refused = {
        **GOOD,
        "cdc_success_rate": rate(0, 200),
        "iterations": counter(200),
        "pg_write_errors": counter(200),
        "pg_write_duration": trend(200, p95=10_000.0),
    }
    assert judge(evidence("baseline", (), summary(refused))).exit_code is ExitCode.NO_DATA
    judged = summary(refused, thresholds={SUCCESS: False})
    assert judge(evidence("baseline", (SUCCESS,), judged, 99)).exit_code is ExitCode.FAIL
