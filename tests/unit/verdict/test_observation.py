"""The verdict on a pipeline that others load: what judges it, and what does not apply."""

from dataclasses import replace

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.check import unchecked
from cdc_perf.integrity.records import Drain, Finding, FindingKind, Integrity, LastSeen, RowSample
from cdc_perf.load.hops import HopMeasurements
from cdc_perf.reasons import gates as reasons
from cdc_perf.results.points.gauges import StackSeries
from cdc_perf.settings.executors import Observation
from cdc_perf.settings.hops import TOTAL
from cdc_perf.settings.scenarios import OBSERVE
from cdc_perf.stack.connector_health import Condition, ConnectorHealth
from cdc_perf.verdict.evidence import Evidence
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.points import PointsSummary
from tests.unit.measured import (
    CLEAN,
    event,
    evidence,
    hop_threshold,
    hops_seen,
    stack_threshold,
    summary,
)

HOP = hop_threshold(TOTAL, "p95<=100")
LAG = stack_threshold("consumer_lag", "max<=1000")
SEEN = msgspec.structs.replace(CLEAN, acknowledged=None)
SILENT = msgspec.structs.replace(SEEN, topics=())
LOST = Finding(
    kind=FindingKind.MISSING,
    table="public.customer",
    count=1,
    samples=(RowSample(id="0b9c", last_seen=LastSeen.TOPIC, detail="offset 7"),),
)


def observed(integrity: Integrity | None = SEEN, *, lag: float = 3.0) -> Evidence:
    series = StackSeries(60, {"consumer_lag": tuple((float(at), lag) for at in range(61))})
    known = evidence(
        OBSERVE,
        (HOP, LAG),
        summary({}, scenario=OBSERVE),
        points=PointsSummary(stack=series),
    )
    return replace(
        known,
        executor=Observation(duration="60s"),
        k6_exit=None,
        hops=hops_seen(TOTAL, {(10.0, 10.5): 540}, 10.2),
        integrity=integrity,
    )


def test_an_observation_passes_without_a_gate_of_k6() -> None:
    verdict = judge(observed())
    assert (verdict.exit_code, verdict.reasons) == (ExitCode.PASS, ())
    assert {gate.name for gate in verdict.gates} == {
        *("interruption", "components", "connector", "clock", "thresholds", "traffic"),
        *("stack_samples", "hop_clocks", "drained", "rows", "events", "dead_letters"),
    }


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        (observed(lag=2000.0), ExitCode.FAIL),
        (replace(observed(), hops=hops_seen(TOTAL, {(200.0, 210.0): 540}, 205.0)), ExitCode.FAIL),
        (observed(msgspec.structs.replace(SEEN, findings=(LOST,))), ExitCode.FAIL),
        (replace(observed(), events=(event("connect", "ended"),)), ExitCode.FAIL),
        (
            replace(observed(), connectors=(ConnectorHealth("cdc", Condition.FAILED, "FAILED"),)),
            ExitCode.FAIL,
        ),
        (
            observed(
                msgspec.structs.replace(SEEN, drain=Drain(seconds=60, outstanding=("the group",)))
            ),
            ExitCode.FAIL,
        ),
        (replace(observed(), clock_step_seconds=2.0), ExitCode.INVALID),
        (observed(unchecked("Kafka does not answer")), ExitCode.INVALID),
        (replace(observed(), interrupted="interrupted by SIGINT"), ExitCode.INTERRUPTED),
        (replace(observed(), thresholds=()), ExitCode.NO_DATA),
        (replace(observed(), hops=HopMeasurements()), ExitCode.NO_DATA),
    ],
)
def test_a_pipeline_that_others_load_can_fail(spoilt: Evidence, code: ExitCode) -> None:
    assert judge(spoilt).exit_code is code


def test_a_lag_of_nothing_is_no_data() -> None:
    verdict = judge(replace(observed(SILENT, lag=0.0), thresholds=(LAG,)))
    assert verdict.exit_code is ExitCode.NO_DATA
    assert verdict.reasons == (reasons.no_traffic(seconds=60),)
