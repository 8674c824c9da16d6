import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.selftest.outcome import outcome_of, starved
from cdc_perf.verdict.records import GateResult, ThresholdResult
from cdc_perf.verdict.verdict import Verdict
from tests.unit.selftest.verdicts import fault, gate, limit, said, unknown

FAIL, PASS = ExitCode.FAIL, ExitCode.PASS
LOST = gate("rows", "3 rows are missing")


def test_a_gate_that_turns_red_for_its_reason_is_as_expected() -> None:
    found = outcome_of(fault(FAIL, "rows", "are missing"), said(FAIL, LOST, limit()), FAIL, 12.34)
    assert not found.wrong
    assert (found.verdict, found.expected, found.exit_code) == (Verdict.FAIL, Verdict.FAIL, FAIL)
    assert (found.red, found.reason, found.seconds) == ("rows", "3 rows are missing", 12.3)


def test_a_limit_is_named_by_metric_and_stat() -> None:
    broken = limit("p50 was 20 ms")
    found = outcome_of(fault(FAIL, "cdc_e2e_latency p50", "was"), said(FAIL, broken), FAIL, 1)
    assert not found.wrong


@pytest.mark.parametrize(
    ("results", "code", "exit_code", "wrong"),
    [
        pytest.param([gate("rows")], PASS, PASS, "rows did not fail", id="green"),
        pytest.param([unknown("rows")], PASS, PASS, "rows did not fail", id="not told"),
        pytest.param(
            [gate("rows"), limit("slow")], FAIL, FAIL, "rows did not fail", id="another is red"
        ),
        pytest.param([limit()], PASS, PASS, "rows was not judged", id="not there"),
        pytest.param(
            [gate("rows", "it is cold")],
            FAIL,
            FAIL,
            "the reason of rows is: it is cold; expected: are missing",
            id="another reason",
        ),
        pytest.param(
            [LOST],
            ExitCode.INVALID,
            ExitCode.INVALID,
            "the verdict was INVALID (exit 12): 3 rows are missing",
            id="another verdict",
        ),
        pytest.param(
            [LOST], FAIL, PASS, "exited with 0, but the verdict is exit 10", id="another exit code"
        ),
    ],
)
def test_what_is_not_as_expected_is_reported(
    results: list[GateResult | ThresholdResult], code: ExitCode, exit_code: int, wrong: str
) -> None:
    found = outcome_of(fault(FAIL, "rows", "are missing"), said(code, *results), exit_code, 1)
    assert wrong in found.wrong


def test_a_clean_run_says_how_much_was_judged() -> None:
    found = outcome_of(fault(PASS), said(PASS, gate("rows"), limit()), PASS, 1)
    assert not found.wrong
    assert found.reason == "2 of 2 thresholds and gates hold"


@pytest.mark.parametrize("result", [unknown("drained"), gate("drained", "it does not")])
def test_a_gate_that_does_not_hold_spoils_a_clean_run(result: GateResult) -> None:
    found = outcome_of(fault(PASS), said(PASS, result, limit()), PASS, 1)
    assert found.wrong == "without a fault, these failed: drained"


def test_a_starved_generator_is_known() -> None:
    assert starved(said(ExitCode.INVALID, gate("generator_delay", "it was late")))
    assert not starved(said(PASS, gate("generator_delay")))
    assert not starved(said(PASS, unknown("generator_delay")))
    assert not starved(said(PASS))
