"""The Kafka side of the consumer: its settings, its partitions, and acknowledged offsets."""

import contextlib
import time
from collections.abc import Iterable, Iterator, Sequence

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient

from cdc_consumer.errors import GaveUpError
from cdc_consumer.log import log
from cdc_consumer.progress import REBALANCE_SECONDS, Progress
from cdc_consumer.retry import Retry, TransientError

COMMIT_INTERVAL_MS = 100
# After this time between two polls, the broker revokes the partitions. It must cover the retries of
# a batch, the retries of its dead letters, and a last attempt of each that began in time.
LEAST_POLL_INTERVAL_MS = 300_000
RETRIES_IN_BATCH = 2
LONGEST_ATTEMPTS_MS = 60_000
# The same problem is logged again after this many seconds.
LOG_AGAIN_SECONDS = 10.0
ANSWER_SECONDS = 5.0
# The maximum age of the partition ends for computing the lag.
ENDS_SECONDS = 0.1
NOTHING_TO_COMMIT = "_NO_OFFSET"


def consumer_config(
    bootstrap: str, group: str, retry_seconds: float, group_instance: str = ""
) -> dict[str, str | int | bool]:
    """Return the consumer's settings, each with its reason."""
    # A static member (KIP-345) that was killed gets its partitions back as soon as it starts again,
    # not after its session's timeout. Each consumer of the group needs a name of its own.
    static = {"group.instance.id": group_instance} if group_instance else {}
    return {
        **static,
        "bootstrap.servers": bootstrap,
        "group.id": group,
        "client.id": "cdc-consumer",
        # The start of a partition is decided when it is assigned. A position that the broker no
        # longer has is an error, because starting elsewhere would skip the removed records.
        "auto.offset.reset": "error",
        # Only acknowledge() stores offsets, after MongoDB's answer. librdkafka commits stored
        # offsets in the background, so a commit delays no event.
        "enable.auto.offset.store": False,
        "enable.auto.commit": True,
        "auto.commit.interval.ms": COMMIT_INTERVAL_MS,
        # Cooperative: kept partitions are consumed while others move. Classic protocol: the next
        # one needs Kafka 4 and its timeouts set on the broker.
        "partition.assignment.strategy": "cooperative-sticky",
        # After a kill, the partitions of a consumer that does not start again are idle for this
        # time. 6 s is a broker's default minimum. A static member whose session ended is fenced
        # (see on_error), so its session outlasts the restart of a broker.
        "session.timeout.ms": 30_000 if group_instance else 6000,
        "heartbeat.interval.ms": 500,
        "max.poll.interval.ms": max(
            LEAST_POLL_INTERVAL_MS,
            RETRIES_IN_BATCH * int(retry_seconds * 1000) + LONGEST_ATTEMPTS_MS,
        ),
        # A fetch is answered when the first byte is available. The wait is only how long an idle
        # fetch stays open, and so how long a newly assigned partition may wait to be included.
        "fetch.min.bytes": 1,
        "fetch.wait.max.ms": 100,
        # librdkafka waits this long after its queue was full (default 1 s), and after an error.
        "fetch.queue.backoff.ms": 5,
        "fetch.error.backoff.ms": 100,
        "socket.nagle.disable": True,
        # Topics may be created after the start; brokers may restart.
        "topic.metadata.refresh.interval.ms": 1000,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        # The broker closes idle connections regularly.
        "log.connection.close": False,
    }


