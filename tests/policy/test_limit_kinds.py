"""A limit of every metric, stat and operator that there is, seen to hold and to break."""

from typing import assert_never

import pytest

from scripts.errors import ExitCode
from scripts.results.summary import Metric
from scripts.settings.expressions import STATS, Expression, Operator
from scripts.settings.metrics import MetricKind, MetricType, load_metrics
from scripts.settings.paths import Checkout
from scripts.settings.thresholds import Threshold
from scripts.verdict.judge import judge
from scripts.verdict.records import ScenarioVerdict
from tests.unit.measured import GOOD, counter, evidence, rate, summary, trend

# Enough for p99.9, which needs 3,000.
SAMPLES = 6000
STATS_OF_METRICS = [
    (kind, stat) for kind in load_metrics(Checkout.here()).values() for stat in STATS[kind.type]
]
# By how much a limit is moved to the side of what was observed where it holds, and where it breaks.
_MOVED = {
    Operator.AT_MOST: (1.0, 0.99),
    Operator.BELOW: (1.01, 1.0),
    Operator.AT_LEAST: (1.0, 1.01),
    Operator.ABOVE: (0.99, 1.0),
}


def measured(kind: MetricKind, stat: str) -> tuple[Metric, float]:
    """Return a metric and what it shows of a stat."""
    match kind.type:
        case MetricType.TREND if stat == "count":
            return trend(SAMPLES, p99=4.0), SAMPLES
        case MetricType.TREND:
            return trend(SAMPLES, **{"p99": 4.0, stat: 4.0}), 4
        case MetricType.RATE:
            return rate(SAMPLES * 9 // 10, SAMPLES // 10), 0.9
        case MetricType.COUNTER:
            return counter(4, 4), 4
        case _:
            assert_never(kind.type)


def judged(threshold: Threshold, metric: Metric, *, holds: bool) -> ScenarioVerdict:
    """Return the verdict where k6 finds of the limit what `holds` says."""
    metrics = {**GOOD, "iterations": counter(SAMPLES), threshold.k6_metric: metric}
    theirs = {threshold: holds} if threshold.in_k6 else {}
    k6_exit = 0 if holds or not threshold.in_k6 else 99
    found = summary(metrics, thresholds=theirs)
    return judge(evidence("baseline", (threshold,), found, k6_exit))


@pytest.mark.parametrize("operator", Operator)
@pytest.mark.parametrize(
    ("kind", "stat"),
    STATS_OF_METRICS,
    ids=[f"{kind.name} {stat}" for kind, stat in STATS_OF_METRICS],
)
def test_a_limit_holds_and_breaks(kind: MetricKind, stat: str, operator: Operator) -> None:
    metric, observed = measured(kind, stat)
    held, broken = (
        Threshold(kind, Expression(stat, operator, observed * times)) for times in _MOVED[operator]
    )
    assert judged(held, metric, holds=True).exit_code is ExitCode.PASS
    verdict = judged(broken, metric, holds=False)
    assert verdict.exit_code is ExitCode.FAIL
    assert [result.ok for result in verdict.thresholds] == [False]
    assert len(verdict.reasons) == 1
    assert verdict.reasons[0].startswith(f"{kind.name} {stat} was ")


@pytest.mark.parametrize(
    ("kind", "stat"),
    STATS_OF_METRICS,
    ids=[f"{kind.name} {stat}" for kind, stat in STATS_OF_METRICS],
)
def test_a_limit_on_what_was_not_measured_is_no_data(kind: MetricKind, stat: str) -> None:
    limit = Threshold(kind, Expression(stat, Operator.BELOW, 0.5))
    metrics = {name: metric for name, metric in GOOD.items() if name != limit.k6_metric}
    # k6 itself finds that a limit on nothing holds.
    found = summary(metrics, thresholds={limit: True} if limit.in_k6 else {})
    verdict = judge(evidence("baseline", (limit,), found))
    assert [result.ok for result in verdict.thresholds] == [None]
    assert verdict.exit_code is ExitCode.NO_DATA


def test_no_type_of_metric_is_left_out() -> None:
    assert {kind.type for kind, _ in STATS_OF_METRICS} == set(MetricType)
