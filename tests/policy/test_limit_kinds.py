"""A limit of every metric, stat and operator that there is, seen to hold and to break."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.records import Finding, Integrity
from cdc_perf.load.hops import HopMeasurements
from cdc_perf.results.points.gauges import StackSeries
from cdc_perf.results.summary import Metric
from cdc_perf.settings.executors import Executor, RampingVus, Stage
from cdc_perf.settings.expressions import GROWTH, STATS, Expression, Operator
from cdc_perf.settings.hops import hop_of
from cdc_perf.settings.metrics import CONSUMER_LAG, MetricKind, MetricType, Source, load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.tag_selector import Tags, with_tags
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.evidence import HoldResult
from cdc_perf.verdict.integrity_gates import INTEGRITY_METRICS
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.lag_recovery import LAG_RECOVERY
from cdc_perf.verdict.ramp import Ramp
from cdc_perf.verdict.records import ScenarioVerdict
from tests.unit.measured import (
    CLEAN,
    GOOD,
    TEN_USERS,
    counter,
    evidence,
    hops_seen,
    points_of,
    rate,
    summary,
    trend,
)

# Enough for p99.9, which needs 3,000.
SAMPLES = 6000
# Enough for the growth of a gauge and its p99, which need 300 after the warm-up.
SECONDS = 400
STATS_OF_METRICS = [
    (kind, stat) for kind in load_metrics(Checkout.here()).values() for stat in STATS[kind.type]
]
NAMES = [f"{kind.name} {stat}" for kind, stat in STATS_OF_METRICS]
TAGGED = [(kind, stat) for kind, stat in STATS_OF_METRICS if kind.tagged]
NAMES_OF_TAGGED = [f"{kind.name} {stat}" for kind, stat in TAGGED]
# What is observed, times this, is a limit that holds, and one that breaks.
_LIMITS = {
    Operator.AT_MOST: (1.0, 0.99),
    Operator.BELOW: (1.01, 1.0),
    Operator.AT_LEAST: (1.0, 1.01),
    Operator.ABOVE: (0.99, 1.0),
}
# A slope is exact to its last digits only.
_LIMITS_ON_GROWTH = {
    **dict.fromkeys((Operator.AT_MOST, Operator.BELOW), (1.01, 0.99)),
    **dict.fromkeys((Operator.AT_LEAST, Operator.ABOVE), (0.99, 1.01)),
}
TAGS = (("table", "shop.orders"), ("operation", "update"))
PEAK = RampingVus(
    start_vus=1, stages=(Stage("10s", 1), Stage("10s", 9), Stage("10s", 1), Stage("370s", 1))
)


@dataclass(frozen=True)
class Shown:
    """What is measured of one stat of one metric, beside all that is good.

    Attributes:
        observed: What it comes to.
        metric: Of a metric of k6 what its summary has.
        stack: Of a metric of the stack its samples.
        held: Of a rate that is held the rate.
        hops: Of a hop what the consumer counted.
        executor: The load.
        integrity: Of a count of the integrity check what was found.
    """

    observed: float
    metric: Metric | None = None
    stack: StackSeries = field(default_factory=lambda: StackSeries(SECONDS, {}))
    held: HoldResult | None = None
    hops: HopMeasurements = field(default_factory=HopMeasurements)
    executor: Executor = TEN_USERS
    integrity: Integrity = CLEAN

    def judged(self, threshold: Threshold, *, holds: bool) -> ScenarioVerdict:
        """Return the verdict; `holds` is what k6 finds of the limit, if it judges it too."""
        metrics = {
            **GOOD,
            "iterations": counter(SAMPLES),
            with_tags("iterations", TAGS): counter(SAMPLES),
            "cdc_success_rate": rate(SAMPLES, 0),
        }
        if self.metric:
            metrics[threshold.k6_metric] = self.metric
        judged = {threshold: holds} if threshold.in_k6 else {}
        found = summary(metrics, thresholds=judged, seconds=SECONDS)
        k6_exit = 99 if threshold.in_k6 and not holds else 0
        points = replace(points_of(found), stack=self.stack)
        known = evidence(
            "baseline", (threshold,), found, k6_exit, points=points, executor=self.executor
        )
        return judge(replace(known, held=self.held, hops=self.hops, integrity=self.integrity))


def shown(kind: MetricKind, stat: str) -> Shown:
    match kind.type:
        case MetricType.TREND if stat == "count":
            return Shown(SAMPLES, trend(SAMPLES, p99=4.0))
        case MetricType.TREND:
            return Shown(4, trend(SAMPLES, **{"p99": 4.0, stat: 4.0}))
        case MetricType.RATE:
            return Shown(0.9, rate(SAMPLES * 9 // 10, SAMPLES // 10))
        case MetricType.COUNTER:
            return Shown(4, counter(4, 4))
        case MetricType.GAUGE:
            return shown_by_a_gauge(kind, stat)
        case MetricType.HISTOGRAM:
            return Shown(4, hops=hops_seen(hop_of(kind), {(2.0, 8.0): SAMPLES}, 4.0))
        case _:
            assert_never(kind.type)


def shown_by_a_gauge(kind: MetricKind, stat: str) -> Shown:
    if kind.source is Source.BREAKPOINT:
        return Shown(4, held=HoldResult(Ramp(5.0, "it broke"), 4, 300.0))
    if kind.name == LAG_RECOVERY:
        # The load falls from its peak after 20 s.
        lag = [1.0] * 10 + [9.0] * 14 + [1.0] * (SECONDS - 24)
        return Shown(4, stack=sampled(CONSUMER_LAG, lag), executor=PEAK)
    if kind.source is Source.INTEGRITY:
        # Excused, so that the gate holds and the limit alone decides.
        finding = Finding(
            kind=INTEGRITY_METRICS[kind.name][0],
            table="t",
            count=4,
            samples=(),
            excused="it is known",
        )
        return Shown(4, integrity=msgspec.structs.replace(CLEAN, findings=(finding,)))
    values = [4 * at / 3600 if stat == GROWTH else 4.0 for at in range(SECONDS)]
    return Shown(4, stack=sampled(kind.name, values))


def sampled(metric: str, values: Sequence[float]) -> StackSeries:
    return StackSeries(len(values), {metric: tuple(enumerate(values))})


@pytest.mark.parametrize("operator", Operator)
@pytest.mark.parametrize(("kind", "stat"), STATS_OF_METRICS, ids=NAMES)
def test_a_limit_holds_and_breaks(kind: MetricKind, stat: str, operator: Operator) -> None:
    holds_and_breaks(kind, stat, operator, ())


@pytest.mark.parametrize("operator", Operator)
@pytest.mark.parametrize(("kind", "stat"), TAGGED, ids=NAMES_OF_TAGGED)
def test_a_limit_on_some_changes_holds_and_breaks(
    kind: MetricKind, stat: str, operator: Operator
) -> None:
    holds_and_breaks(kind, stat, operator, TAGS)


def holds_and_breaks(kind: MetricKind, stat: str, operator: Operator, tags: Tags) -> None:
    seen = shown(kind, stat)
    limits = _LIMITS_ON_GROWTH if stat == GROWTH else _LIMITS
    held, broken = (
        Threshold(kind, Expression(stat, operator, seen.observed * times), tags)
        for times in limits[operator]
    )
    assert seen.judged(held, holds=True).exit_code is ExitCode.PASS
    verdict = seen.judged(broken, holds=False)
    assert verdict.exit_code is ExitCode.FAIL
    assert [result.ok for result in verdict.thresholds] == [False]
    assert len(verdict.reasons) == 1
    assert verdict.reasons[0].text.startswith(f"{broken.metric} {stat} was ")


@pytest.mark.parametrize(("kind", "stat"), TAGGED, ids=NAMES_OF_TAGGED)
def test_a_limit_on_changes_that_did_not_occur_is_no_data(kind: MetricKind, stat: str) -> None:
    limit = Threshold(kind, Expression(stat, Operator.BELOW, 0.5), TAGS)
    empty = {
        MetricType.TREND: trend(0, p99=0.0),
        MetricType.RATE: rate(0, 0),
        MetricType.COUNTER: counter(0, 0),
    }
    # As k6 writes them: what it evaluates of nothing is no observation.
    metrics = {
        **GOOD,
        with_tags("iterations", TAGS): counter(0, 0),
        limit.k6_metric: empty[kind.type],
    }
    found = summary(metrics, thresholds={limit: True} if limit.in_k6 else {})
    verdict = judge(evidence("baseline", (limit,), found))
    assert [result.ok for result in verdict.thresholds] == [None]
    assert verdict.exit_code is ExitCode.NO_DATA


@pytest.mark.parametrize(("kind", "stat"), STATS_OF_METRICS, ids=NAMES)
def test_a_limit_on_what_was_not_measured_is_no_data(kind: MetricKind, stat: str) -> None:
    limit = Threshold(kind, Expression(stat, Operator.BELOW, 0.5))
    metrics = {name: metric for name, metric in GOOD.items() if name != limit.k6_metric}
    # k6 itself finds that a limit on nothing holds.
    found = summary(metrics, thresholds={limit: True} if limit.in_k6 else {})
    verdict = judge(replace(evidence("baseline", (limit,), found), integrity=None))
    assert [result.ok for result in verdict.thresholds] == [None]
    assert verdict.exit_code is ExitCode.NO_DATA


def test_no_type_of_metric_is_left_out() -> None:
    assert {kind.type for kind, _ in STATS_OF_METRICS} == set(MetricType)
