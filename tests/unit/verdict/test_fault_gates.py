"""Deaths that were ordered, and the thresholds on recoveries."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.faults.records import Injection
from cdc_perf.faults.recovery import Measure, Recovery
from cdc_perf.results.summary import Metric
from cdc_perf.settings.executors import ConstantArrivalRate
from cdc_perf.settings.recovery import RecoveryThresholds
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.verdict.evidence import Evidence
from cdc_perf.verdict.fault_gates import unordered
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.k6_gates import STOPPED_BY_REST
from tests.unit.measured import GOOD, LATENCY, evidence, summary, threshold, trend

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
LIMIT = threshold("cdc_e2e_latency", "p95<=2000")
KILL = Injection(
    fault="kill:connect",
    number=1,
    description="kill -9 of Kafka Connect",
    components=("connect",),
    began=AT,
    proved=AT + timedelta(seconds=0.1),
    proof="1 process (9) ended by SIGKILL",
    ended=AT + timedelta(seconds=0.1),
)


def end_of(component: str, seconds: float | None) -> ComponentEvent:
    at = None if seconds is None else AT + timedelta(seconds=seconds)
    return ComponentEvent(component, "ended", by_operator=False, log=(), at=at)


@pytest.mark.parametrize(
    ("event", "ordered"),
    [
        (end_of("connect", 0.2), True),
        (end_of("connect", 1.4), True),
        (end_of("connect", None), True),
        (end_of("connect", 9.0), False),
        (end_of("connect", -9.0), False),
        (end_of("consumer", 0.2), False),
    ],
)
def test_an_end_is_ordered_at_the_time_of_its_fault(
    event: ComponentEvent, *, ordered: bool
) -> None:
    assert unordered([event], [KILL]) == ([] if ordered else [event])


def test_a_stack_that_is_not_watched_stays_unknown() -> None:
    assert unordered(None, [KILL]) is None


def faulted(
    measures: dict[str, Measure], limits: dict[str, float], *, lost: float = 0.0
) -> Evidence:
    found = summary(GOOD)
    known = evidence("baseline", (LIMIT,), found)
    recovery = Recovery(
        injection=KILL,
        began=0.0,
        end=60.0,
        flowing_again=4.0,
        steady_again=9.0,
        measures={"lost": Measure(lost, 600), **measures},
    )
    return replace(
        known,
        points=replace(known.points, steady=found.metrics, recoveries=(recovery,)),
        injections=(KILL,),
        recovery=RecoveryThresholds({"lost": 0, **limits}, {}, {}, {}),
    )


@pytest.mark.parametrize(
    ("measure", "code", "ok"),
    [
        (Measure(4.0, 100), ExitCode.PASS, True),
        (Measure(12.5, 100), ExitCode.FAIL, False),
        (Measure(12.5, 100, at_least=True), ExitCode.FAIL, False),
        (Measure(4.0, 100, at_least=True), ExitCode.NO_DATA, None),
        (Measure(None, 0, why="no change arrived"), ExitCode.NO_DATA, None),
    ],
)
def test_a_measure_is_judged_if_it_is_known(
    measure: Measure, code: ExitCode, *, ok: bool | None
) -> None:
    verdict = judge(faulted({"outage_seconds": measure}, {"outage_seconds": 12}))
    assert verdict.exit_code is code
    (result,) = (x for x in verdict.thresholds if x.metric.startswith("outage_seconds"))
    assert result.metric == "outage_seconds{fault:kill:connect}"
    assert (result.ok, result.observed) == (ok, measure.value)


def test_what_is_lost_is_always_judged() -> None:
    verdict = judge(faulted({}, {}, lost=3.0))
    (result,) = (x for x in verdict.thresholds if x.metric == "lost{fault:kill:connect}")
    assert (result.ok, result.observed) == (False, 3.0)
    assert verdict.exit_code is ExitCode.FAIL


def test_duplicates_are_judged_if_they_are_bounded() -> None:
    excused = faulted({"duplicates": Measure(3.0, 600)}, {"duplicates": 2})
    (result,) = (x for x in judge(excused).thresholds if x.metric.startswith("duplicates"))
    assert result.ok is False


def test_latency_is_judged_without_the_time_of_the_fault() -> None:
    slow = {**GOOD, LATENCY: trend(540, p95=9000.0, p99=9000.0)}
    known = faulted({}, {})
    during = replace(known, summary=summary(slow))
    assert judge(during).exit_code is ExitCode.PASS
    steady = replace(during, points=replace(during.points, steady=slow))
    assert judge(steady).exit_code is ExitCode.FAIL


@pytest.mark.parametrize(
    ("during", "code"),
    [
        ({"cdc_e2e_latency": trend(100, p95=9000.0)}, ExitCode.PASS),
        ({"cdc_e2e_latency": trend(100, p95=31_000.0)}, ExitCode.FAIL),
        ({"cdc_e2e_latency": trend(9, p95=9000.0)}, ExitCode.NO_DATA),
        ({}, ExitCode.NO_DATA),
    ],
)
def test_a_threshold_can_be_about_the_time_of_the_fault(
    during: dict[str, Metric], code: ExitCode
) -> None:
    known = faulted({}, {})
    of_faults = threshold("cdc_e2e_latency{phase:fault}", "p95<=30000")
    points = replace(known.points, faulted=during)
    verdict = judge(replace(known, thresholds=(LIMIT, of_faults), points=points))
    assert verdict.exit_code is code
    assert verdict.thresholds[1].metric == "cdc_e2e_latency{phase:fault}"


def test_a_load_that_ended_after_the_last_recovery_is_complete() -> None:
    rate = ConstantArrivalRate(
        rate=10, time_unit="1s", duration="25m", pre_allocated_vus=20, max_vus=200
    )
    early = replace(faulted({}, {}), executor=rate, k6_exit=STOPPED_BY_REST, stopped=True)
    assert judge(early).exit_code is ExitCode.PASS
    assert early.seconds == 60.0
    assert judge(replace(early, stopped=False)).exit_code is ExitCode.LOAD
