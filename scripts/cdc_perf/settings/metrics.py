"""The metrics that a limit can be set on: metrics.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import msgspec

from cdc_perf.settings.files import read_json, typed
from cdc_perf.settings.paths import Checkout

CONSUMER_LAG = "consumer_lag"
SLOT_RETAINED_BYTES = "slot_retained_bytes"
# Of a Java component; known of the embedded stack alone.
LIVE_HEAP, OUTSIDE_HEAP = "heap_live_", "outside_heap_"


def of_jvm(metric: str) -> bool:
    """Whether a metric is on the memory of a JVM after a collection."""
    return metric.startswith((LIVE_HEAP, OUTSIDE_HEAP))


class MetricType(StrEnum):
    """k6's types of metric, as far as limits are set on them.

    k6 knows nothing of the last two, which are the stack's: a gauge is sampled by the harness once
    a second, a histogram is counted by the consumer over every event.
    """

    TREND = "trend"
    RATE = "rate"
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"

    @property
    def in_k6(self) -> bool:
        """Whether k6 measures metrics of that type."""
        return self not in (MetricType.GAUGE, MetricType.HISTOGRAM)


class Better(StrEnum):
    """Which direction is the good one; a plain limit is an upper one for LOWER."""

    LOWER = "lower"
    HIGHER = "higher"


class Phase(StrEnum):
    """Which samples count: those after the warm-up, or all."""

    STEADY = "steady"
    ALL = "all"


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: MetricType
    unit: str
    better: Better
    phase: Phase


@dataclass(frozen=True)
class MetricKind:
    """What a metric is.

    Attributes:
        name: The metric's name.
        type: k6's type.
        unit: The unit of its values: `ms`, `B` (bytes), nothing.
        better: The good direction.
        phase: The samples that a limit is judged on.
    """

    name: str
    type: MetricType
    unit: str
    better: Better
    phase: Phase

    @property
    def k6_name(self) -> str:
        """The metric or sub-metric that carries a limit: `cdc_e2e_latency{phase:steady}`."""
        return f"{self.name}{{phase:steady}}" if self.phase is Phase.STEADY else self.name


def load_metrics(checkout: Checkout) -> Mapping[str, MetricKind]:
    """Return the metrics of metrics.json by name.

    Raises:
        UsageFailure: The file is missing or wrong.
    """
    path = checkout.metrics_file
    entries = typed(read_json(path), dict[str, object], file=path.name)
    kinds = {}
    for name, content in entries.items():
        entry = typed(content, _Entry, file=path.name, place=name)
        kinds[name] = MetricKind(name, entry.type, entry.unit, entry.better, entry.phase)
    return MappingProxyType(kinds)
