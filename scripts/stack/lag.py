"""How far the consumer is behind, as the broker sees it."""

from collections.abc import Sequence

from confluent_kafka import (
    OFFSET_INVALID,
    ConsumerGroupTopicPartitions,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from scripts.settings.pipeline import Pipeline
from scripts.waiting import NotReady

_TIMEOUT_SECONDS = 2.0
_EARLIEST = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]


class ConsumerLag:
    """Asks a broker for the consumer's lag, whether the consumer runs or not."""

    def __init__(self, bootstrap: str, pipeline: Pipeline) -> None:
        self._bootstrap = bootstrap
        self._group = pipeline.kafka.consumer_group
        self._topics = [pipeline.topic(table) for table in pipeline.tables]
        self._partitions: list[TopicPartition] = []
        # Quiet: the broker may be killed under the test, which the gates tell.
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})

    def read(self) -> int:
        """Return how many events of the pipeline's topics the consumer's group has not committed.

        The group's offsets are asked for before the ends of the partitions, so that what comes in
        between counts as lag. A partition without a committed offset is read from its beginning.

        Raises:
            NotReady: The broker does not answer, or a topic is not there.
        """
        try:
            committed = self._committed(self._assigned())
            unread = [p for p in committed if p.offset == OFFSET_INVALID]
            begins = self._offsets(unread, _EARLIEST) if unread else {}
            ends = self._offsets(committed, _LATEST)
        except KafkaException as error:
            raise NotReady(f"the broker does not tell the lag: {error.args[0].str()}") from None
        reached = {_key(p): begins.get(_key(p), p.offset) for p in committed}
        return sum(max(0, end - reached[key]) for key, end in ends.items())

    def _assigned(self) -> list[TopicPartition]:
        if not self._bootstrap:
            raise NotReady("no address of a broker was given")
        if not self._partitions:
            known = self._admin.list_topics(timeout=_TIMEOUT_SECONDS).topics
            if missing := [topic for topic in self._topics if topic not in known]:
                raise NotReady(f"there is no topic {missing[0]}")
            self._partitions = [
                TopicPartition(topic, partition)
                for topic in self._topics
                for partition in known[topic].partitions
            ]
        return self._partitions

    def _committed(self, partitions: Sequence[TopicPartition]) -> list[TopicPartition]:
        asked = ConsumerGroupTopicPartitions(self._group, list(partitions))
        answers = self._admin.list_consumer_group_offsets([asked], request_timeout=_TIMEOUT_SECONDS)
        return list(answers[self._group].result().topic_partitions)

    def _offsets(
        self, partitions: Sequence[TopicPartition], which: OffsetSpec
    ) -> dict[tuple[str, int], int]:
        asked = {TopicPartition(p.topic, p.partition): which for p in partitions}
        answers = self._admin.list_offsets(asked, request_timeout=_TIMEOUT_SECONDS)
        return {_key(p): int(answer.result().offset) for p, answer in answers.items()}


def _key(partition: TopicPartition) -> tuple[str, int]:
    return partition.topic, partition.partition
