"""Read thresholds.json."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.expressions import STATS, Expression, Operator, parse_expression
from cdc_perf.settings.files import join, typed
from cdc_perf.settings.metrics import Better, MetricKind, MetricType
from cdc_perf.settings.names import nearest
from cdc_perf.settings.overlay import layered
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.recovery import RECOVERY, RecoveryThresholds, recovery_thresholds
from cdc_perf.settings.scenarios import HEALTH_CHECK, OBSERVE
from cdc_perf.settings.tag_selector import SelectorError, Tags, parse_key
from cdc_perf.settings.thresholds import (
    DEFAULT,
    OBSERVABLE,
    Layer,
    Threshold,
    ThresholdsByStat,
    ThresholdTable,
)

ENVIRONMENTS = "environments"
_RESERVED = (RECOVERY, ENVIRONMENTS)
# The metric and stat that every scenario must have a threshold on.
SUCCESS_RATE = ("cdc_success_rate", "rate")
# Editors find the file's JSON Schema by this key; nothing else reads it.
SCHEMA = "$schema"
_UPPER = (Operator.AT_MOST, Operator.BELOW)


def load_thresholds(
    checkout: Checkout, scenarios: Iterable[str], metrics: Mapping[str, MetricKind]
) -> ThresholdTable:
    """Return every threshold of thresholds.json, with the pipeline's own laid over them.

    Args:
        checkout: The checkout of the file.
        scenarios: The names of all scenarios that k6 runs.
        metrics: All metrics, by name.

    Raises:
        UsageFailure: A file is missing or wrong. The message names the place
            (`baseline.cdc_e2e_latency.p95`) and, for an unknown name, the closest known ones.
    """
    found = layered(checkout.thresholds_file, checkout.own_thresholds_file)
    reader = _Reader(found.name, (*scenarios, OBSERVE), metrics)
    layer = dict(found.content)
    typed(layer.pop(SCHEMA, ""), str, file=found.name, place=SCHEMA)
    environments = reader.table(layer.pop(ENVIRONMENTS, {}), ENVIRONMENTS)
    layer.pop(RECOVERY, None)
    table = ThresholdTable(
        scenarios=reader.layer(layer, "", known=(DEFAULT, *reader.scenarios, *_RESERVED)),
        environments={
            name: reader.layer(
                reader.table(content, f"{ENVIRONMENTS}.{name}"),
                f"{ENVIRONMENTS}.{name}",
                known=(DEFAULT, *reader.scenarios),
            )
            for name, content in environments.items()
        },
    )
    if SUCCESS_RATE not in table.scenarios.get(DEFAULT, {}):
        raise reader.wrong(
            DEFAULT,
            "must require a success rate, so that no scenario passes while everything fails: "
            'add "cdc_success_rate": { "rate": 0.9 }',
        )
    return table


def load_recovery_thresholds(
    checkout: Checkout, scenarios: Iterable[str], faults: Iterable[str]
) -> RecoveryThresholds:
    """Return the thresholds on recoveries, in the section `recovery` of thresholds.json.

    Args:
        checkout: The checkout of the file.
        scenarios: The names of all scenarios that k6 runs.
        faults: The names of all faults.

    Raises:
        UsageFailure: A file is missing or wrong.
    """
    found = layered(checkout.thresholds_file, checkout.own_thresholds_file)
    return recovery_thresholds(
        found.content.get(RECOVERY, {}), file=found.name, faults=faults, scenarios=scenarios
    )


@dataclass(frozen=True)
class _Reader:
    """Turns the file's objects into thresholds; each error names its place."""

    file: str
    scenarios: tuple[str, ...]
    metrics: Mapping[str, MetricKind]

    def wrong(self, place: str, what: str) -> UsageFailure:
        return UsageFailure(f"{self.file}: {place}: {what}")

    def table(self, content: object, place: str) -> dict[str, object]:
        return typed(content, dict[str, object], file=self.file, place=place)

    def layer(self, content: dict[str, object], place: str, known: tuple[str, ...]) -> Layer:
        layer: dict[str, ThresholdsByStat] = {}
        for scenario, metrics in content.items():
            inner = join(place, scenario)
            if scenario not in known:
                raise self.wrong(inner, f"unknown scenario; {nearest(scenario, known)}")
            if scenario == HEALTH_CHECK:
                raise self.wrong(inner, "the health check has no thresholds: its checks decide")
            layer[scenario] = self.by_stat(self.table(metrics, inner), inner)
            if scenario == OBSERVE:
                self.expect_observable(layer[scenario], inner)
        return layer

    def expect_observable(self, thresholds: ThresholdsByStat, place: str) -> None:
        for threshold in thresholds.values():
            if threshold.kind.source not in OBSERVABLE:
                raise self.wrong(
                    join(place, threshold.metric),
                    "is not measured by --observe-only, which runs no k6: "
                    "use consumer_lag or a hop, such as hop_total",
                )

    def by_stat(self, content: dict[str, object], place: str) -> ThresholdsByStat:
        limits: dict[tuple[str, str], Threshold] = {}
        for key, stats in content.items():
            inner = join(place, key)
            kind, tags = self.selected(key, inner)
            for stat, limit in self.table(stats, inner).items():
                limits[key, stat] = self.threshold(kind, tags, stat, limit, join(inner, stat))
        return limits

    def selected(self, key: str, place: str) -> tuple[MetricKind, Tags]:
        """Return the metric and the tags that a key names."""
        try:
            metric, tags = parse_key(key)
        except SelectorError as error:
            raise self.wrong(place, str(error)) from error
        kind = self.metrics.get(metric)
        if kind is None:
            raise self.wrong(place, f"unknown metric; {nearest(metric, self.metrics)}")
        if tags and not kind.tagged:
            known = ", ".join(each.name for each in self.metrics.values() if each.tagged)
            raise self.wrong(place, f"{metric} has no tags; metrics with tags: {known}")
        return kind, tags

    def threshold(
        self, kind: MetricKind, tags: Tags, stat: str, content: object, place: str
    ) -> Threshold:
        stats = STATS[kind.type]
        if stat not in stats:
            raise self.wrong(place, f"unknown stat for a {kind.type}; {nearest(stat, stats)}")
        expression = self.expression(kind, stat, content, place)
        if kind.type is MetricType.RATE and not 0 < expression.limit < 1:
            raise self.wrong(
                place,
                "no number of samples can prove a rate of exactly 0 or 1: "
                "use a value between them, or a threshold on the count of an error counter",
            )
        if (kind.name, stat) == SUCCESS_RATE and expression.operator in _UPPER:
            raise self.wrong(
                place, "a success rate needs a lower bound: use a number, or 'rate>=0.9'"
            )
        return Threshold(kind, expression, tags)

    def expression(self, kind: MetricKind, stat: str, content: object, place: str) -> Expression:
        if isinstance(content, str):
            expression = parse_expression(content)
            if expression is None or expression.stat != stat:
                example = Expression(stat, Operator.BELOW, 0.5).k6
                raise self.wrong(
                    place,
                    f"{content!r} is not an expression for {stat}; use a form like {example!r}",
                )
            if not isfinite(expression.limit):
                raise self.wrong(place, f"{content!r} is not a finite number")
            return expression
        # A bool is an int in Python.
        if isinstance(content, bool) or not isinstance(content, int | float):
            raise self.wrong(place, "must be a number, or a string such as 'rate<0.001'")
        plain = Operator.AT_MOST if kind.better is Better.LOWER else Operator.AT_LEAST
        return Expression(stat, plain, float(content))
