"""The hops of a change from its commit to its document, with the consumer's names."""

from dataclasses import dataclass

from cdc_perf.settings.metrics import MetricKind

_PREFIX = "hop_"


@dataclass(frozen=True)
class Hop:
    """One step of the pipeline.

    Attributes:
        name: The consumer's label.
        title: The name in output.
        meaning: What happens in it.
        points_at: Where to look if it is slow.
        sender: The component whose clock gives its start.
        receiver: The component whose clock gives its end.
    """

    name: str
    title: str
    meaning: str
    points_at: str
    sender: str
    receiver: str

    @property
    def metric(self) -> str:
        """The metric name for thresholds."""
        return f"{_PREFIX}{self.name}"

    @property
    def clocks(self) -> tuple[str, ...]:
        """The two clocks that must agree, or () if one clock gives both ends."""
        return () if self.sender == self.receiver else (self.sender, self.receiver)


_POSTGRES, _CONNECT, _CONSUMER = "PostgreSQL", "Kafka Connect", "the consumer"

HOPS = (
    Hop(
        "source_to_debezium",
        "PostgreSQL to Debezium",
        "from the commit until Debezium reads it from the replication slot",
        "Debezium's poll.interval.ms: Debezium pauses that long when the slot is idle",
        _POSTGRES,
        _CONNECT,
    ),
    Hop(
        "debezium_to_kafka",
        "Debezium to Kafka",
        "in Debezium's queue, until Kafka Connect passes it to its producer",
        "Debezium's poll.interval.ms: its queue waits that long",
        _CONNECT,
        _CONNECT,
    ),
    Hop(
        "kafka_to_consumer",
        "Kafka to consumer",
        "producer, broker, and fetch, and the wait while the consumer applies its last batch",
        "whether the consumer fetches late, then Kafka",
        _CONNECT,
        _CONSUMER,
    ),
    Hop(
        "consumer_to_mongodb",
        "consumer to MongoDB",
        "from the consumer's poll until MongoDB acknowledges the batch",
        "the consumer's writes to MongoDB",
        _CONSUMER,
        _CONSUMER,
    ),
)
TOTAL = Hop(
    "total",
    "commit to MongoDB",
    "all hops, measured for each event",
    "the whole pipeline",
    _POSTGRES,
    _CONSUMER,
)
ALL_HOPS = (*HOPS, TOTAL)


def hop_of(kind: MetricKind) -> Hop:
    """Return the hop that a metric measures.

    Raises:
        KeyError: The consumer does not measure the metric.
    """
    return {hop.metric: hop for hop in ALL_HOPS}[kind.name]
