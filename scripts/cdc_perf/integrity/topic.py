"""The records of the pipeline's topics over a window of offsets."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource

from cdc_perf.integrity.records import Cut, TopicCut
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.change_events import ChangeEvent, DeadLetter, dead_letter_of, event_of
from cdc_perf.stack.topic_windows import (
    TIMEOUT_SECONDS,
    answering,
    messages,
    topic_consumer,
    windows_of,
)

# The first offset of each partition's window, by topic and partition; 0 for other partitions.
StartOffsets = Mapping[tuple[str, int], int]


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
        with closing(self._consumer()) as consumer, answering():
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
        with closing(self._consumer()) as consumer, answering():
            marks = self._marks(consumer)
            for key, (first, end) in marks.items():
                seen[key] = Span(first, end, begins.get(key))
            windows = {
                key: (max(first, begins.get(key, 0)), end) for key, (first, end) in marks.items()
            }
            for message in messages(consumer, windows):
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
            asked = admin.describe_configs([resource], request_timeout=TIMEOUT_SECONDS)
            policy = asked[resource].result()["cleanup.policy"].value
        except (KafkaException, KeyError):
            return True
        return "compact" in str(policy)

    def _consumer(self) -> Consumer:
        return topic_consumer(self.bootstrap, self.client)

    def _marks(self, consumer: Consumer) -> dict[tuple[str, int], tuple[int, int]]:
        names = [self.pipeline.topic(table) for table in self.pipeline.tables]
        if dead_letters := self.pipeline.kafka.dead_letter_topic:
            names.append(dead_letters)
        return windows_of(consumer, names)
