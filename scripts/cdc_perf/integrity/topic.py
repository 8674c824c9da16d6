"""The records of the pipeline's topics over a window of offsets."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource
from confluent_kafka.cimpl import Message

from cdc_perf.errors import StackFailure
from cdc_perf.integrity.decoding import ChangeEvent, DeadLetter, dead_letter_of, event_of
from cdc_perf.integrity.records import Cut, TopicCut
from cdc_perf.settings.pipeline import Pipeline

# The offset at which each partition's window begins, by topic and partition; others begin at 0.
StartOffsets = Mapping[tuple[str, int], int]
_TIMEOUT_SECONDS = 5.0
# Without a single record for so long, the broker is not going to give the rest.
_STALL_SECONDS = 10.0
_BATCH = 5000


@dataclass
class Span:
    """What a partition holds, and how much of it was read.

    Attributes:
        first: The first offset that it still has.
        end: The offset after the last one.
        begin: Where the window begins; None if it is unknown.
        records: How many records of the window were read.
    """

    first: int
    end: int
    begin: int | None
    records: int = 0


class Records:
    """The records of a window. Once they were all read, it is known which are gone."""

    def __init__(self, topics: "Topics", begins: StartOffsets) -> None:
        self._topics = topics
        self._begins = begins
        self._spans: dict[tuple[str, int], Span] = {}

    def __iter__(self) -> Iterator[ChangeEvent | DeadLetter]:
        """Read the records, from the first of the window on."""
        return self._topics.records(self._begins, self._spans)

    def cuts(self) -> tuple[TopicCut, ...]:
        """Return the partitions of which records of the window are gone.

        A transactional producer takes offsets for markers that no consumer sees, so a gap alone
        says nothing about a topic that is not compacted.
        """
        found = []
        for (topic, partition), span in self._spans.items():
            if span.begin is None:
                continue
            gone = span.end - span.begin - span.records
            if span.end < span.begin:
                why, gone = Cut.RECREATED, span.begin - span.end
            elif span.first > span.begin:
                why = Cut.RETENTION
            elif gone > 0 and self._topics.compacted(topic):
                why = Cut.COMPACTION
            else:
                continue
            found.append(TopicCut(topic=topic, partition=partition, why=why, offsets=gone))
        return tuple(found)


@dataclass(frozen=True)
class Topics:
    """The topics of a pipeline."""

    bootstrap: str
    pipeline: Pipeline

    def ends(self) -> dict[tuple[str, int], int]:
        """Return where each partition ends now, the dead-letter topic's too.

        Raises:
            StackFailure: The broker does not answer, or a topic is not there.
        """
        with closing(self._consumer()) as consumer, _answering():
            return {key: end for key, (_, end) in self._marks(consumer).items()}

    def read(self, begins: StartOffsets) -> "Records":
        """Return the records from `begins` to the present ends; they are read by iterating."""
        return Records(self, begins)

    def records(
        self, begins: StartOffsets, seen: "dict[tuple[str, int], Span]"
    ) -> Iterator[ChangeEvent | DeadLetter]:
        """Yield the records from `begins` to the present ends, and note what of it was there.

        Args:
            begins: Where the topics are read from.
            seen: Filled with the span of each partition.

        Raises:
            StackFailure: The broker does not answer, or a topic is not there.
        """
        tables = {self.pipeline.topic(table): table for table in self.pipeline.tables}
        with closing(self._consumer()) as consumer, _answering():
            marks = self._marks(consumer)
            for key, (first, end) in marks.items():
                seen[key] = Span(first, end, begins.get(key))
            windows = {
                key: (max(first, begins.get(key, 0)), end) for key, (first, end) in marks.items()
            }
            for message in _messages(consumer, windows):
                seen[str(message.topic()), int(message.partition() or 0)].records += 1
                table = tables.get(str(message.topic()))
                yield event_of(message, table) if table else dead_letter_of(message, tables)

    def compacted(self, topic: str) -> bool:
        """Return whether a topic may be compacted; True if the broker does not say."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        try:
            asked = admin.describe_configs([resource], request_timeout=_TIMEOUT_SECONDS)
            policy = asked[resource].result()["cleanup.policy"].value
        except (KafkaException, KeyError):
            return True
        return "compact" in str(policy)

    def _consumer(self) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "cdc-integrity",  # it is asked for; nothing is ever committed
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "log_level": 0,
            }
        )

    def _marks(self, consumer: Consumer) -> dict[tuple[str, int], tuple[int, int]]:
        names = [self.pipeline.topic(table) for table in self.pipeline.tables]
        found = consumer.list_topics(timeout=_TIMEOUT_SECONDS).topics
        marks = {}
        for name in (*names, self.pipeline.kafka.dead_letter_topic):
            if name not in found:
                raise StackFailure(f"there is no topic {name}", hint="start the stack: inv up")
            for number in found[name].partitions:
                partition = TopicPartition(name, number)
                low, high = consumer.get_watermark_offsets(partition, timeout=_TIMEOUT_SECONDS)
                marks[name, number] = (low, high)
        return marks


def _messages(
    consumer: Consumer, windows: Mapping[tuple[str, int], tuple[int, int]]
) -> Iterator[Message]:
    """Yield the records within the windows, in the order of their offsets."""
    open_ones = {key: span for key, span in windows.items() if span[0] < span[1]}
    consumer.assign([TopicPartition(key[0], key[1], span[0]) for key, span in open_ones.items()])
    heard = time.monotonic()
    left = sum(end - begin for begin, end in open_ones.values())
    while open_ones:
        # It waits for as many as it is asked for.
        for message in consumer.consume(min(_BATCH, left), timeout=0.1):
            if message.error() is not None:
                raise KafkaException(message.error())
            heard = time.monotonic()
            span = open_ones.get((str(message.topic()), int(message.partition() or 0)))
            if span is not None and int(message.offset() or 0) < span[1]:
                yield message
        # By position: a window may end in offsets that were taken by no record.
        at = consumer.position([TopicPartition(name, number) for name, number in open_ones])
        left = 0
        for place in at:
            begin, end = open_ones[place.topic, place.partition]
            if place.offset >= end:
                del open_ones[place.topic, place.partition]
            left += max(0, end - max(begin, place.offset))
        if time.monotonic() > heard + _STALL_SECONDS:
            names = ", ".join(sorted({topic for topic, _ in open_ones}))
            raise StackFailure(f"the broker does not give the records of {names}")


@contextmanager
def _answering() -> Iterator[None]:
    """Tell a broker that does not answer as a failure of the stack."""
    try:
        yield
    except KafkaException as error:
        raise StackFailure(f"the broker does not answer: {error.args[0].str()}") from None
