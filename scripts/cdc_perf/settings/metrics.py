"""The metrics that a threshold can be set on: metrics.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import msgspec

from cdc_perf.settings.files import read_json, typed
from cdc_perf.settings.paths import Checkout

CONSUMER_LAG = "consumer_lag"
SLOT_RETAINED_BYTES = "slot_retained_bytes"
# Metrics of Java components, available only for the embedded stack.
LIVE_HEAP, OUTSIDE_HEAP = "heap_live_", "outside_heap_"


def of_jvm(metric: str) -> bool:
    """Return whether a metric is the memory of a JVM after a garbage collection."""
    return metric.startswith((LIVE_HEAP, OUTSIDE_HEAP))


class MetricType(StrEnum):
    """The types of metrics that support thresholds.

    The last two are unknown to k6. The harness samples a gauge of the stack once a second; the
    consumer counts a histogram over all events.
    """

    TREND = "trend"
    RATE = "rate"
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"

    @property
    def in_k6(self) -> bool:
        """Whether k6 measures metrics of this type."""
        return self not in (MetricType.GAUGE, MetricType.HISTOGRAM)


class Better(StrEnum):
    """Which direction is better; a plain number is an upper threshold for LOWER."""

    LOWER = "lower"
    HIGHER = "higher"


class Phase(StrEnum):
    """Which samples count: only those after the warm-up, or all."""

    STEADY = "steady"
    ALL = "all"


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: MetricType
    unit: str
    better: Better
    phase: Phase


@dataclass(frozen=True)
class MetricKind:
    """The description of a metric.

    Attributes:
        name: The metric's name.
        type: Its type.
        unit: The unit of its values: `ms`, `B` (bytes), or empty.
        better: The better direction.
        phase: The samples that a threshold is judged on.
    """

    name: str
    type: MetricType
    unit: str
    better: Better
    phase: Phase

    @property
    def k6_name(self) -> str:
        """The k6 metric or sub-metric of a threshold: `cdc_e2e_latency{phase:steady}`."""
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
