"""Gauges of a stack under load: consumer lag, replication slot, CPU, and memory."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import psycopg

from cdc_perf.settings.metrics import (
    COMMIT_SERIES,
    CONSUMER_LAG,
    LIVE_HEAP,
    OUTSIDE_HEAP,
    SLOT_RETAINED_BYTES,
)
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.backend import JvmMemory
from cdc_perf.stack.commits import CommitTracker, K, Position
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.lag import ConsumerLag
from cdc_perf.stack.source import RetainedBytes
from cdc_perf.stack.usage import Usage, usage_of
from cdc_perf.waiting import NotReady


class Gauges:
    """Reads the gauges of one stack, over connections that it keeps open."""

    def __init__(
        self,
        pipeline: Pipeline,
        endpoints: Endpoints,
        usage: Callable[[], Mapping[str, Usage]],
        collected: Callable[[], Mapping[str, JvmMemory]] = dict,
    ) -> None:
        self._usage = usage
        self._collected = collected
        self._jvms: Mapping[str, JvmMemory] = {}
        self._next_collection = 0.0
        self._collecting: threading.Thread | None = None
        # Without a consumer group there is no lag to read.
        self._lag = (
            ConsumerLag(endpoints.kafka_bootstrap, pipeline, endpoints.kafka_client)
            if pipeline.consumer_group
            else None
        )
        self._retained = RetainedBytes(endpoints.postgres_dsn, pipeline.postgres.slot)
        self._commits = {metric: CommitTracker() for metric in COMMIT_SERIES}
        # It commits right after each write.
        if pipeline.consumer is not None:
            del self._commits[CONSUMER_LAG]
        self._before: dict[str, Usage] = {}

    def read(
        self, others: Mapping[str, int], collect_seconds: float | None = None
    ) -> dict[str, float]:
        """Return the current values by metric, without those that cannot be read now.

        The metrics are `consumer_lag` in events, `slot_retained_bytes`, the `CommitSeries` of both
        (without that of cdc-consumer's lag), and for each component
        `memory_<name>` in bytes and `cpu_<name>` in cores, the mean since the last reading. A JVM
        that collects on request also has `heap_live_<name>` and `outside_heap_<name>` in bytes, as
        of its last collection.

        Args:
            others: Process ids, by name, of other programs on this machine to measure.
            collect_seconds: Interval of the JVMs' full collections; None: request none.
        """
        values: dict[str, float] = {}
        with suppress(NotReady):
            if self._lag is not None:
                values |= self._committed(CONSUMER_LAG, self._lag.positions())
        with suppress(NotReady, psycopg.Error):
            values |= self._committed(SLOT_RETAINED_BYTES, {"slot": self._retained.read()})
        for name, usage in {**self._usage(), **usage_of(others)}.items():
            values[f"memory_{name}"] = usage.memory
            processors = self._processors(name, usage)
            if processors is not None:
                values[f"cpu_{name}"] = processors
        if collect_seconds is not None:
            values |= self._memory_of_jvms(collect_seconds)
        return values

    def _committed(self, metric: str, positions: Mapping[K, Position]) -> dict[str, float]:
        """Return what is behind the commits, and which of it is confirmed."""
        values: dict[str, float] = {metric: sum(each.behind for each in positions.values())}
        if metric in self._commits:
            found = self._commits[metric].observe(time.monotonic(), positions)
            values[COMMIT_SERIES[metric].seconds] = found.commit_seconds
            if found.behind is not None:
                values[COMMIT_SERIES[metric].confirmed] = found.behind
        return values

    def _memory_of_jvms(self, collect_seconds: float) -> dict[str, float]:
        now = time.monotonic()
        busy = self._collecting is not None and self._collecting.is_alive()
        if now >= self._next_collection and not busy:
            self._next_collection = now + collect_seconds
            # In its own thread: a slow collection must not leave a gap in the other gauges.
            self._collecting = threading.Thread(target=self._collect, daemon=True)
            self._collecting.start()
        return {
            metric: float(value)
            for name, memory in self._jvms.items()
            for metric, value in (
                (f"{LIVE_HEAP}{name}", memory.live_heap),
                (f"{OUTSIDE_HEAP}{name}", memory.outside_heap),
            )
        }

    def _collect(self) -> None:
        self._jvms = self._collected()

    def _processors(self, name: str, usage: Usage) -> float | None:
        """Return the mean CPU use in cores since the last sample.

        None for the first sample, after a restart, or if the source has no newer sample.
        """
        before = self._before.get(name)
        self._before[name] = usage
        if before is None or usage.cpu_seconds < before.cpu_seconds or usage.at <= before.at:
            return None
        return (usage.cpu_seconds - before.cpu_seconds) / (usage.at - before.at)

    def close(self) -> None:
        """Close the connection to PostgreSQL.

        Not the one to Kafka: a thread may still wait for the broker, and Kafka's client must not be
        closed while a thread uses it.
        """
        self._retained.close()
