"""The records of the pipeline's topics over a window of offsets."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource
from confluent_kafka.cimpl import Message

from cdc_perf.errors import StackFailure
from cdc_perf.integrity.decoding import ChangeEvent, DeadLetter, dead_letter_of, event_of
from cdc_perf.integrity.records import Cut, TopicCut
from cdc_perf.settings.pipeline import Pipeline

# The first offset of each partition's window, by topic and partition; 0 for other partitions.
StartOffsets = Mapping[tuple[str, int], int]
_TIMEOUT_SECONDS = 5.0
# If no record arrives for this long, the broker will not deliver the rest.
_STALL_SECONDS = 10.0
# What the client and this module hold at most: records with schemas have kilobytes, others more.
_BATCH = 1000
_QUEUED_KB_PER_PARTITION = "8192"


@dataclass
class Span:
    """The offsets of a partition, and the number of records read.

    Attributes:
        first: The first offset that the partition still has.
        end: The offset after the last one.
        begin: The first offset of the window; None if unknown.
        records: The number of records of the window that were read.
    """

    first: int
    end: int
    begin: int | None
    records: int = 0


class Records:
    """The records of a window. After they were all read, `cuts` knows which ones are missing."""

    def __init__(self, topics: "Topics", begins: StartOffsets) -> None:
        self._topics = topics
        self._begins = begins
        self._spans: dict[tuple[str, int], Span] = {}

    def __iter__(self) -> Iterator[ChangeEvent | DeadLetter]:
        """Read the records from the start of the window."""
        return self._topics.records(self._begins, self._spans)

    def cuts(self) -> tuple[TopicCut, ...]:
        """Return the partitions that lost records of the window.

        A transactional producer uses offsets for markers that no consumer sees, so a gap in a topic
        that is not compacted proves nothing.
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
    """The topics of a pipeline.

    Attributes:
        bootstrap: The broker.
        pipeline: The tables; and the dead-letter topic, "" if it has none.
        client: Further settings of every Kafka client, with librdkafka's names: TLS and login.
    """

    bootstrap: str
    pipeline: Pipeline
    client: Mapping[str, str] = field(default_factory=dict)

    def ends(self) -> dict[tuple[str, int], int]:
        """Return the current end offset of each partition, including the dead-letter topic's.

        Raises:
            StackFailure: The broker does not answer, a topic does not exist, or a setting of the
                client is wrong.
        """
        with closing(self._consumer()) as consumer, _answering():
            return {key: end for key, (_, end) in self._marks(consumer).items()}

    def read(self, begins: StartOffsets) -> "Records":
        """Return the records from `begins` to the current ends; iterating reads them."""
        return Records(self, begins)

    def records(
        self, begins: StartOffsets, seen: "dict[tuple[str, int], Span]"
    ) -> Iterator[ChangeEvent | DeadLetter]:
        """Yield the records from `begins` to the current ends, and fill `seen`.

        Args:
            begins: The offsets to read the topics from.
            seen: Filled with the span of each partition.

        Raises:
            StackFailure: As for `ends`.
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
        """Return whether a topic may be compacted; True if unknown."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        settings: dict[str, str | int | float | bool] = {
            **self.client,
            "bootstrap.servers": self.bootstrap,
            "log_level": 0,
        }
        try:
            admin = AdminClient(settings)
            asked = admin.describe_configs([resource], request_timeout=_TIMEOUT_SECONDS)
            policy = asked[resource].result()["cleanup.policy"].value
        except (KafkaException, KeyError):
            return True
        return "compact" in str(policy)

    def _consumer(self) -> Consumer:
        settings = {
            "queued.max.messages.kbytes": _QUEUED_KB_PER_PARTITION,
            # Required by the client. Nothing is ever committed, so another name is harmless.
            "group.id": "cdc-integrity",
            **self.client,
            "bootstrap.servers": self.bootstrap,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
        try:
            return Consumer(settings)
        except KafkaException as error:
            raise StackFailure(_wrong_settings(self.client, error.args[0].str())) from None

    def _marks(self, consumer: Consumer) -> dict[tuple[str, int], tuple[int, int]]:
        names = [self.pipeline.topic(table) for table in self.pipeline.tables]
        found = consumer.list_topics(timeout=_TIMEOUT_SECONDS).topics
        marks = {}
        if dead_letters := self.pipeline.kafka.dead_letter_topic:
            names.append(dead_letters)
        for name in names:
            if name not in found:
                raise StackFailure(f"topic {name} does not exist", hint="start the stack: inv up")
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
    last_message_at = time.monotonic()
    left = sum(end - begin for begin, end in open_ones.values())
    while open_ones:
        # It waits for the number of records that it is asked for.
        for message in consumer.consume(min(_BATCH, left), timeout=0.1):
            if message.error() is not None:
                raise KafkaException(message.error())
            last_message_at = time.monotonic()
            span = open_ones.get((str(message.topic()), int(message.partition() or 0)))
            if span is not None and int(message.offset() or 0) < span[1]:
                yield message
        # By position, because a window may end in offsets without a record.
        at = consumer.position([TopicPartition(name, number) for name, number in open_ones])
        left = 0
        for place in at:
            begin, end = open_ones[place.topic, place.partition]
            if place.offset >= end:
                del open_ones[place.topic, place.partition]
            left += max(0, end - max(begin, place.offset))
        if time.monotonic() > last_message_at + _STALL_SECONDS:
            names = ", ".join(sorted({topic for topic, _ in open_ones}))
            raise StackFailure(f"Kafka returned no records of {names} for {_STALL_SECONDS:.0f} s")


def _wrong_settings(client: Mapping[str, str], why: str) -> str:
    """Return which settings the client refuses, without their values: they may be secrets."""
    # librdkafka's texts name the setting, and some have its value.
    named = [name for name in client if name in why]
    names = ", ".join(sorted(named or client)) or "its own settings"
    return f"the Kafka client does not accept {names}"


@contextmanager
def _answering() -> Iterator[None]:
    """Raise StackFailure if the broker does not answer."""
    try:
        yield
    except KafkaException as error:
        raise StackFailure(f"Kafka does not answer: {error.args[0].str()}") from None
