"""The time of each hop, for every event: geometric histograms that are cheap to update.

The bounds grow by 5% from 0.1 ms to 120 s, so a percentile from a histogram is accurate to 5% in
that range. prometheus_client's own Histogram searches its bounds linearly in Python, which costs
more than parsing an event with 288 of them; here an observation is one bisection.

Clocks: PostgreSQL's commit and Debezium's times are in microseconds. Kafka's timestamp (set by the
producer in Connect) is truncated to a millisecond, so the middle of that millisecond is used, and
the two hops that use it are accurate only to 0.5 ms. All times assume synchronized clocks. A
negative time, caused by a clock's resolution or error, counts as zero. A separate histogram has the
negative amounts, from which the true sum can be computed: a histogram's sum must not decrease, or
Prometheus takes it for a restart.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import Histogram
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from cdc_consumer.events import Event

HOPS: Final = (
    "source_to_debezium",
    "debezium_to_kafka",
    "kafka_to_consumer",
    "consumer_to_mongodb",
    "total",
)
RATIO: Final = 1.05
LOWEST_US: Final = 100.0
HIGHEST_US: Final = 120e6
# The first is the resolution of Kafka's timestamp; more than that means that a clock is off.
NEGATIVE_SECONDS: Final = (0.0005, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0)


def geometric(lowest: float, highest: float, ratio: float) -> tuple[float, ...]:
    """Return upper bounds from `lowest`, each `ratio` times the last, ending with `highest`."""
    bounds = [lowest]
    while bounds[-1] * ratio < highest:
        bounds.append(bounds[-1] * ratio)
    return (*bounds, highest)


BOUNDS_US: Final = geometric(LOWEST_US, HIGHEST_US, RATIO)


def durations(event: Event, acknowledged_us: int) -> Iterator[tuple[int, float]]:
    """Yield the hops of an event that have times, as index into HOPS and microseconds."""
    record = event.record
    kafka_us = record.timestamp_ms * 1000 + 500
    if event.debezium_us is not None:
        if event.source_us is not None:
            yield 0, event.debezium_us - event.source_us
        yield 1, kafka_us - event.debezium_us
    yield 2, record.consumed_us - kafka_us
    yield 3, acknowledged_us - record.consumed_us
    if event.source_us is not None:
        yield 4, acknowledged_us - event.source_us


class HopHistograms(Collector):
    """The histograms of each hop; callers hold a lock to write or read them.

    `cdc_consumer_hop_seconds{hop}` has every event. `cdc_consumer_hop_negative_seconds{hop}` has
    the events that arrived before they were sent, and by how much.
    """

    def __init__(self) -> None:
        self._counts = [[0] * (len(BOUNDS_US) + 1) for _ in HOPS]
        self._sums_us = [0.0] * len(HOPS)
        self._negative = Histogram(
            "cdc_consumer_hop_negative_seconds",
            "Amount by which a hop of an applied event was negative; the hop counts as zero.",
            ("hop",),
            buckets=NEGATIVE_SECONDS,
            registry=None,
        )
        for hop in HOPS:
            self._negative.labels(hop)

    def observe(self, events: Iterable[Event], acknowledged_us: int) -> None:
        """Count events that MongoDB acknowledged at this time (microseconds since the epoch)."""
        for event in events:
            for hop, duration_us in durations(event, acknowledged_us):
                self._counts[hop][bisect_left(BOUNDS_US, duration_us)] += 1
                if duration_us < 0:
                    self._negative.labels(HOPS[hop]).observe(-duration_us / 1e6)
                else:
                    self._sums_us[hop] += duration_us

    def collect(self) -> Iterable[Metric]:
        """Return the histograms in Prometheus' format: cumulative counts, in seconds."""
        family = HistogramMetricFamily(
            "cdc_consumer_hop_seconds",
            "Duration of each hop of every applied event, from the commit in PostgreSQL on.",
            labels=("hop",),
        )
        bounds = [*(f"{bound / 1e6:.6g}" for bound in BOUNDS_US), "+Inf"]
        for hop, row, total_us in zip(HOPS, self._counts, self._sums_us, strict=True):
            buckets = list(zip(bounds, accumulate(row), strict=True))
            family.add_metric([hop], buckets, total_us / 1e6)
        return [family, *self._negative.collect()]
