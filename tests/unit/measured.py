"""Summaries, limits and events for tests: a good scenario, of which a test spoils one thing."""

from collections.abc import Mapping

from scripts.results.summary import SCHEMA_VERSION, Check, Metric, Summary, SummaryType
from scripts.settings.expressions import Expression, parse_expression
from scripts.settings.metrics import Better, MetricKind, MetricType, Phase
from scripts.settings.thresholds import Threshold
from scripts.stack.component import ComponentEvent

KINDS = {
    kind.name: kind
    for kind in (
        MetricKind("cdc_e2e_latency", MetricType.TREND, "ms", Better.LOWER, Phase.STEADY),
        MetricKind("cdc_success_rate", MetricType.RATE, "", Better.HIGHER, Phase.ALL),
        MetricKind("pg_write_errors", MetricType.COUNTER, "", Better.LOWER, Phase.ALL),
    )
}
LATENCY = "cdc_e2e_latency{phase:steady}"


def threshold(metric: str, expression: str) -> Threshold:
    """Return the limit that `p95<=2000` sets on a metric."""
    parsed = parse_expression(expression)
    assert isinstance(parsed, Expression)
    return Threshold(KINDS[metric], parsed)


def trend(count: int, /, **values: float) -> Metric:
    """Return a trend; `p95=2000.0` is given as k6 gives it, `p(95)`."""
    stats = {f"p({k[1:]})" if k.startswith("p") else k: v for k, v in values.items()}
    return Metric(type=SummaryType.TREND, contains="time", values={"count": count, **stats})


def rate(passes: int, fails: int) -> Metric:
    total = passes + fails
    values: dict[str, float | None] = {
        "rate": passes / total if total else 0,
        "passes": passes,
        "fails": fails,
    }
    return Metric(type=SummaryType.RATE, contains="default", values=values)


def counter(count: int, a_second: float = 1.0) -> Metric:
    values: dict[str, float | None] = {"count": count, "rate": a_second}
    return Metric(type=SummaryType.COUNTER, contains="default", values=values)


GOOD: Mapping[str, Metric] = {
    LATENCY: trend(540, p50=36.4, p95=51.2, p99=73.0),
    "cdc_success_rate": rate(600, 0),
    "pg_write_errors": counter(0, 0),
    "iterations": counter(600, 10.0),
}


def summary(
    metrics: Mapping[str, Metric] = GOOD,
    *,
    scenario: str = "baseline",
    checks: tuple[Check, ...] = (),
    thresholds: Mapping[Threshold, bool] | None = None,
    seconds: float = 60,
) -> Summary:
    """Return a summary in which k6 found of `thresholds` what they map to."""
    judged = dict(metrics)
    for limit, holds in (thresholds or {}).items():
        metric = judged.get(limit.k6_metric) or Metric(
            type=SummaryType.TREND, contains="", values={}
        )
        judged[limit.k6_metric] = Metric(
            type=metric.type,
            contains=metric.contains,
            values=metric.values,
            thresholds={**metric.thresholds, limit.k6_expression: holds},
        )
    return Summary(
        schema_version=SCHEMA_VERSION,
        scenario=scenario,
        duration_ms=seconds * 1000,
        metrics=judged,
        checks=checks,
    )


def event(component: str, what: str, *log: str, by_operator: bool = False) -> ComponentEvent:
    return ComponentEvent(component, what, by_operator, log)
