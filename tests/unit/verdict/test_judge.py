"""A good scenario, spoiled in one way at a time: the verdict, its exit code and its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.results.summary import Check, Metric, NoSummary, Summary
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.verdict.judge import judge, judge_run, not_run
from cdc_perf.verdict.records import ScenarioVerdict
from cdc_perf.verdict.verdict import Verdict
from tests.unit.measured import (
    GOOD,
    LATENCY,
    counter,
    event,
    evidence,
    rate,
    summary,
    threshold,
    trend,
)

P95 = threshold("cdc_e2e_latency", "p95<=2000")
P99 = threshold("cdc_e2e_latency", "p99<=5000")
SUCCESS = threshold("cdc_success_rate", "rate>=0.99")
LIMITS = (P95, P99, SUCCESS)
LATE = {**GOOD, LATENCY: trend(540, p95=2310.4, p99=3000.0)}
FOUND_LATE = {P95: False, P99: True, SUCCESS: True}
FOUND_GOOD = dict.fromkeys(LIMITS, True)
DIED = event("connect", "ended (exit status 1)", "INFO up", "ERROR gone \x1b[31m")
STOPPED = event("connect", "ended (terminated by SIGTERM)", by_operator=True)


def good(metrics: Mapping[str, Metric] = GOOD, **change: object) -> Summary:
    thresholds = change.pop("thresholds", FOUND_GOOD)
    return summary(metrics, thresholds=thresholds, **change)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Fault:
    """What is planted, and what has to come of it."""

    code: ExitCode
    reasons: tuple[str, ...]
    summary: Summary | NoSummary = field(default_factory=good)
    k6_exit: int = 0
    events: tuple[ComponentEvent, ...] = ()

    def judged(self) -> ScenarioVerdict:
        return judge(evidence("baseline", LIMITS, self.summary, self.k6_exit, self.events))


LATE_REASON = "cdc_e2e_latency p95 was 2,310 ms over 540 samples; the limit is 2,000 ms"
STOPPED_REASON = "connect ended (terminated by SIGTERM) under the test, at an operator's request"
DIED_REASON = "connect ended (exit status 1) by itself during the run"
DIFFER = "k6 and this harness do not judge alike"
K6_P95 = "cdc_e2e_latency{phase:steady} p(95)<=2000"
BROKE = "k6 broke: {} (exit {}); the end of its log says more"

FAULTS = {
    "none": Fault(ExitCode.PASS, ()),
    "a broken limit": Fault(
        ExitCode.FAIL, (LATE_REASON,), good(LATE, thresholds=FOUND_LATE), k6_exit=99
    ),
    "no samples after the warm-up": Fault(
        ExitCode.NO_DATA,
        (
            "cdc_e2e_latency p95 has no samples after the warm-up",
            "cdc_e2e_latency p99 has no samples after the warm-up",
        ),
        good({**GOOD, LATENCY: trend(0, p95=0.0, p99=0.0)}),
    ),
    "too few samples for p99 alone": Fault(
        ExitCode.NO_DATA,
        ("cdc_e2e_latency p99 needs 300 samples and got 200: run for at least 1m30s",),
        good({**GOOD, LATENCY: trend(200, p95=1.0, p99=1.0)}),
    ),
    "too few samples for p95 and p99": Fault(
        ExitCode.NO_DATA,
        (
            "cdc_e2e_latency p95 needs 60 samples and got 50: run for at least 1m20s",
            "cdc_e2e_latency p99 needs 300 samples and got 50: run for at least 6m",
        ),
        good({**GOOD, LATENCY: trend(50, p95=1.0, p99=1.0)}),
    ),
    "too few samples for a rate": Fault(
        ExitCode.NO_DATA,
        ("cdc_success_rate rate needs 300 samples and got 200: run for at least 1m30s",),
        good({**GOOD, "cdc_success_rate": rate(200, 0), "iterations": counter(200)}),
    ),
    "too few samples beside a broken limit": Fault(
        ExitCode.NO_DATA,
        (
            "cdc_e2e_latency p99 needs 300 samples and got 200: run for at least 1m30s",
            LATE_REASON.replace("540", "200"),
        ),
        good({**GOOD, LATENCY: trend(200, p95=2310.4, p99=1.0)}, thresholds=FOUND_LATE),
        k6_exit=99,
    ),
    "no iteration": Fault(
        ExitCode.NO_DATA,
        (
            "no iteration came to its end: see the log of k6, or run for longer",
            "cdc_e2e_latency p95 has no samples after the warm-up",
            "cdc_e2e_latency p99 has no samples after the warm-up",
            "cdc_success_rate rate has no samples",
        ),
        good(
            {
                **GOOD,
                LATENCY: trend(0),
                "cdc_success_rate": rate(0, 0),
                "iterations": counter(0),
            }
        ),
    ),
    "no summary": Fault(
        ExitCode.INVALID,
        ("it is gone", "without a summary no limit can be judged"),
        NoSummary("it is gone"),
    ),
    "the summary of another scenario": Fault(
        ExitCode.INVALID,
        ("the summary is that of spike, not of baseline",),
        good(scenario="spike"),
    ),
    "k6 finds broken what holds": Fault(
        ExitCode.INVALID,
        (f"{DIFFER}: k6 finds that {K6_P95} is broken, but p(95) is 51.2, so that it holds",),
        good(thresholds=FOUND_LATE),
        k6_exit=99,
    ),
    "k6 finds that it holds what is broken": Fault(
        ExitCode.INVALID,
        (
            f"{DIFFER}: k6 finds that {K6_P95} holds, but p(95) is 2310.4, so that it is broken",
            LATE_REASON,
        ),
        good(LATE),
    ),
    "k6 did not judge a limit": Fault(
        ExitCode.INVALID,
        (f"{DIFFER}: k6 did not judge cdc_success_rate rate>=0.99",),
        good(thresholds={P95: True, P99: True}),
    ),
    "k6 judged a limit that is not ours": Fault(
        ExitCode.INVALID,
        (f"{DIFFER}: k6 judged pg_write_errors count<=0, which thresholds.json does not set",),
        good(thresholds={**FOUND_GOOD, threshold("pg_write_errors", "count<=0"): True}),
    ),
    "k6 exits 0 although it found a limit broken": Fault(
        ExitCode.INVALID,
        (
            "k6 exited 0 although it found broken: cdc_e2e_latency{phase:steady} p(95)<=2000",
            LATE_REASON,
        ),
        good(LATE, thresholds=FOUND_LATE),
    ),
    "k6 exits 99 for nothing": Fault(
        ExitCode.INVALID,
        ("k6 exited 99, for a broken threshold, but its summary shows none",),
        k6_exit=99,
    ),
    **{
        f"k6 exits {code}": Fault(ExitCode.LOAD, (BROKE.format(why, code),), k6_exit=code)
        for code, why in {
            100: "setup took too long",
            103: "it was stopped over its REST interface",
            104: "its options are wrong",
            107: "the script threw an exception outside an iteration",
            108: "the script aborted the test",
            109: "it crashed",
            110: "the script marked the run as failed",
            255: "it was started with a bad flag or a missing file",
            1: "for a reason unknown",
        }.items()
    },
    "k6 is killed": Fault(
        ExitCode.LOAD,
        ("k6 broke: it was killed by SIGKILL; the end of its log says more",),
        k6_exit=-9,
    ),
    "k6 is killed and leaves nothing": Fault(
        ExitCode.LOAD,
        (
            "k6 broke: it was killed by signal 63; the end of its log says more",
            "k6 wrote no summary.json",
            "without a summary no limit can be judged",
        ),
        NoSummary("k6 wrote no summary.json"),
        k6_exit=-63,
    ),
    "k6 is interrupted": Fault(
        ExitCode.INTERRUPTED, ("interrupted: what was measured until then is kept",), k6_exit=105
    ),
    "a component dies": Fault(
        ExitCode.FAIL,
        (f"{DIED_REASON}; its log ends: INFO up | ERROR gone \x1b[31m",),
        events=(DIED,),
    ),
    "an operator stops a component": Fault(
        ExitCode.INVALID,
        (STOPPED_REASON,),
        events=(STOPPED,),
    ),
    "an operator stops one, another dies": Fault(
        ExitCode.INVALID,
        (f"{STOPPED_REASON}; {DIED_REASON}",),
        events=(STOPPED, event("connect", "ended (exit status 1)")),
    ),
    "a component dies while k6 breaks": Fault(
        ExitCode.LOAD,
        (
            BROKE.format("it crashed", 109),
            "kafka ended (exit status 1) by itself during the run",
        ),
        k6_exit=109,
        events=(event("kafka", "ended (exit status 1)"),),
    ),
}

_WORDS = {
    ExitCode.PASS: Verdict.PASS,
    ExitCode.FAIL: Verdict.FAIL,
    ExitCode.NO_DATA: Verdict.NO_DATA,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_gets_its_verdict_and_its_reasons(fault: Fault) -> None:
    verdict = fault.judged()
    assert verdict.reasons == fault.reasons
    assert verdict.exit_code is fault.code
    assert verdict.verdict is _WORDS.get(fault.code, Verdict.INVALID)
    assert len(verdict.thresholds) == len(LIMITS)


@pytest.mark.parametrize(
    ("checks", "k6_exit", "code", "reasons"),
    [
        ((Check("postgres", 1, 0), Check("mongodb", 1, 0)), 0, ExitCode.PASS, ()),
        (
            (Check("postgres", 1, 0), Check("connector", 0, 1), Check("mongodb", 1, 1)),
            110,
            ExitCode.FAIL,
            ("the health check failed at: connector, mongodb",),
        ),
        (
            (Check("connector", 0, 1),),
            0,
            ExitCode.FAIL,
            ("the health check failed at: connector",),
        ),
        ((Check("never", 0, 0),), 0, ExitCode.FAIL, ("the health check failed at: never",)),
        ((), 0, ExitCode.NO_DATA, ("the health check checked nothing",)),
        (
            (Check("postgres", 1, 0),),
            110,
            ExitCode.LOAD,
            (BROKE.format("the script marked the run as failed", 110),),
        ),
        (
            (Check("connector", 0, 1),),
            107,
            ExitCode.LOAD,
            (
                BROKE.format("the script threw an exception outside an iteration", 107),
                "the health check failed at: connector",
            ),
        ),
    ],
    ids=["passes", "fails", "fails silently", "never made", "none", "marked for nothing", "throws"],
)
def test_the_health_check_is_judged_by_its_checks(
    checks: tuple[Check, ...], k6_exit: int, code: ExitCode, reasons: tuple[str, ...]
) -> None:
    found = summary({"iterations": counter(1)}, scenario="health-check", checks=checks)
    verdict = judge(evidence("health-check", (), found, k6_exit))
    assert (verdict.exit_code, verdict.reasons) == (code, reasons)


def test_failed_checks_of_another_scenario_are_no_gate() -> None:
    found = good(checks=(Check("a", 0, 1),))
    assert judge(evidence("baseline", LIMITS, found)).verdict is Verdict.PASS
    assert judge(evidence("baseline", LIMITS, found, 110)).exit_code is ExitCode.LOAD


def test_k6_may_find_what_it_likes_of_a_metric_without_samples() -> None:
    found = good({**GOOD, LATENCY: trend(0, p95=0.0, p99=0.0)}, thresholds=FOUND_LATE)
    verdict = judge(evidence("baseline", LIMITS, found, 99))
    assert verdict.exit_code is ExitCode.NO_DATA


def test_a_log_is_quoted_in_short() -> None:
    died = event("kafka", "ended (exit status 1)", *(f"{n} {'x' * 900}" for n in range(20)))
    (reason,) = judge(evidence("baseline", LIMITS, good(), events=(died,))).reasons
    assert len(reason) < 1200
    assert "its log ends: 15 x" in reason


def test_every_gate_is_told_with_what_was_found() -> None:
    verdict = judge(evidence("baseline", LIMITS, good()))
    assert {gate.name: (gate.observed, gate.ok) for gate in verdict.gates} == {
        "interruption": ("none", True),
        "k6_exit": ("0", True),
        "components": ("none", True),
        "connector": ("they do", True),
        "clock": ("+0 ms", True),
        "points": ("6,604 points of 6 metrics", True),
        "dropped_iterations": ("0 of 600", True),
        "generator_delay": ("p99 1.30 ms over 6,000 ticks", True),
        "summary": ("a summary of baseline", True),
        "thresholds": ("3 thresholds", True),
        "samples": ("600 iterations, 600 samples of cdc_success_rate", True),
        "iterations": ("600 results of 600 iterations", True),
        "duration": ("60.0 s", True),
        "thresholds_agree": ("the same of 3", True),
        "drained": ("after 0.9 s", True),
        "rows": ("600 rows, 600 documents", True),
        "events": ("602 events, 600 acknowledged writes", True),
        "dead_letters": ("0", True),
        "ledger": ("600 inserted rows of 600 rows noted", True),
    }


@pytest.mark.parametrize("code", [ExitCode.STACK, ExitCode.INTERRUPTED, ExitCode.NO_DATA])
def test_a_scenario_that_was_not_run_says_why(code: ExitCode) -> None:
    verdict = not_run("spike", code, "the stack is gone")
    assert (verdict.exit_code, verdict.reasons) == (code, ("the stack is gone",))
    assert verdict.verdict is not Verdict.PASS


def test_a_component_that_died_is_a_failure_whatever_the_measurement_is_worth() -> None:
    doubtful = judge(evidence("baseline", LIMITS, NoSummary("none"), events=(DIED,)))
    assert (doubtful.verdict, doubtful.exit_code) == (Verdict.FAIL, ExitCode.FAIL)
    assert len(doubtful.reasons) > 1
    stopped = judge(evidence("baseline", LIMITS, NoSummary("none"), events=(STOPPED,)))
    assert stopped.verdict is Verdict.INVALID
    another = msgspec.structs.replace(not_run("spike", ExitCode.INVALID, ""), reasons=("starved",))
    assert judge_run([doubtful, another]).exit_code is ExitCode.FAIL
