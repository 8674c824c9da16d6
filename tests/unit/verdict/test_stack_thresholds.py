"""Limits on what the stack shows of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.results.points.gauges import StackSeries
from cdc_perf.settings.executors import ConstantVus, Executor, RampingVus, Stage
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.records import ScenarioVerdict
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
    found = verdict(series({LAG: [0.0] * 59 + [5000.0]}), stack_threshold(LAG, "max<=1000"))
    assert found.exit_code is ExitCode.FAIL
    assert found.reasons == (
        "consumer_lag max was 5,000 events over 60 samples; the limit is 1,000 events",
    )


def test_bytes_are_told_as_people_read_them() -> None:
    limit = stack_threshold(MEMORY, f"max<={64 * MIB}")
    found = verdict(series({MEMORY: [80.0 * MIB] * SECONDS}), limit)
    # The warm-up, six seconds, does not count.
    assert found.reasons == ("memory_consumer max was 80 MiB over 54 samples; the limit is 64 MiB",)


@pytest.mark.parametrize("values", [{}, {LAG: [1.0] * 20}], ids=["none", "too few"])
def test_what_was_not_sampled_is_no_data(values: Mapping[str, Sequence[float]]) -> None:
    found = verdict(series(values), stack_threshold(LAG, "max<=1000"))
    assert found.exit_code is ExitCode.NO_DATA
    count = len(values.get(LAG, ()))
    assert found.reasons[0] == (
        f"of 60 seconds of load there are samples of consumer_lag in {count}: "
        "see that the component answers, and that the machine is not starved"
    )


def test_a_percentile_of_too_few_samples_is_no_data() -> None:
    found = verdict(series({LAG: range(SECONDS)}), stack_threshold(LAG, "p99<=1000"))
    assert found.exit_code is ExitCode.NO_DATA
    assert found.reasons == ("consumer_lag p99 needs 300 samples and got 60: run for at least 5m",)


def test_samples_from_before_and_after_the_load_do_not_count() -> None:
    before_and_after = series({LAG: [9000.0, *range(SECONDS + 1), 9000.0]}, since=-1.0)
    found = verdict(before_and_after, stack_threshold(LAG, "max<=1000"))
    assert found.exit_code is ExitCode.PASS
    assert found.thresholds[0].samples == SECONDS + 1


@pytest.mark.parametrize(
    ("values", "code", "reason"),
    [
        ([100.0 * MIB + second % 7 for second in range(600)], ExitCode.PASS, ""),
        (
            [100.0 * MIB + second * MIB / 10 + second % 7 for second in range(600)],
            ExitCode.FAIL,
            "memory_consumer growth_per_hour was 360 MiB/h over 570 samples; the limit is 64 MiB/h",
        ),
        (
            # Up and down by 20 MiB within minutes: neither growth nor its absence can be told.
            [(100.0 + 20 * ((second // 100) % 2)) * MIB for second in range(600)],
            ExitCode.NO_DATA,
            "which does not tell whether 64 MiB/h is kept: run for longer",
        ),
        (
            [100.0 * MIB] * 200,
            ExitCode.NO_DATA,
            "memory_consumer growth_per_hour needs 300 samples and got 180: run for at least 5m40s",
        ),
    ],
    ids=["flat", "growing", "undecided", "too short"],
)
def test_growth_is_judged_by_both_ends_of_its_interval(
    values: Sequence[float], code: ExitCode, reason: str
) -> None:
    limit = stack_threshold(MEMORY, f"growth_per_hour<={64 * MIB}")
    found = verdict(series({MEMORY: values}, seconds=len(values)), limit)
    assert found.exit_code is code
    assert "".join(found.reasons).endswith(reason)
    assert (found.thresholds[0].interval is None) == (len(values) < 300)


SPIKE = RampingVus(
    start_vus=1, stages=(Stage("20s", 1), Stage("5s", 50), Stage("10s", 50), Stage("25s", 1))
)


@pytest.mark.parametrize(
    ("lag", "limit", "code", "reason"),
    [
        ([2] * 20 + [900] * 20 + [1] * 20, "value<=10", ExitCode.PASS, ""),
        (
            [2] * 20 + [900] * 30 + [1] * 10,
            "value<=10",
            ExitCode.FAIL,
            "lag_recovery_seconds value was 15 s; the limit is 10 s",
        ),
        (
            [2] * 20 + [900] * 40,
            "value<=10",
            ExitCode.FAIL,
            "the consumer's lag was not back at 2 events when the load ended, 24 s after its peak",
        ),
        (
            [2] * 20 + [900] * 40,
            "value<=60",
            ExitCode.NO_DATA,
            "24 s after its peak, within the limit of 60 s: run for longer",
        ),
    ],
    ids=["back", "late", "never", "not yet"],
)
def test_the_lag_has_to_come_back_after_a_peak(
    lag: Sequence[float], limit: str, code: ExitCode, reason: str
) -> None:
    stack = series({LAG: lag})
    found = verdict(stack, stack_threshold("lag_recovery_seconds", limit), executor=SPIKE)
    assert found.exit_code is code
    assert "".join(found.reasons).endswith(reason)


def test_a_load_without_a_peak_has_nothing_to_recover_from() -> None:
    limit = stack_threshold("lag_recovery_seconds", "value<=60")
    found = verdict(series({LAG: [0] * SECONDS}), limit)
    assert found.exit_code is ExitCode.NO_DATA
    assert found.reasons == (
        (
            "lag_recovery_seconds needs a load that rises to a peak and falls again, "
            "and samples of consumer_lag before and after it"
        ),
    )
