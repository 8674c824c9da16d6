"""What a stack shows of itself under load: lag, replication slot, processors and memory."""

from collections.abc import Callable, Mapping
from contextlib import suppress

import psycopg

from scripts.settings.metrics import CONSUMER_LAG, SLOT_RETAINED_BYTES
from scripts.settings.pipeline import Pipeline
from scripts.stack.endpoints import Endpoints
from scripts.stack.lag import ConsumerLag
from scripts.stack.source import RetainedBytes
from scripts.stack.usage import Usage, usage_of
from scripts.waiting import NotReady


class Gauges:
    """Reads the gauges of one stack; each costs a question or two, and connections are kept."""

    def __init__(
        self,
        pipeline: Pipeline,
        endpoints: Endpoints,
        usage: Callable[[], Mapping[str, Usage]],
    ) -> None:
        self._usage = usage
        self._lag = ConsumerLag(endpoints.kafka_bootstrap, pipeline)
        self._retained = RetainedBytes(endpoints.postgres_dsn, pipeline.postgres.slot)
        self._before: dict[str, Usage] = {}

    def read(self, others: Mapping[str, int]) -> dict[str, float]:
        """Return what can be read now, by metric; what does not answer is left out.

        `consumer_lag` in events, `slot_retained_bytes`, and of every component `memory_<name>` in
        bytes and `cpu_<name>` in processors, which is the mean since the last reading.

        Args:
            others: Process ids, by name, of what runs on this machine beside the stack.
        """
        values: dict[str, float] = {}
        with suppress(NotReady):
            values[CONSUMER_LAG] = self._lag.read()
        with suppress(NotReady, psycopg.Error):
            values[SLOT_RETAINED_BYTES] = self._retained.read()
        for name, usage in {**self._usage(), **usage_of(others)}.items():
            values[f"memory_{name}"] = usage.memory
            processors = self._processors(name, usage)
            if processors is not None:
                values[f"cpu_{name}"] = processors
        return values

    def _processors(self, name: str, usage: Usage) -> float | None:
        """Return the mean since the last sample.

        None for the first one, after a restart, and where the source has no newer one yet.
        """
        before = self._before.get(name)
        self._before[name] = usage
        if before is None or usage.cpu_seconds < before.cpu_seconds or usage.at <= before.at:
            return None
        return (usage.cpu_seconds - before.cpu_seconds) / (usage.at - before.at)

    def close(self) -> None:
        """Close the connection to PostgreSQL.

        Not the one to Kafka: a thread may still wait for its broker, and Kafka's client may
        not be closed under it.
        """
        self._retained.close()
