"""Where a rising rate breaks, on points that were made up."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.reasons import gates, thresholds
from cdc_perf.reasons.reason import Reason
from cdc_perf.results.summary import Metric, NoSummary
from cdc_perf.settings.executors import RampingArrivalRate, Stage
from cdc_perf.verdict.evidence import HoldResult
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.points import summarize_points
from cdc_perf.verdict.ramp import Ramp, judge_ramp, rate_at
from cdc_perf.verdict.threshold_result import broken_threshold
from tests.unit.measured import GOOD, evidence, rate, stack_threshold, summary, threshold
from tests.unit.points import Point, write_points

RAMP = RampingArrivalRate(
    start_rate=0,
    time_unit="1s",
    pre_allocated_vus=1,
    max_vus=10,
    stages=(Stage("1m", 60), Stage("10s", 60), Stage("10s", 100)),
)
P95 = threshold("cdc_e2e_latency", "p95<=100")
SUCCESS = threshold("cdc_success_rate", "rate>=0.9")
TYPES = {
    "iterations": "counter",
    "dropped_iterations": "counter",
    "cdc_e2e_latency": "trend",
    "cdc_success_rate": "rate",
}
SECOND = 1_000_000


def ramp_points(
    *, slow_from: int = 99, slow_until: int = 99, drop_from: int = 99, fail_from: int = 99
) -> list[Point]:
    """Return ten iterations a second for half a minute; from some second on, something is wrong."""
    points = []
    for second in range(30):
        for tenth in range(10):
            at = second * SECOND + tenth * SECOND // 10
            points += [
                Point("iterations", 1, at),
                Point("cdc_e2e_latency", 500.0 if slow_from <= second < slow_until else 20.0, at),
                Point("cdc_success_rate", float(second < fail_from), at),
            ]
        if second >= drop_from:
            points.append(Point("dropped_iterations", 1, second * SECOND))
    return points


def found(tmp_path: Path, points: list[Point], gauges: list[Point] | None = None) -> Ramp:
    file = write_points(tmp_path / "points.json.gz", points, TYPES)
    other = write_points(
        tmp_path / "gauges.json.gz",
        gauges or [],
        {"consumer_lag": "gauge", "cpu_kafka": "gauge", "cpu_mongodb": "gauge"},
    )
    return judged(file, other)


def judged(points: Path, gauges: Path) -> Ramp:
    series = points.parent / "series.parquet"
    seen = summarize_points([points], gauges, series, (P95, SUCCESS), NoSummary("none"), ramp=True)
    return judge_ramp(seen.windows, seen.stack, RAMP)


@pytest.mark.parametrize(
    ("points", "highest", "end"),
    [
        (
            ramp_points(slow_from=20),
            15.0,
            "the ramp broke at 20 iterations/s: cdc_e2e_latency p95 was 500 ms within 5 s",
        ),
        (
            ramp_points(fail_from=12),
            5.0,
            "the ramp broke at 10 iterations/s: cdc_success_rate rate was 0.4000 within 5 s",
        ),
        (
            ramp_points(drop_from=25),
            20.0,
            "the ramp broke at 25 iterations/s: 5 of 55 iterations could not begin within 5 s",
        ),
        (
            # One window is a pause, not a break.
            ramp_points(slow_from=12, slow_until=14),
            25.0,
            "the ramp ended at 25 iterations/s without a broken threshold",
        ),
        (ramp_points(), 25.0, "the ramp ended at 25 iterations/s without a broken threshold"),
        (
            ramp_points(slow_from=0),
            None,
            "the ramp broke at 0 iterations/s: cdc_e2e_latency p95 was 500 ms within 5 s",
        ),
        ([], None, "no iteration of the ramp completed"),
    ],
    ids=["slow", "failing", "dropped", "a pause", "never", "at once", "nothing"],
)
def test_the_rate_before_the_first_broken_limit(
    tmp_path: Path, points: list[Point], highest: float | None, end: str
) -> None:
    assert found(tmp_path, points) == Ramp(highest, end)


def test_who_was_busy_when_it_broke(tmp_path: Path) -> None:
    gauges = [
        Point("cpu_kafka", 1.9, 3 * SECOND),
        Point("cpu_kafka", 0.4, 21 * SECOND),
        Point("cpu_mongodb", 0.98, 22 * SECOND),
        Point("consumer_lag", 1234, 23 * SECOND),
    ]
    assert found(tmp_path, ramp_points(slow_from=20), gauges).end.endswith(
        "; mongodb was busiest with 0.98 of 1.38 cores in use, consumer_lag reached 1,234 events"
    )


def test_points_that_are_lost_leave_nothing_to_hold(tmp_path: Path) -> None:
    folder = tmp_path / "points.json.gz"
    folder.mkdir()
    assert judged(folder, tmp_path / "none") == Ramp(None, "no iteration of the ramp completed")


@pytest.mark.parametrize(
    ("seconds", "rate"), [(0, 0), (30, 30), (60, 60), (65, 60), (75, 80), (90, 100)]
)
def test_the_rate_that_a_ramp_asks_for(seconds: float, rate: float) -> None:
    assert rate_at(RAMP, seconds) == pytest.approx(rate)


BROKE = Ramp(700, "the ramp broke")
FAST_ENOUGH = stack_threshold("held_rate", "value>=500")
RELIABLE = threshold("cdc_success_rate", "rate>=0.9")
NONE_HELD = gates.no_rate_held(ramp=BROKE.end)
FAILING = {**GOOD, "cdc_success_rate": rate(300, 300)}


@pytest.mark.parametrize(
    ("held", "metrics", "code", "reason"),
    [
        (HoldResult(BROKE, 600, 300), GOOD, ExitCode.PASS, None),
        (
            HoldResult(BROKE, 400, 300),
            GOOD,
            ExitCode.FAIL,
            broken_threshold(FAST_ENOUGH, 400, 1),
        ),
        (
            HoldResult(BROKE, 600, 300),
            FAILING,
            ExitCode.FAIL,
            NONE_HELD,
        ),
        (
            HoldResult(BROKE, None, 0),
            GOOD,
            ExitCode.FAIL,
            NONE_HELD,
        ),
        (
            None,
            GOOD,
            ExitCode.NO_DATA,
            thresholds.no_hold(),
        ),
    ],
    ids=["held", "too low", "a limit broken", "nothing to hold", "no hold"],
)
def test_the_rate_that_is_held_is_judged(
    held: HoldResult | None, metrics: Mapping[str, Metric], code: ExitCode, reason: Reason | None
) -> None:
    holds = metrics is GOOD
    measured = summary(metrics, scenario="breakpoint", thresholds={RELIABLE: holds})
    limits = (RELIABLE, FAST_ENOUGH)
    seen = evidence("breakpoint", limits, measured, 0 if holds else 99)
    verdict = judge(replace(seen, held=held))
    assert verdict.exit_code is code
    assert (reason is None) == (verdict.reasons == ())
    assert reason is None or reason in verdict.reasons
    observed = {gate.name: gate.observed for gate in verdict.gates}
    told = "; held 600/s for 5m" if held and held.rate == 600 else ""
    if held and (told or held.rate is None):
        assert observed["ramp"] == f"the ramp broke{told}"
        assert next(x for x in verdict.gates if x.name == "ramp").ok is (held.rate is not None)
