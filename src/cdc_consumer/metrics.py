"""The consumer's metrics for Prometheus, counted once per batch, after MongoDB's acknowledgment.

Each record that is read counts in exactly one of events, stale events, tombstones, and dead
letters. Hops are observed for all applied events, even if a later event of the same batch overwrote
them. A stale event's state was visible before, so its delay would be meaningless.
"""

import threading
from collections import Counter as Tally
from collections.abc import Callable, Iterable
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cdc_consumer.events import OPS, Reason, Rejection
from cdc_consumer.hops import HopHistograms
from cdc_consumer.sink import Acknowledged

Lag = Callable[[], Iterable[tuple[str, int, int]]]
BATCH_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class LagGauge(Collector):
    """`cdc_consumer_lag{topic,partition}`, computed when Prometheus scrapes."""

    def __init__(self, lag: Lag) -> None:
        self._lag = lag

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the lag of each assigned partition whose end is known."""
        family = GaugeMetricFamily(
            "cdc_consumer_lag",
            "Records in the partition that MongoDB has not acknowledged yet.",
            labels=("topic", "partition"),
        )
        for topic, partition, lag in self._lag():
            family.add_metric([topic, str(partition)], lag)
        return [family]


class Metrics:
    """The consumer's metrics, in their own registry; one thread counts, another reads."""

    def __init__(self, collections: Iterable[str], lag: Lag) -> None:
        self._lock = threading.Lock()
        self.registry = CollectorRegistry()
        # Its start time tells readers that the counters restarted.
        ProcessCollector(registry=self.registry)
        self.hops = HopHistograms()
        self.registry.register(self.hops)
        self.registry.register(LagGauge(lag))
        self._events = Counter(
            "cdc_consumer_events",
            "Events applied to MongoDB.",
            ("collection", "op"),
            registry=self.registry,
        )
        self._stale = Counter(
            "cdc_consumer_stale_events",
            "Replays: events that are not newer than the document and change nothing.",
            registry=self.registry,
        )
        self._tombstones = Counter(
            "cdc_consumer_tombstones",
            "Records without a value, which follow deletes and are skipped.",
            registry=self.registry,
        )
        self._dead_letters = Counter(
            "cdc_consumer_dead_letters",
            "Records that can never be applied, sent to the dead-letter topic.",
            ("reason",),
            registry=self.registry,
        )
        # Debezium turns a changed key into a delete and an insert, and PostgreSQL does not repeat a
        # TOASTed value for it. So the value is unknown here, as for an update of a row whose
        # document does not exist. REPLICA IDENTITY FULL would send it.
        self._incomplete = Counter(
            "cdc_consumer_incomplete_events",
            "Events that created a document without a column: a TOASTed value was not sent.",
            registry=self.registry,
        )
        self._retries = Counter(
            "cdc_consumer_write_retries",
            "Retries after a transient failure.",
            registry=self.registry,
        )
        self._batch_size = Histogram(
            "cdc_consumer_batch_size",
            "Records per batch.",
            buckets=BATCH_SIZES,
            registry=self.registry,
        )
        for collection in collections:
            for op in OPS:
                self._events.labels(collection, op)
        for reason in get_args(Reason):
            self._dead_letters.labels(reason)

    def exposition(self) -> bytes:
        """Return the metrics in Prometheus' format, with no batch counted in part."""
        with self._lock:
            return generate_latest(self.registry)

    def batch(
        self,
        size: int,
        *,
        applied: Iterable[Acknowledged],
        stale: int,
        tombstones: int,
        incomplete: int,
        rejections: Iterable[Rejection],
    ) -> None:
        """Count a finished batch, and observe the hops of its applied events.

        Args:
            size: The number of records.
            applied: The events that MongoDB acknowledged.
            stale: The number of replays.
            tombstones: The number of records without a value.
            incomplete: The number of events that made a document without one of the row's columns.
            rejections: The records in the dead-letter topic.
        """
        with self._lock:
            self._batch_size.observe(size)
            self._stale.inc(stale)
            self._tombstones.inc(tombstones)
            self._incomplete.inc(incomplete)
            for group in applied:
                self.hops.observe(group.events, group.at_us)
                tally = Tally((event.collection, event.op) for event in group.events)
                for (collection, op), count in tally.items():
                    self._events.labels(collection, op).inc(count)
            for rejection in rejections:
                self._dead_letters.labels(rejection.reason).inc()

    def retried(self) -> None:
        """Count a retry."""
        self._retries.inc()
