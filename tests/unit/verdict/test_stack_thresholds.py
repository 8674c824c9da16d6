"""Limits on what the stack shows of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.reasons import gates, thresholds
from cdc_perf.reasons.reason import Reason
from cdc_perf.results.points.gauges import StackSeries
from cdc_perf.settings.executors import ConstantVus, Executor, RampingVus, Stage
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.records import ScenarioVerdict
from cdc_perf.verdict.threshold_result import broken_threshold
from tests.unit.measured import GOOD, evidence, points_of, stack_threshold, summary

SECONDS = 60
LAG = "consumer_lag"
MEMORY = "memory_consumer"
MIB = 2**20


def series(
    values: Mapping[str, Sequence[float]], seconds: float = SECONDS, since: float = 0.0
) -> StackSeries:
    return StackSeries(
        seconds,
        {
            metric: tuple((since + second, value) for second, value in enumerate(each))
            for metric, each in values.items()
        },
    )


def verdict(
    stack: StackSeries, *limits: Threshold, executor: Executor | None = None
) -> ScenarioVerdict:
    measured = summary(GOOD, seconds=stack.seconds)
    points = replace(points_of(measured), stack=stack)
    shape = executor or ConstantVus(vus=10, duration=f"{stack.seconds:g}s")
    return judge(evidence("baseline", limits, measured, points=points, executor=shape))


@pytest.mark.parametrize(
    ("limit", "observed"),
    [
        ("max<=59", 59.0),
        ("min<=0", 0.0),
        ("avg<=29.5", 29.5),
        ("value<=59", 59.0),
        ("p50<=29.5", 29.5),
        ("p90<=54", 53.1),
    ],
)
def test_each_stat_of_a_gauge(limit: str, observed: float) -> None:
    found = verdict(series({LAG: range(SECONDS)}), stack_threshold(LAG, limit))
    (result,) = found.thresholds
    assert (found.exit_code, result.ok, result.samples) == (ExitCode.PASS, True, SECONDS)
    assert result.observed == pytest.approx(observed)


def test_a_broken_limit_fails() -> None:
    limit = stack_threshold(LAG, "max<=1000")
    found = verdict(series({LAG: [0.0] * 59 + [5000.0]}), limit)
    assert found.exit_code is ExitCode.FAIL
    assert found.reasons == (broken_threshold(limit, 5000, 60),)


def test_the_warm_up_does_not_count() -> None:
    limit = stack_threshold(MEMORY, f"max<={64 * MIB}")
    found = verdict(series({MEMORY: [80.0 * MIB] * SECONDS}), limit)
    # Six seconds of warm-up.
    assert found.reasons == (broken_threshold(limit, 80 * MIB, 54),)


@pytest.mark.parametrize("values", [{}, {LAG: [1.0] * 20}], ids=["none", "too few"])
def test_what_was_not_sampled_is_no_data(values: Mapping[str, Sequence[float]]) -> None:
    found = verdict(series(values), stack_threshold(LAG, "max<=1000"))
    assert found.exit_code is ExitCode.NO_DATA
    count = len(values.get(LAG, ()))
    assert found.reasons[0] == gates.stack_samples_missing(
        seconds=60, metrics=[LAG], samples=[count]
    )


def test_a_percentile_of_too_few_samples_is_no_data() -> None:
    found = verdict(series({LAG: range(SECONDS)}), stack_threshold(LAG, "p99<=1000"))
    assert found.exit_code is ExitCode.NO_DATA
    (reason,) = found.reasons
    assert reason.code == "too_few_samples"
    assert (reason.params["needed"], reason.params["run_for"]) == (300, "5m")


def test_samples_from_before_and_after_the_load_do_not_count() -> None:
    before_and_after = series({LAG: [9000.0, *range(SECONDS + 1), 9000.0]}, since=-1.0)
    found = verdict(before_and_after, stack_threshold(LAG, "max<=1000"))
    assert found.exit_code is ExitCode.PASS
    assert found.thresholds[0].samples == SECONDS + 1


@pytest.mark.parametrize(
    ("values", "code", "reasons"),
    [
        ([100.0 * MIB + second % 7 for second in range(600)], ExitCode.PASS, []),
        (
            [100.0 * MIB + second * MIB / 10 + second % 7 for second in range(600)],
            ExitCode.FAIL,
            ["threshold_broken"],
        ),
        (
            # Up and down by 20 MiB within minutes: neither growth nor its absence can be told.
            [(100.0 + 20 * ((second // 100) % 2)) * MIB for second in range(600)],
            ExitCode.NO_DATA,
            ["growth_undecided"],
        ),
        (
            [100.0 * MIB] * 200,
            ExitCode.NO_DATA,
            ["too_few_samples"],
        ),
    ],
    ids=["flat", "growing", "undecided", "too short"],
)
def test_growth_is_judged_by_both_ends_of_its_interval(
    values: Sequence[float], code: ExitCode, reasons: list[str]
) -> None:
    limit = stack_threshold(MEMORY, f"growth_per_hour<={64 * MIB}")
    found = verdict(series({MEMORY: values}, seconds=len(values)), limit)
    assert found.exit_code is code
    assert [reason.code for reason in found.reasons] == reasons
    assert {reason.params.get("unit", "B/h") for reason in found.reasons} <= {"B/h"}
    assert found.thresholds[0].unit == "B/h"
    assert (found.thresholds[0].interval is None) == (len(values) < 300)


SPIKE = RampingVus(
    start_vus=1, stages=(Stage("20s", 1), Stage("5s", 50), Stage("10s", 50), Stage("25s", 1))
)


@pytest.mark.parametrize(
    ("lag", "limit", "code", "reasons"),
    [
        ([2] * 20 + [900] * 20 + [1] * 20, "value<=10", ExitCode.PASS, ()),
        (
            [2] * 20 + [900] * 30 + [1] * 10,
            "value<=10",
            ExitCode.FAIL,
            (broken_threshold(stack_threshold("lag_recovery_seconds", "value<=10"), 15, 1),),
        ),
        (
            [2] * 20 + [900] * 40,
            "value<=10",
            ExitCode.FAIL,
            (thresholds.lag_not_recovered(level=2, seconds=24),),
        ),
        (
            [2] * 20 + [900] * 40,
            "value<=60",
            ExitCode.NO_DATA,
            (thresholds.lag_recovery_undecided(level=2, seconds=24, threshold=60),),
        ),
    ],
    ids=["back", "late", "never", "not yet"],
)
def test_the_lag_has_to_come_back_after_a_peak(
    lag: Sequence[float], limit: str, code: ExitCode, reasons: tuple[Reason, ...]
) -> None:
    stack = series({LAG: lag})
    found = verdict(stack, stack_threshold("lag_recovery_seconds", limit), executor=SPIKE)
    assert found.exit_code is code
    assert found.reasons == reasons


def test_a_load_without_a_peak_has_nothing_to_recover_from() -> None:
    limit = stack_threshold("lag_recovery_seconds", "value<=60")
    found = verdict(series({LAG: [0] * SECONDS}), limit)
    assert found.exit_code is ExitCode.NO_DATA
    assert found.reasons == (
        thresholds.lag_recovery_without_peak(metric="lag_recovery_seconds", sampled=LAG),
    )