class Subscription:
    """The subscribed topics, the assigned partitions, and the acknowledged offsets.

    The polling thread writes partitions and offsets, and the threads that serve HTTP read them.
    Those never call the client themselves: in confluent-kafka 2.16, a second thread waits as long
    as the first one polls.
    """

    def __init__(
        self,
        consumer: Consumer,
        bootstrap: str,
        topics: Sequence[str],
        progress: Progress,
        retry: Retry,
    ) -> None:
        self._consumer = consumer
        self._bootstrap = bootstrap
        self._retry = retry
        # Kafka's topic IDs.
        self._topic_ids: dict[str, str] = {}
        self._progress = progress
        self._topics = tuple(topics)
        # The next offset to acknowledge, for each assigned partition.
        self._next: dict[tuple[str, int], int] = {}
        # The first and the end offset of each partition.
        self._bounds: dict[tuple[str, int], tuple[int, int]] = {}
        self._bounds_at = float("-inf")
        self._logged_at: dict[str, float] = {}
        self._closing = False

    def begin(self) -> None:
        """Join the group. A member must poll, so call this after everything else that may fail."""
        self._consumer.subscribe(
            list(self._topics), on_assign=self._assign, on_revoke=self._revoke, on_lost=self._lose
        )

    def close(self) -> None:
        """Commit what was acknowledged, and leave.

        A group that rebalances meanwhile assigns partitions to the closing consumer. They are not
        begun: the client would wait for committed offsets that it no longer fetches.
        """
        self._closing = True
        self._consumer.close()

    def unassigned(self) -> list[str]:
        """Return the topics without a partition assigned to this consumer."""
        assigned = {topic for topic, _ in list(self._next)}
        return [topic for topic in self._topics if topic not in assigned]

    def assigned(self) -> list[str]:
        """Return the assigned partitions as `topic/partition`."""
        return sorted(f"{topic}/{partition}" for topic, partition in list(self._next))

    def log(self, topic: str, partition: int) -> str:
        """Return the topic's ID and the partition, for an assigned partition.

        A recreated topic has another ID; its offsets start at 0.
        """
        return f"{self._topic_ids[topic]}/{partition}"

    def lag(self) -> Iterator[tuple[str, int, int]]:
        """Yield topic, partition, and number of unacknowledged records, if the end is known."""
        for (topic, partition), following in list(self._next.items()):
            start, end = self._bounds.get((topic, partition), (-1, -1))
            if end >= 0:
                yield topic, partition, max(end - max(following, start), 0)

    def refresh_watermarks(self) -> None:
        """Update the ends of the partitions, unless that was done a moment ago.

        The ends are from the last fetch, so this sends no request.
        """
        now = time.monotonic()
        if now - self._bounds_at < ENDS_SECONDS:
            return
        self._bounds_at = now
        for topic, partition in self._next:
            place = TopicPartition(topic, partition)
            # librdkafka may have dropped the partition.
            with contextlib.suppress(KafkaException):
                bounds = self._consumer.get_watermark_offsets(place, cached=True)
                self._bounds[topic, partition] = bounds

    def acknowledge(self, messages: Iterable[Message]) -> None:
        """Mark these messages, and those before them, as done; they are committed soon.

        A partition that was revoked meanwhile keeps its old offset: its new owner reads the
        messages again, which changes nothing in MongoDB.
        """
        last = {(message.topic(), message.partition()): message for message in messages}
        for message in last.values():
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            if topic is None or partition is None or offset is None:
                continue
            try:
                self._consumer.store_offsets(message=message)
            except KafkaException as error:
                self.on_error(error.args[0])
                continue
            self._next[topic, partition] = offset + 1

    def on_error(self, error: KafkaError) -> None:
        """Log a Kafka error that librdkafka retries by itself, but not the same one too often.

        Raises:
            KafkaException: The error is fatal, so the client cannot continue.
            GaveUpError: The broker no longer has the consumer's position.
        """
        # An error that arrives as a message is not marked as fatal: it has this code. A static
        # member whose session timed out is fenced so, and would wait forever:
        # https://github.com/confluentinc/librdkafka/issues/3437
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001 - as below
            raise KafkaException(error)
        if error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001 - public despite its name
            raise GaveUpError(f"Kafka: {error.str()}")
        now = time.monotonic()
        text = error.str()
        if now - self._logged_at.get(text, float("-inf")) >= LOG_AGAIN_SECONDS:
            self._logged_at[text] = now
            log("kafka", code=error.name(), detail=text)

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Start at the group's committed offset, or at the partition's start if it has none.

        Raises:
            GaveUpError: The next records were removed before they were read, or Kafka did not
                answer.
        """
        if self._closing:
            return

        def attempt() -> list[TopicPartition]:
            try:
                self._identify({partition.topic for partition in partitions})
                committed = consumer.committed(partitions, timeout=ANSWER_SECONDS)
                return [self._begin(consumer, partition) for partition in committed]
            except KafkaException as error:
                raise TransientError(error.args[0].str()) from error

        with self._progress.within("rebalance", REBALANCE_SECONDS):
            begins = self._retry("assignment", attempt)
        consumer.incremental_assign(begins)
        for partition in begins:
            self._next[partition.topic, partition.partition] = max(partition.offset, 0)
        log("assigned", partitions=_names(partitions))

    def _identify(self, topics: Iterable[str]) -> None:
        # Created on demand, because it is rarely needed and would log every broker disconnect.
        admin = AdminClient({"bootstrap.servers": self._bootstrap, "client.id": "cdc-consumer"})
        names = TopicCollection(sorted(topics))
        found = admin.describe_topics(names, request_timeout=ANSWER_SECONDS)
        for topic, description in found.items():
            self._topic_ids[topic] = str(description.result().topic_id)

    def _begin(self, consumer: Consumer, committed: TopicPartition) -> TopicPartition:
        topic, partition, offset = committed.topic, committed.partition, committed.offset
        if offset >= 0:
            low, high = consumer.get_watermark_offsets(committed, timeout=ANSWER_SECONDS)
            if offset < low:
                raise GaveUpError(
                    f"{topic}/{partition}: Kafka removed the records from offset {offset} to "
                    f"{low - 1} before the consumer read them. Take a new snapshot of the table, "
                    "then reset the consumer group: kafka-consumer-groups.sh --reset-offsets "
                    f"--to-earliest --topic {topic}"
                )
            if offset <= high:
                return committed
            log("topic-was-recreated", partition=f"{topic}/{partition}", offset=offset, end=high)
        return TopicPartition(topic, partition, OFFSET_BEGINNING)

    def _revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Commit acknowledged offsets before the partitions are revoked.

        This runs within a poll, so no batch is being written. At most the first message of a batch
        has been polled, and the new owner reads that again.
        """
        try:
            with self._progress.within("rebalance", REBALANCE_SECONDS):
                consumer.commit(asynchronous=False)
        except KafkaException as error:
            if error.args[0].name() != NOTHING_TO_COMMIT:
                self.on_error(error.args[0])
        self._forget("revoked", partitions)

    def _lose(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._forget("lost", partitions)

    def _forget(self, event: str, partitions: list[TopicPartition]) -> None:
        for partition in partitions:
            self._next.pop((partition.topic, partition.partition), None)
            self._bounds.pop((partition.topic, partition.partition), None)
        log(event, partitions=_names(partitions))


def _names(partitions: list[TopicPartition]) -> str:
    return ",".join(f"{partition.topic}/{partition.partition}" for partition in partitions)
