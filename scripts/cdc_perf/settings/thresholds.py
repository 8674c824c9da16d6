"""Thresholds, with those of an environment over those of the scenarios."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.expressions import GROWTH, Expression, Operator
from cdc_perf.settings.metrics import MetricKind, MetricType, Source
from cdc_perf.settings.names import nearest
from cdc_perf.settings.samples import samples_needed
from cdc_perf.settings.scenarios import HEALTH_CHECK, OBSERVE
from cdc_perf.settings.tag_selector import FAULT, PHASE, Tags, with_tags

DEFAULT = "default"
# What is measured without k6.
OBSERVABLE = frozenset((Source.STACK, Source.HOPS, Source.INTEGRITY))


@dataclass(frozen=True)
class Threshold:
    """One threshold on one stat of one metric.

    Attributes:
        kind: The metric.
        expression: The threshold in k6's form.
        tags: The tags of the samples that it is about, by name in the order of `TAGS`; empty for
            all samples.
    """

    kind: MetricKind
    expression: Expression
    tags: Tags = ()

    @property
    def metric(self) -> str:
        """The key in thresholds.json: `cdc_e2e_latency`, `cdc_e2e_latency{operation:update}`."""
        return with_tags(self.kind.name, self.tags)

    @property
    def stat(self) -> str:
        """The stat in this project's spelling: `p95`."""
        return self.expression.stat

    @property
    def operator(self) -> Operator:
        """The comparison that must hold."""
        return self.expression.operator

    @property
    def limit(self) -> float:
        """The number, in the metric's unit."""
        return self.expression.limit

    @property
    def unit(self) -> str:
        """The unit of the number, such as `ms`; for a growth, the metric's unit per hour."""
        return unit_of_stat(self.stat, self.kind.unit)

    @property
    def of_faults(self) -> bool:
        """Whether it is about the time from each fault to the recovery, not about the rest."""
        return (PHASE, FAULT) in self.tags

    @property
    def selected(self) -> Tags:
        """The tags in k6 of the samples that it is about, without the phase."""
        return tuple(tag for tag in self.tags if tag[0] != PHASE)

    @property
    def k6_metric(self) -> str:
        """The metric or sub-metric in k6: `cdc_e2e_latency{phase:steady,operation:update}`."""
        phase = () if self.of_faults else self.kind.k6_tags
        return with_tags(self.kind.name, (*phase, *self.selected))

    @property
    def k6_expression(self) -> str:
        """The exact expression for k6: `p(95)<=2000`."""
        return self.expression.k6

    @property
    def samples_needed(self) -> int:
        """The least number of samples to judge this threshold."""
        return samples_needed(self.kind.type, self.stat, self.limit)

    @property
    def share(self) -> float | None:
        """The share of samples below the percentile, 0 to 1; None for other stats."""
        return self.expression.share

    @property
    def in_k6(self) -> bool:
        """Whether k6 evaluates it too: not a count of a trend, nor the time of faults."""
        counted = self.kind.type is MetricType.TREND and self.stat == "count"
        return self.kind.source is Source.K6 and not counted and not self.of_faults

    def holds(self, observed: float) -> bool:
        """Return whether `observed`, in the metric's unit, meets the threshold."""
        return self.operator.holds(observed, self.limit)


def unit_of_stat(stat: str, unit: str) -> str:
    """Return the unit of a stat of a metric with that unit; of a growth it is per hour."""
    return f"{unit}/h" if stat == GROWTH else unit


# Keyed by (metric with its tags, stat): a later layer replaces an earlier threshold on the same
# stat.
ThresholdsByStat = Mapping[tuple[str, str], Threshold]
# Keyed by `default` or scenario.
Layer = Mapping[str, ThresholdsByStat]


@dataclass(frozen=True)
class ThresholdTable:
    """All validated thresholds of thresholds.json.

    Attributes:
        scenarios: The thresholds of `default` and of each scenario.
        environments: The same for each environment.
    """

    scenarios: Layer
    environments: Mapping[str, Layer]

    def thresholds_of(self, scenario: str, environment: str = "") -> tuple[Threshold, ...]:
        """Return the thresholds of one scenario, in an environment if one is named.

        Later ones replace earlier ones: `default`, the scenario, the environment's `default`, the
        environment's scenario. The health check has none because its checks judge it. Of `default`,
        what k6 measures does not apply to an observation.

        Raises:
            UsageFailure: There is no such environment.
        """
        layers = [self.scenarios]
        if environment:
            if environment not in self.environments:
                raise UsageFailure(
                    f"--env: thresholds.json has no environment {environment!r}; "
                    f"{nearest(environment, self.environments)}"
                )
            layers.append(self.environments[environment])
        if scenario == HEALTH_CHECK:
            return ()
        limits: dict[tuple[str, str], Threshold] = {}
        for layer in layers:
            limits |= layer.get(DEFAULT, {})
            limits |= layer.get(scenario, {})
        if scenario == OBSERVE:
            return tuple(x for x in limits.values() if x.kind.source in OBSERVABLE)
        return tuple(limits.values())
