"""How far the consumer is behind, as the broker sees it."""

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, TopicPartition

from scripts.settings.pipeline import Pipeline
from scripts.waiting import NotReady

_TIMEOUT_SECONDS = 2.0


class ConsumerLag:
    """Asks a broker for the consumer's lag, whether the consumer runs or not."""

    def __init__(self, bootstrap: str, pipeline: Pipeline) -> None:
        self._topics = [pipeline.topic(table) for table in pipeline.tables]
        self._partitions: list[TopicPartition] = []
        # It subscribes to nothing, so it is no member of the group that it asks about. Not an admin
        # client: its question for a group's offsets ends the process where the broker goes away
        # meanwhile, see https://github.com/confluentinc/librdkafka/issues/4605
        self._client = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": pipeline.kafka.consumer_group,
                # The broker may be killed under the test, which the gates tell.
                "log_level": 0,
            }
        )

    def read(self) -> int:
        """Return how many events of the pipeline's topics the consumer's group has not committed.

        The group's offsets are asked for before the ends of the partitions, so that what comes in
        between counts as lag. A partition without a committed offset is read from its beginning.

        Raises:
            NotReady: The broker does not answer, or a topic is not there.
        """
        try:
            committed = self._client.committed(self._assigned(), timeout=_TIMEOUT_SECONDS)
            return sum(self._unread(partition) for partition in committed)
        except KafkaException as error:
            raise NotReady(f"the broker does not tell the lag: {error.args[0].str()}") from None

    def _unread(self, committed: TopicPartition) -> int:
        begin, end = self._client.get_watermark_offsets(committed, timeout=_TIMEOUT_SECONDS)
        reached = begin if committed.offset == OFFSET_INVALID else committed.offset
        return max(0, end - reached)

    def _assigned(self) -> list[TopicPartition]:
        if not self._partitions:
            known = self._client.list_topics(timeout=_TIMEOUT_SECONDS).topics
            if missing := [topic for topic in self._topics if topic not in known]:
                raise NotReady(f"there is no topic {missing[0]}")
            self._partitions = [
                TopicPartition(topic, partition)
                for topic in self._topics
                for partition in known[topic].partitions
            ]
        return self._partitions

    def close(self) -> None:
        """Close what is kept open."""
        self._client.close()
