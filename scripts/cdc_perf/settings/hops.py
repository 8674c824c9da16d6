"""The hops of a change from its commit to the sink, in two sequences.

cdc-consumer counts those up to its document. Without it, they come from the records of the topics,
and from k6, which sees the change in the sink (`integrity/record_hops.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cdc_perf.settings.metrics import MetricKind

_PREFIX = "hop_"


@dataclass(frozen=True)
class Hop:
    """One step of the pipeline.

    Attributes:
        name: The name in hops.json; of those that cdc-consumer counts, its label.
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


@dataclass(frozen=True)
class HopSequence:
    """The hops of one kind of pipeline.

    Attributes:
        hops: The consecutive hops, in order.
        total: All of them together.
    """

    hops: tuple[Hop, ...]
    total: Hop

    @property
    def all(self) -> tuple[Hop, ...]:
        """The hops in the order of hops.json: the total is last."""
        return (*self.hops, self.total)


_POSTGRES, _CONNECT, _CONSUMER = "PostgreSQL", "Kafka Connect", "the consumer"
# Connect's clock, or the broker's (message.timestamp.type): the records tell which, a hop does not.
_TIMESTAMPS, _K6 = "the record timestamps", "k6"

_SOURCE_TO_DEBEZIUM = Hop(
    "source_to_debezium",
    "PostgreSQL to Debezium",
    "from the commit until Debezium reads it from the replication slot",
    "Debezium's poll.interval.ms: Debezium pauses that long when the slot is idle",
    _POSTGRES,
    _CONNECT,
)

CONSUMER_HOPS = HopSequence(
    (
        _SOURCE_TO_DEBEZIUM,
        Hop(
            "debezium_to_kafka",
            "Debezium to Kafka",
            "in Debezium's queue, until Kafka Connect passes it to its producer",
            "Debezium's max.batch.size and poll.interval.ms: its queue waits that long for so many "
            "changes",
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
    ),
    Hop(
        "total",
        "commit to MongoDB",
        "all hops, measured for each event",
        "the whole pipeline",
        _POSTGRES,
        _CONSUMER,
    ),
)
RECORD_HOPS = HopSequence(
    (
        _SOURCE_TO_DEBEZIUM,
        Hop(
            "debezium_to_kafka",
            "Debezium to Kafka",
            "in Debezium's queue, until the record gets its timestamp: from Kafka Connect's "
            "producer, or with message.timestamp.type=LogAppendTime from the broker, after "
            "producer, network, and append",
            "Debezium's max.batch.size and poll.interval.ms: its queue waits that long for so many "
            "changes",
            _CONNECT,
            _TIMESTAMPS,
        ),
        Hop(
            "kafka_to_sink",
            "Kafka to sink",
            "from the record's timestamp until k6 sees the change in the sink; only changes that "
            "k6 waited for",
            "how often the sink connector polls, and its writes to the sink",
            _TIMESTAMPS,
            _K6,
        ),
    ),
    Hop(
        "total",
        "commit to sink",
        "all hops, measured for each change that k6 waited for",
        "the whole pipeline",
        _POSTGRES,
        _K6,
    ),
)
HOPS, TOTAL, ALL_HOPS = CONSUMER_HOPS.hops, CONSUMER_HOPS.total, CONSUMER_HOPS.all
# The hops that only one of the sequences has.
_OF_RECORDS_ALONE = frozenset(hop.name for hop in RECORD_HOPS.all).difference(
    hop.name for hop in CONSUMER_HOPS.all
)


def sequence_of(measured: Iterable[str], note: str = "") -> HopSequence:
    """Return the sequence that measured hops are of.

    Args:
        measured: Their names. Without a hop that tells, it is the consumer's.
        note: Whose clocks the times are by, which only hops of records have; these may lack the
            hops that tell.
    """
    of_consumer = not note and _OF_RECORDS_ALONE.isdisjoint(measured)
    return CONSUMER_HOPS if of_consumer else RECORD_HOPS


def hop_of(kind: MetricKind, sequence: HopSequence = CONSUMER_HOPS) -> Hop:
    """Return the hop that a metric measures: that of the sequence, else of the other one.

    Raises:
        KeyError: The metric is not a hop.
    """
    hops = (*CONSUMER_HOPS.all, *RECORD_HOPS.all, *sequence.all)
    return {hop.metric: hop for hop in hops}[kind.name]
