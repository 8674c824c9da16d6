"""Summaries, limits, events and points for tests: a good scenario, of which one thing is spoilt."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from cdc_perf.integrity.records import Drain, Integrity, TableCompared, TopicRead
from cdc_perf.load.hops import HopMeasurements
from cdc_perf.reasons.reason import Reason
from cdc_perf.results.hops import Hops, hops_of
from cdc_perf.results.points.statistics import Statistics, parsed_k6_name
from cdc_perf.results.summary import (
    SCHEMA_VERSION,
    Check,
    Metric,
    NoSummary,
    Summary,
    SummaryType,
)
from cdc_perf.settings.executors import ConstantVus, LoadShape
from cdc_perf.settings.expressions import Expression, parse_expression
from cdc_perf.settings.hops import CONSUMER_HOPS, Hop, HopSequence
from cdc_perf.settings.metrics import Better, MetricKind, MetricType, Phase, Source
from cdc_perf.settings.tag_selector import parse_key
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.stack.connector_health import Condition, ConnectorHealth
from cdc_perf.stats.latency_histogram import Bucket, HopCounters, LatencyHistogram
from cdc_perf.verdict.evidence import Evidence
from cdc_perf.verdict.points import PointsSummary

KINDS = {
    kind.name: kind
    for kind in (
        MetricKind(
            "cdc_e2e_latency", Source.K6, MetricType.TREND, "ms", Better.LOWER, Phase.STEADY
        ),
        MetricKind("cdc_success_rate", Source.K6, MetricType.RATE, "", Better.HIGHER, Phase.ALL),
        MetricKind("pg_write_errors", Source.K6, MetricType.COUNTER, "", Better.LOWER, Phase.ALL),
    )
}
STACK_KINDS = {
    name: MetricKind(name, source, MetricType.GAUGE, unit, better, phase)
    for name, source, unit, better, phase in (
        ("consumer_lag", Source.STACK, "events", Better.LOWER, Phase.ALL),
        ("memory_consumer", Source.STACK, "B", Better.LOWER, Phase.STEADY),
        ("lag_recovery_seconds", Source.STACK, "s", Better.LOWER, Phase.ALL),
        ("held_rate", Source.BREAKPOINT, "/s", Better.HIGHER, Phase.ALL),
    )
}
LATENCY = "cdc_e2e_latency{phase:steady}"


def threshold(key: str, expression: str) -> Threshold:
    """Return the limit that `p95<=2000` sets on a metric, or on a part of it: `m{table:t}`."""
    parsed = parse_expression(expression)
    assert isinstance(parsed, Expression)
    metric, tags = parse_key(key)
    return Threshold(KINDS[metric], parsed, tags)


def stack_threshold(metric: str, expression: str) -> Threshold:
    """Return the limit that `max<=1000` sets on a metric of the stack."""
    parsed = parse_expression(expression)
    assert isinstance(parsed, Expression)
    return Threshold(STACK_KINDS[metric], parsed)


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
    "pg_records_inserted": counter(600, 10.0),
    "iterations": counter(600, 10.0),
    "dropped_iterations": counter(0, 0),
    "generator_delay": trend(6000, p99=1.3),
}
NOW = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
CLEAN = Integrity(
    checked=NOW,
    seconds=1.2,
    drain=Drain(seconds=0.9),
    tables=(TableCompared(table="public.customer", rows=600, documents=600),),
    topics=(TopicRead(topic="cdc.public.customer", events=602, keys=601, tombstones=1),),
    acknowledged={"c": 600},
)
TEN_USERS = ConstantVus(vus=10, duration="60s")


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


def hops_seen(
    hop: Hop, buckets: Mapping[Bucket, int], mean: float, *, negative: int = 0
) -> HopMeasurements:
    """Return times of one hop; the negative ones are so by 2 s."""
    count = sum(buckets.values())
    times = LatencyHistogram(buckets, count * mean, negative, 2000.0 * negative)
    return HopMeasurements(
        steady=HopCounters(count, {hop.name: times}), begin=NOW, end=NOW, fault=""
    )


def way(
    *means: float,
    events: int = 540,
    negative: Mapping[str, int] = MappingProxyType({}),
    sequence: HopSequence = CONSUMER_HOPS,
) -> Hops:
    """Return what hops.json says of hops that every event took that many milliseconds for."""
    each = dict(zip(sequence.hops, means, strict=True))
    times = {
        hop.name: LatencyHistogram(
            {(mean / 1.02, mean * 1.02) if mean > 0 else (0.0, 0.1): events},
            mean * events,
            negative.get(hop.name, 0),
            2000.0 * negative.get(hop.name, 0),
        )
        for hop, mean in {**each, sequence.total: sum(means)}.items()
    }
    steady = HopCounters(events, times)
    return hops_of(HopMeasurements(steady=steady, begin=NOW, end=NOW, fault=""))


def hop_threshold(hop: Hop, expression: str) -> Threshold:
    """Return the limit that `p95<=100` sets on a hop."""
    parsed = parse_expression(expression)
    assert isinstance(parsed, Expression)
    kind = MetricKind(
        hop.metric, Source.HOPS, MetricType.HISTOGRAM, "ms", Better.LOWER, Phase.STEADY
    )
    return Threshold(kind, parsed)


def because(text: str) -> Reason:
    """Return a reason with that text."""
    return Reason(code="test", params={}, text=text)


def event(component: str, what: str, *log: str, by_operator: bool = False) -> ComponentEvent:
    return ComponentEvent(component, what, by_operator, log)


def points_of(measured: Summary | NoSummary) -> PointsSummary:
    """Return the raw points that a summary was made of."""
    if isinstance(measured, NoSummary):
        return PointsSummary()
    found = {name: _statistics(name, metric) for name, metric in measured.metrics.items()}
    return PointsSummary(statistics={name: each for name, each in found.items() if each.count})


def evidence(
    scenario: str,
    thresholds: Sequence[Threshold],
    measured: Summary | NoSummary,
    k6_exit: int = 0,
    events: Sequence[ComponentEvent] = (),
    *,
    points: PointsSummary | None = None,
    executor: LoadShape = TEN_USERS,
    clock_step_seconds: float = 0.0,
) -> Evidence:
    """Return the evidence of a scenario that k6 left this summary of."""
    return Evidence(
        scenario=scenario,
        executor=executor,
        thresholds=thresholds,
        summary=measured,
        points=points_of(measured) if points is None else points,
        k6_exit=k6_exit,
        clock_step_seconds=clock_step_seconds,
        events=events,
        integrity=CLEAN,
        connectors=(ConnectorHealth("postgres-cdc-connector", Condition.RUNNING),),
    )


def _statistics(name: str, metric: Metric) -> Statistics:
    values = {stat: value or 0 for stat, value in metric.values.items()}
    passes = int(values.get("passes", 0))
    count = {
        SummaryType.TREND: int(values.get("count", 0)),
        SummaryType.RATE: passes + int(values.get("fails", 0)),
    }.get(metric.type, 1)
    base, tags = parsed_k6_name(name)
    return Statistics(
        metric=base,
        type=metric.type,
        tags=tags,
        count=count,
        total=values.get("count", 0.0),
        least=0.0,
        largest=0.0,
        mean=0.0,
        percentiles={},
        passes=passes if metric.type is SummaryType.RATE else None,
        first=NOW,
        last=NOW,
    )
