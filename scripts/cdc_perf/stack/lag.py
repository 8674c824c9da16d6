"""Consumer lag, as the broker reports it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, TopicPartition

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.commits import Position
from cdc_perf.waiting import NotReady

_TIMEOUT_SECONDS = 2.0


class ConsumerLag:
    """Asks a broker for the consumer lag; the consumer need not run."""

    def __init__(self, bootstrap: str, pipeline: Pipeline, client: Mapping[str, str]) -> None:
        self._topics = [pipeline.topic(table) for table in pipeline.tables]
        self._partitions: list[TopicPartition] = []
        # It subscribes to nothing, so it does not join the group that it queries. It is not an
        # admin client, because that one's query for a group's offsets ends the process if the
        # broker goes away meanwhile, see https://github.com/confluentinc/librdkafka/issues/4605
        self._client = Consumer(
            {
                **client,
                "bootstrap.servers": bootstrap,
                "group.id": pipeline.consumer_group,
                # A test may kill the broker; the gates report that.
                "log_level": 0,
            }
        )

    def read(self) -> int:
        """Return the number of events that the consumer group has not committed.

        It reads the group's offsets before the ends of the partitions, so events that arrive in
        between count as lag. A partition without a committed offset counts from its beginning.

        Raises:
            NotReady: The broker does not answer, or a topic does not exist.
        """
        return sum(position.behind for position in self.positions().values())

    def positions(self) -> dict[tuple[str, int], Position]:
        """Return how far the group is in each partition, by topic and partition.

        Offsets are read in the order of `read`.

        Raises:
            NotReady: The broker does not answer, or a topic does not exist.
        """
        with _answering():
            return dict(self._positions())

    def ends(self) -> dict[tuple[str, int], int]:
        """Return the end offset of each partition of the pipeline's topics, by topic and partition.

        Raises:
            NotReady: The broker does not answer, or a topic does not exist.
        """
        with _answering():
            return {_key(partition): self._span(partition)[1] for partition in self._assigned()}

    def behind(self, ends: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
        """Return the number of uncommitted events before `ends`, for each partition with any.

        Raises:
            NotReady: The broker does not answer, or a topic does not exist.
        """
        with _answering():
            return self._behind(ends)

    def committed(self) -> dict[tuple[str, int], int]:
        """Return the group's committed offsets, where there are any, by topic and partition.

        Raises:
            NotReady: The broker does not answer, or a topic does not exist.
        """
        with _answering():
            found = self._committed()
        return {_key(p): p.offset for p in found if p.offset != OFFSET_INVALID}

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _behind(self, ends: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], int]:
        """Compare the group's offsets with `ends`."""
        found = {}
        for partition in self._committed():
            key = _key(partition)
            begin, _ = self._span(partition)
            reached = begin if partition.offset == OFFSET_INVALID else partition.offset
            end = ends.get(key, reached)
            if end > reached:
                found[key] = end - reached
        return found

    def _positions(self) -> Iterator[tuple[tuple[str, int], Position]]:
        for partition in self._committed():
            begin, end = self._span(partition)
            reached = begin if partition.offset == OFFSET_INVALID else partition.offset
            behind = max(0, end - reached)
            yield _key(partition), Position(behind, partition.offset, caught_up=behind == 0)

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

    def _committed(self) -> list[TopicPartition]:
        return self._client.committed(self._assigned(), timeout=_TIMEOUT_SECONDS)

    def _span(self, partition: TopicPartition) -> tuple[int, int]:
        """Return the offset of the first record and the one after the last."""
        return self._client.get_watermark_offsets(partition, timeout=_TIMEOUT_SECONDS)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        raise NotReady(f"the broker does not report the lag: {error.args[0].str()}") from None


def _key(partition: TopicPartition) -> tuple[str, int]:
    return partition.topic, partition.partition
