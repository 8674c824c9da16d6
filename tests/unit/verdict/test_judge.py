"""A good scenario, spoiled in one way at a time: the verdict, its exit code and its reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.reasons import gates, runs, thresholds
from cdc_perf.reasons.reason import Reason
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
    reasons: tuple[Reason, ...]
    summary: Summary | NoSummary = field(default_factory=good)
    k6_exit: int = 0
    events: tuple[ComponentEvent, ...] = ()

    def judged(self) -> ScenarioVerdict:
        return judge(evidence("baseline", LIMITS, self.summary, self.k6_exit, self.events))


def late(samples: int) -> Reason:
    return thresholds.threshold_broken(
        metric="cdc_e2e_latency",
        stat="p95",
        operator="<=",
        threshold=2000,
        observed=2310.4,
        unit="ms",
        samples=samples,
    )


def few(
    stat: str, samples: int, needed: int, run_for: str, metric: str = "cdc_e2e_latency"
) -> Reason:
    return thresholds.too_few_samples(
        metric=metric, stat=stat, samples=samples, needed=needed, run_for=run_for, so_far=""
    )


def none_of(metric: str, stat: str, *, after_warm_up: bool = True) -> Reason:
    return thresholds.no_samples(metric=metric, stat=stat, after_warm_up=after_warm_up)


def died(component: str, *log: str) -> Reason:
    return gates.component_died(
        component=component, what="ended (exit status 1)", remedy="", log=log
    )


def differs(*, observed: float, k6_holds: bool) -> Reason:
    return gates.k6_judged_differently(
        threshold=K6_P95, stat="p(95)", observed=observed, k6_holds=k6_holds
    )


STOPPED_REASON = gates.component_operated(component="connect", what="ended (terminated by SIGTERM)")
K6_P95 = "cdc_e2e_latency{phase:steady} p(95)<=2000"
NO_LATENCY = (none_of("cdc_e2e_latency", "p95"), none_of("cdc_e2e_latency", "p99"))

FAULTS = {
    "none": Fault(ExitCode.PASS, ()),
    "a broken limit": Fault(
        ExitCode.FAIL, (late(540),), good(LATE, thresholds=FOUND_LATE), k6_exit=99
    ),
    "no samples after the warm-up": Fault(
        ExitCode.NO_DATA, NO_LATENCY, good({**GOOD, LATENCY: trend(0, p95=0.0, p99=0.0)})
    ),
    "too few samples for p99 alone": Fault(
        ExitCode.NO_DATA,
        (few("p99", 200, 300, "1m30s"),),
        good({**GOOD, LATENCY: trend(200, p95=1.0, p99=1.0)}),
    ),
    "too few samples for p95 and p99": Fault(
        ExitCode.NO_DATA,
        (few("p95", 50, 60, "1m20s"), few("p99", 50, 300, "6m")),
        good({**GOOD, LATENCY: trend(50, p95=1.0, p99=1.0)}),
    ),
    "too few samples for a rate": Fault(
        ExitCode.NO_DATA,
        (few("rate", 200, 300, "1m30s", "cdc_success_rate"),),
        good({**GOOD, "cdc_success_rate": rate(200, 0), "iterations": counter(200)}),
    ),
    "too few samples beside a broken limit": Fault(
        ExitCode.NO_DATA,
        (few("p99", 200, 300, "1m30s"), late(200)),
        good({**GOOD, LATENCY: trend(200, p95=2310.4, p99=1.0)}, thresholds=FOUND_LATE),
        k6_exit=99,
    ),
    "no iteration": Fault(
        ExitCode.NO_DATA,
        (
            gates.no_iteration(),
            *NO_LATENCY,
            none_of("cdc_success_rate", "rate", after_warm_up=False),
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
        (gates.summary_missing(why="it is gone"), thresholds.no_summary_for_threshold()),
        NoSummary("it is gone"),
    ),
    "the summary of another scenario": Fault(
        ExitCode.INVALID,
        (gates.summary_of_another_scenario(found="spike", expected="baseline"),),
        good(scenario="spike"),
    ),
    "k6 finds broken what holds": Fault(
        ExitCode.INVALID,
        (differs(observed=51.2, k6_holds=False),),
        good(thresholds=FOUND_LATE),
        k6_exit=99,
    ),
    "k6 finds that it holds what is broken": Fault(
        ExitCode.INVALID, (differs(observed=2310.4, k6_holds=True), late(540)), good(LATE)
    ),
    "k6 did not judge a limit": Fault(
        ExitCode.INVALID,
        (gates.k6_did_not_judge(threshold="cdc_success_rate rate>=0.99"),),
        good(thresholds={P95: True, P99: True}),
    ),
    "k6 judged a limit that is not ours": Fault(
        ExitCode.INVALID,
        (gates.k6_judged_unknown_threshold(threshold="pg_write_errors count<=0"),),
        good(thresholds={**FOUND_GOOD, threshold("pg_write_errors", "count<=0"): True}),
    ),
    "k6 exits 0 although it found a limit broken": Fault(
        ExitCode.INVALID,
        (gates.k6_exit_hides_broken_thresholds(broken=[K6_P95]), late(540)),
        good(LATE, thresholds=FOUND_LATE),
    ),
    "k6 exits 99 for nothing": Fault(
        ExitCode.INVALID, (gates.k6_exit_without_broken_threshold(),), k6_exit=99
    ),
    **{
        f"k6 exits {code}": Fault(ExitCode.LOAD, (gates.k6_failed(exit_code=code),), k6_exit=code)
        for code in (100, 103, 104, 107, 108, 109, 110, 255, 1)
    },
    "k6 is killed": Fault(ExitCode.LOAD, (gates.k6_killed(signal="SIGKILL"),), k6_exit=-9),
    "k6 is killed and leaves nothing": Fault(
        ExitCode.LOAD,
        (
            gates.k6_killed(signal="signal 63"),
            gates.summary_missing(why="k6 wrote no summary.json"),
            thresholds.no_summary_for_threshold(),
        ),
        NoSummary("k6 wrote no summary.json"),
        k6_exit=-63,
    ),
    "k6 is interrupted": Fault(ExitCode.INTERRUPTED, (gates.k6_interrupted(),), k6_exit=105),
    "a component dies": Fault(
        ExitCode.FAIL, (died("connect", "INFO up", "ERROR gone \x1b[31m"),), events=(DIED,)
    ),
    "an operator stops a component": Fault(ExitCode.INVALID, (STOPPED_REASON,), events=(STOPPED,)),
    "an operator stops one, another dies": Fault(
        ExitCode.INVALID,
        (STOPPED_REASON, died("connect")),
        events=(STOPPED, event("connect", "ended (exit status 1)")),
    ),
    "a component dies while k6 breaks": Fault(
        ExitCode.LOAD,
        (gates.k6_failed(exit_code=109), died("kafka")),
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
            (gates.health_check_failed(checks=["connector", "mongodb"]),),
        ),
        (
            (Check("connector", 0, 1),),
            0,
            ExitCode.FAIL,
            (gates.health_check_failed(checks=["connector"]),),
        ),
        ((Check("never", 0, 0),), 0, ExitCode.FAIL, (gates.health_check_failed(checks=["never"]),)),
        (
            tuple(
                Check(name, 0, 1)
                for name in ("connector", "the load is accepted: one", "the load is accepted: two")
            ),
            110,
            ExitCode.FAIL,
            (
                gates.health_check_failed(checks=["connector"]),
                gates.load_refused(change="one"),
                gates.load_refused(change="two"),
            ),
        ),
        ((), 0, ExitCode.NO_DATA, (gates.health_check_empty(),)),
        (
            (Check("postgres", 1, 0),),
            110,
            ExitCode.LOAD,
            (gates.k6_failed(exit_code=110),),
        ),
        (
            (Check("connector", 0, 1),),
            107,
            ExitCode.LOAD,
            (
                gates.k6_failed(exit_code=107),
                gates.health_check_failed(checks=["connector"]),
            ),
        ),
    ],
    ids=[
        "passes",
        "fails",
        "fails silently",
        "never made",
        "refused",
        "none",
        "marked for nothing",
        "throws",
    ],
)
def test_the_health_check_is_judged_by_its_checks(
    checks: tuple[Check, ...], k6_exit: int, code: ExitCode, reasons: tuple[Reason, ...]
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
    log = reason.params["log"]
    assert isinstance(log, list)
    assert [str(line)[:4] for line in log] == ["15 x", "16 x", "17 x", "18 x", "19 x"]
    assert len(reason.text) < 1200


def test_every_gate_is_reported_with_what_was_found() -> None:
    verdict = judge(evidence("baseline", LIMITS, good()))
    assert {gate.name: (gate.observed, gate.ok) for gate in verdict.gates} == {
        "interruption": ("none", True),
        "k6_exit": ("0", True),
        "components": ("none", True),
        "connector": ("running", True),
        "clock": ("+0 ms", True),
        "points": ("6,604 points of 6 metrics", True),
        "dropped_iterations": ("0 of 600", True),
        "generator_delay": ("p99 1.30 ms over 6,000 ticks", True),
        "summary": ("a summary of baseline", True),
        "thresholds": ("3 thresholds", True),
        "samples": ("600 iterations, 600 samples of cdc_success_rate", True),
        "iterations": ("600 results of 600 iterations", True),
        "duration": ("60.0 s", True),
        "thresholds_agree": ("the same for 3", True),
        "drained": ("after 0.9 s", True),
        "rows": ("600 rows, 600 documents", True),
        "events": ("602 events, 600 acknowledged writes", True),
        "dead_letters": ("0", True),
        "ledger": ("600 inserted rows of 600 rows noted", True),
    }


@pytest.mark.parametrize("code", [ExitCode.STACK, ExitCode.INTERRUPTED, ExitCode.NO_DATA])
def test_a_scenario_that_was_not_run_says_why(code: ExitCode) -> None:
    why = runs.not_run(why="the stack is gone")
    verdict = not_run("spike", code, why)
    assert (verdict.exit_code, verdict.reasons) == (code, (why,))
    assert verdict.verdict is not Verdict.PASS


def test_a_component_that_died_is_a_failure_whatever_the_measurement_is_worth() -> None:
    doubtful = judge(evidence("baseline", LIMITS, NoSummary("none"), events=(DIED,)))
    assert (doubtful.verdict, doubtful.exit_code) == (Verdict.FAIL, ExitCode.FAIL)
    assert len(doubtful.reasons) > 1
    stopped = judge(evidence("baseline", LIMITS, NoSummary("none"), events=(STOPPED,)))
    assert stopped.verdict is Verdict.INVALID
    another = not_run("spike", ExitCode.INVALID, runs.not_run(why="starved"))
    assert judge_run([doubtful, another]).exit_code is ExitCode.FAIL


def test_a_run_repeats_each_reason_with_its_scenario() -> None:
    judged = Fault(ExitCode.FAIL, (), good(LATE, thresholds=FOUND_LATE), k6_exit=99).judged()
    (reason,) = judge_run([judged]).reasons
    assert reason.code == "threshold_broken"
    assert reason.params == {"scenario": "baseline", **late(540).params}
    assert reason.text == f"baseline: {late(540).text}"
