"""The metrics that a threshold can be set on: metrics.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import msgspec

from cdc_perf.settings.files import read_json, typed
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.tag_selector import Tags, with_tags

CONSUMER_LAG = "consumer_lag"
SLOT_RETAINED_BYTES = "slot_retained_bytes"


@dataclass(frozen=True)
class CommitSeries:
    """What the harness samples beside a metric that is exact only right after a commit.

    It has no threshold of its own.

    Attributes:
        confirmed: The metric in the samples that a commit confirms; no sample otherwise.
        seconds: The typical time between two commits so far.
    """

    confirmed: str
    seconds: str


COMMIT_SERIES: Mapping[str, CommitSeries] = MappingProxyType(
    {
        CONSUMER_LAG: CommitSeries("consumer_lag_confirmed", "consumer_commit_seconds"),
        SLOT_RETAINED_BYTES: CommitSeries("slot_retained_confirmed", "slot_commit_seconds"),
    }
)
# Metrics of Java components, available only for the embedded stack.
LIVE_HEAP, OUTSIDE_HEAP = "heap_live_", "outside_heap_"
# Each iteration of k6 counts once, with the tags of its change.
ITERATIONS = "iterations"
# Metrics of k6 about the load generator as a whole: no change of a row explains them.
_OF_GENERATOR = frozenset(("dropped_iterations", "generator_delay"))


def of_jvm(metric: str) -> bool:
    """Return whether a metric is the memory of a JVM after a garbage collection."""
    return metric.startswith((LIVE_HEAP, OUTSIDE_HEAP))


class Source(StrEnum):
    """What measures a metric: k6, or one that k6 does not know."""

    K6 = "k6"
    # The harness samples the components once a second.
    STACK = "stack"
    # The hops of all events: the consumer counts them, or they come from the topics' records.
    HOPS = "hops"
    # The data-loss check counts its findings, once per scenario.
    INTEGRITY = "integrity"
    # The rate that a breakpoint holds, once per scenario.
    BREAKPOINT = "breakpoint"
    # The recovery from a fault that the run injected. Its thresholds are in a section of their own.
    RECOVERY = "recovery"


class MetricType(StrEnum):
    """The types of metrics that support thresholds; the stats of a metric depend on its type."""

    TREND = "trend"
    RATE = "rate"
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Better(StrEnum):
    """Which direction is better; a plain number is an upper threshold for LOWER."""

    LOWER = "lower"
    HIGHER = "higher"


class Phase(StrEnum):
    """Which samples count: only those after the warm-up, or all."""

    STEADY = "steady"
    ALL = "all"


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: Source
    type: MetricType
    unit: str
    better: Better
    phase: Phase


@dataclass(frozen=True)
class MetricKind:
    """The description of a metric.

    Attributes:
        name: The metric's name.
        source: What measures it.
        type: Its type.
        unit: The unit of its values: `ms`, `B` (bytes), or empty.
        better: The better direction.
        phase: The samples that a threshold is judged on.
    """

    name: str
    source: Source
    type: MetricType
    unit: str
    better: Better
    phase: Phase

    @property
    def k6_tags(self) -> Tags:
        """The tags in k6 of the samples that a threshold is judged on."""
        return (("phase", Phase.STEADY),) if self.phase is Phase.STEADY else ()

    @property
    def k6_name(self) -> str:
        """The k6 metric or sub-metric of a threshold: `cdc_e2e_latency{phase:steady}`."""
        return with_tags(self.name, self.k6_tags)

    @property
    def tagged(self) -> bool:
        """Whether each sample belongs to an iteration, and so has the tags of its change."""
        return self.source is Source.K6 and self.name not in _OF_GENERATOR


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
        kinds[name] = MetricKind(
            name, entry.source, entry.type, entry.unit, entry.better, entry.phase
        )
    return MappingProxyType(kinds)
