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
        "from the commit until Debezium has read it from the replication slot",
        "Debezium, which rests for poll.interval.ms when the slot is idle",
        _POSTGRES,
        _CONNECT,
    ),
    Hop(
        "debezium_to_kafka",
        "Debezium to Kafka",
        "in Debezium's queue, until Kafka Connect hands it to its producer",
        "Debezium, whose queue waits for poll.interval.ms",
        _CONNECT,
        _CONNECT,
    ),
    Hop(
        "kafka_to_consumer",
        "Kafka to consumer",
        "producer, broker and fetch, and the wait for a consumer that is still at its last batch",
        "the consumer, which takes records late, or Kafka",
        _CONNECT,
        _CONSUMER,
    ),
    Hop(
        "consumer_to_mongodb",
        "consumer to MongoDB",
        "from the consumer's poll until MongoDB has acknowledged the batch",
        "the consumer's writes to MongoDB",
        _CONSUMER,
        _CONSUMER,
    ),
)
TOTAL = Hop(
    "total",
    "commit to MongoDB",
    "all of it, of each event by itself",
    "the way as a whole",
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
