"""Gauges without enough samples, and the number of samples that a growth needs."""

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.results.points.gauges import StackSeries
from cdc_perf.settings.expressions import GROWTH, Expression, parse_expression
from cdc_perf.settings.metrics import LIVE_HEAP, Better, MetricKind, MetricType, Phase, Source
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stats.growth import SAMPLES_NEEDED
from cdc_perf.verdict.points import StackMetrics
from cdc_perf.verdict.stack_thresholds import judge_stack_threshold, stack_samples_gate
from tests.unit.measured import TEN_USERS, stack_threshold

LAG, MEMORY = "consumer_lag", "memory_consumer"


def sampled(counts: dict[str, int], seconds: float = 60.0) -> StackMetrics:
    """Return a load of so many seconds with a sample of each metric in the first ones."""
    samples = {
        metric: tuple((float(second), 5.0) for second in range(count))
        for metric, count in counts.items()
    }
    return StackMetrics(StackSeries(seconds, samples), TEN_USERS)


def heap_threshold() -> Threshold:
    parsed = parse_expression("max<=9")
    assert isinstance(parsed, Expression)
    name = f"{LIVE_HEAP}kafka"
    kind = MetricKind(name, Source.STACK, MetricType.GAUGE, "B", Better.LOWER, Phase.ALL)
    return Threshold(kind, parsed)


def test_a_gauge_without_samples_is_unknown_and_a_jvm_s_has_its_own_remedy() -> None:
    limits = (stack_threshold(LAG, "max<=9"), heap_threshold())
    lag, heap = (judge_stack_threshold(limit, sampled({})) for limit in limits)
    for found in (lag, heap):
        result = found.result
        assert (result.ok, result.observed, result.samples) == (None, None, 0)
    assert lag.reason is not None
    assert heap.reason is not None
    # Only the embedded stack knows a JVM's memory.
    assert lag.reason.code != heap.reason.code


@pytest.mark.parametrize(
    ("counts", "ok"),
    [
        ({LAG: 60, MEMORY: 60}, True),
        ({LAG: 60, MEMORY: 54}, True),
        ({LAG: 60, MEMORY: 53}, False),
        ({MEMORY: 60}, False),
    ],
)
def test_each_metric_is_sampled_in_nine_of_ten_seconds(counts: dict[str, int], *, ok: bool) -> None:
    limits = (stack_threshold(LAG, "max<=9"), stack_threshold(MEMORY, "max<=9"))
    found = stack_samples_gate(limits, sampled(counts))
    assert found is not None
    assert (found.result.ok, found.code) == (ok, ExitCode.PASS if ok else ExitCode.NO_DATA)


def test_the_recovery_of_the_lag_needs_samples_of_the_lag() -> None:
    limits = (stack_threshold("lag_recovery_seconds", "value<=9"),)
    for count, ok in ((60, True), (0, False)):
        found = stack_samples_gate(limits, sampled({LAG: count}))
        assert found is not None
        assert found.result.ok is ok


def test_without_a_threshold_on_a_sampled_metric_there_is_no_gate() -> None:
    assert stack_samples_gate((), sampled({})) is None
    assert stack_samples_gate((stack_threshold("held_rate", "value>=9"),), sampled({})) is None


@pytest.mark.parametrize("missing", [0, 1])
def test_a_growth_with_enough_samples_is_judged(missing: int) -> None:
    limit = stack_threshold(LAG, f"{GROWTH}<=1000")
    count = limit.samples_needed - missing
    # `growth` computes nothing from fewer.
    assert limit.samples_needed == SAMPLES_NEEDED
    found = judge_stack_threshold(limit, sampled({LAG: count}, seconds=300.0))
    assert (found.result.ok, found.result.samples) == (None if missing else True, count)
