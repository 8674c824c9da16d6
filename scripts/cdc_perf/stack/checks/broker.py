"""Questions about the pipeline's topics and their readers, answered by the Kafka broker."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from confluent_kafka import (
    OFFSET_INVALID,
    Consumer,
    ConsumerGroupState,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, ConsumerGroupDescription
from confluent_kafka.cimpl import Message

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.topic_windows import (
    TIMEOUT_SECONDS,
    Windows,
    broker_ready,
    messages,
    topic_consumer,
    windows_of,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

    from confluent_kafka.admin import ListConsumerGroupsResult

# The last record of a deleted row is a tombstone, and the one before it says how.
_LAST_RECORDS = 2
_STALL_SECONDS = 3.0
# A state that librdkafka does not know is one of a rebalance, in Kafka's newer group protocol.
_UNSETTLED = frozenset(
    (
        ConsumerGroupState.UNKNOWN,
        ConsumerGroupState.PREPARING_REBALANCING,
        ConsumerGroupState.COMPLETING_REBALANCING,
    )
)


@dataclass(frozen=True)
class GroupState:
    """What a consumer group reads.

    Attributes:
        topics: The topics that are assigned to its members.
        settled: Whether that is known: not during a rebalance.
    """

    topics: frozenset[str] = frozenset()
    settled: bool = True


class Broker:
    """A broker, and one consumer for all questions. It subscribes to nothing and commits nothing.

    So it does not join the consumer group whose offsets it reads.
    """

    def __init__(self, endpoints: Endpoints, group: str) -> None:
        self._bootstrap = endpoints.kafka_bootstrap
        self._client = endpoints.kafka_client
        self._consumer = self._consumer_of(group)

    @cached_property
    def _admin(self) -> AdminClient:
        client = self._client
        settings: dict[str, str | int | float | bool] = {
            **client,
            "bootstrap.servers": self._bootstrap,
            "log_level": 0,
        }
        return AdminClient(settings)

    def _consumer_of(self, group: str) -> Consumer:
        own = {"group.id": group} if group else {}
        return topic_consumer(self._bootstrap, {**self._client, **own})

    def topics(self) -> frozenset[str]:
        """Return the names of all topics.

        Raises:
            NotReady: The broker does not answer.
        """
        with broker_ready():
            return frozenset(self._consumer.list_topics(timeout=TIMEOUT_SECONDS).topics)

    def windows(self, topics: Iterable[str]) -> Windows:
        """Return the offsets that existing topics have now.

        Raises:
            NotReady: The broker does not answer, or does not allow it.
        """
        with broker_ready():
            return windows_of(self._consumer, topics)

    def last_records(self, windows: Windows) -> list[Message]:
        """Return the last records of each partition.

        Raises:
            NotReady: The broker does not deliver them.
        """
        ends = {
            place: (max(begin, end - _LAST_RECORDS), end) for place, (begin, end) in windows.items()
        }
        with broker_ready():
            return list(messages(self._consumer, ends, _STALL_SECONDS))

    def has_committed(self, group: str, windows: Windows) -> bool:
        """Return whether a group has committed an offset of one of the partitions.

        It asks as a consumer, because the admin client's query ends the process if the broker goes
        away meanwhile, see https://github.com/confluentinc/librdkafka/issues/4605

        Raises:
            NotReady: The broker does not answer, or does not allow it.
        """
        partitions = [TopicPartition(*place) for place in windows]
        consumer = self._consumer_of(group)
        with closing(consumer), broker_ready():
            offsets = consumer.committed(partitions, timeout=TIMEOUT_SECONDS)
        return any(each.offset != OFFSET_INVALID for each in offsets)

    def groups(self) -> list[str]:
        """Return the names of all consumer groups.

        Raises:
            NotReady: The broker does not answer.
        """
        answer: Future[ListConsumerGroupsResult] = self._admin.list_consumer_groups(
            request_timeout=TIMEOUT_SECONDS
        )
        with broker_ready():
            listed = answer.result()
        return sorted(str(each.group_id) for each in listed.valid or ())

    def describe(self, groups: Sequence[str]) -> dict[str, GroupState]:
        """Return what groups read, without those about which the broker does not answer."""
        if not groups:
            return {}
        answers = self._admin.describe_consumer_groups(
            list(groups), request_timeout=TIMEOUT_SECONDS
        )
        states = {name: _state(answer) for name, answer in answers.items()}
        return {name: state for name, state in states.items() if state is not None}

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()


@contextmanager
def broker_of(pipeline: Pipeline, endpoints: Endpoints) -> Iterator[Broker]:
    """Yield the pipeline's broker."""
    with closing(Broker(endpoints, pipeline.consumer_group)) as broker:
        yield broker


def _state(answer: "Future[ConsumerGroupDescription]") -> GroupState | None:
    try:
        found = answer.result()
    except KafkaException as error:
        # Since Kafka 4, an unknown group is an error; before, it is a dead one without members.
        is_unknown = error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND
        return GroupState() if is_unknown else None
    assigned = [
        place.topic
        for member in found.members or ()
        for place in member.assignment.topic_partitions
    ]
    return GroupState(frozenset(assigned), settled=found.state not in _UNSETTLED)
