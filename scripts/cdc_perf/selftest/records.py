"""Faults in the topics: foreign records, and records that the consumer is made to skip."""

from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager

import msgspec
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

from cdc_perf.errors import StackFailure
from cdc_perf.selftest.fault import FaultContext
from cdc_perf.selftest.processes import supervisor_of
from cdc_perf.selftest.rows import oldest_customer
from cdc_perf.stack.kafka_client import client_settings
from cdc_perf.stack.lag import ConsumerLag
from cdc_perf.waiting import NotReady, wait_until

_TABLE = "public.customer"
_SECONDS = 15.0
# 80 MB, in a worker with a live heap of 30 MB.
_LEAKED, _LEAKED_BYTES = 100, 800_000
# 100 MB of metadata; the broker accepts up to 4,096 bytes per offset.
_GROUPS, _PARTITIONS, _METADATA_BYTES = 250, 100, 4000
_OFFSETS = "cdc-connect-offset"
# The minimum number of events that the consumer is made to skip.
_SKIPPED = 3


@contextmanager
def skipped(context: FaultContext) -> Iterator[None]:
    """Stop the consumer, move its group's offsets beyond new events, and start it again."""
    supervisor = supervisor_of(context)
    lag = ConsumerLag(
        context.endpoints.kafka_bootstrap, context.pipeline, context.endpoints.kafka_client
    )
    supervisor.stop_program("consumer")

    def enough_arrived() -> None:
        if lag.read() < _SKIPPED:
            raise NotReady("there are too few")

    try:
        wait_until(enough_arrived, what="events to skip", deadline_seconds=_SECONDS)
    finally:
        lag.close()
    group = {"group.id": context.pipeline.kafka.consumer_group}
    with closing(_consumer(context, group)) as consumer:
        place = TopicPartition(_topic(context), 0)
        _, end = consumer.get_watermark_offsets(place, timeout=_SECONDS)

        def move() -> None:
            try:
                consumer.commit(offsets=[TopicPartition(place.topic, 0, end)], asynchronous=False)
            except KafkaException as error:
                raise NotReady(error.args[0].str()) from None

        # The broker refuses until the session of the stopped consumer, a static member, is over.
        wait_until(move, what="the group", deadline_seconds=_SECONDS)
    supervisor.start_program("consumer")
    yield


@contextmanager
def repeated(context: FaultContext) -> Iterator[None]:
    """Produce an event again, byte by byte."""
    event = event_of(context, oldest_customer(context))
    produce(context, event.key(), event.value())
    yield


@contextmanager
def late(context: FaultContext) -> Iterator[None]:
    """Produce a change that PostgreSQL made before the row's change in the topic."""
    event = event_of(context, oldest_customer(context))
    content = msgspec.json.decode(event.value() or b"")
    commit, _ = msgspec.json.decode(content["__source_sequence"])
    content["__source_lsn"] -= 1
    sequence = (commit, str(content["__source_lsn"]))
    content["__source_sequence"] = msgspec.json.encode(sequence).decode()
    produce(context, event.key(), msgspec.json.encode(content))
    yield


@contextmanager
def poison(context: FaultContext) -> Iterator[None]:
    """Produce a record that is not JSON."""
    produce(context, b'{"id":"poison"}', b"\x00 no JSON")
    yield


@contextmanager
def leaking_connect(context: FaultContext) -> Iterator[None]:
    """Fill the offset store of the Connect worker, which keeps the last value of every key."""
    producer = Producer(client_settings(context.endpoints))
    for number in range(_LEAKED):
        key = msgspec.json.encode(["leak", {"number": number}])
        producer.produce(_OFFSETS, key=key, value=b"x" * _LEAKED_BYTES)
    if producer.flush(_SECONDS):
        raise StackFailure("the broker did not accept a record")
    yield


@contextmanager
def leaking_kafka(context: FaultContext) -> Iterator[None]:
    """Commit offsets with maximum-length metadata, which the broker keeps in memory."""
    topic, metadata = "leak", "x" * _METADATA_BYTES
    admin = AdminClient(client_settings(context.endpoints))
    admin.create_topics([NewTopic(topic, _PARTITIONS, 1)])[topic].result(timeout=_SECONDS)
    places = [TopicPartition(topic, partition, 0, metadata) for partition in range(_PARTITIONS)]

    def committed(number: int) -> Future[ConsumerGroupTopicPartitions]:
        group = ConsumerGroupTopicPartitions(f"leak-{number}", places)
        (future,) = admin.alter_consumer_group_offsets([group]).values()
        return future

    def known() -> None:
        done = committed(0).result(timeout=_SECONDS)
        if any(place.error is not None for place in done.topic_partitions or ()):
            raise NotReady("the broker does not know the topic yet")

    wait_until(known, what="the topic of the leak", deadline_seconds=_SECONDS)
    wait([committed(number) for number in range(1, _GROUPS)], timeout=6 * _SECONDS)
    yield


def event_of(context: FaultContext, identity: str) -> Message:
    """Return the first event of a customer.

    Raises:
        StackFailure: The event is not in the topic.
    """
    with closing(_consumer(context, {"group.id": "cdc-selftest"})) as consumer:
        place = TopicPartition(_topic(context), 0, 0)
        _, end = consumer.get_watermark_offsets(place, timeout=_SECONDS)
        consumer.assign([place])
        while consumer.position([place])[0].offset < end:
            for message in consumer.consume(end, timeout=1.0):
                if identity.encode() in (message.key() or b""):
                    return message
    raise StackFailure(f"there is no event of customer {identity}")


def produce(context: FaultContext, key: bytes | None, value: bytes | None) -> None:
    """Produce a record to the topic of customers.

    Raises:
        StackFailure: The broker does not accept it.
    """
    producer = Producer(client_settings(context.endpoints))
    producer.produce(_topic(context), key=key, value=value, partition=0)
    if producer.flush(_SECONDS):
        raise StackFailure("the broker did not accept a record")


def _topic(context: FaultContext) -> str:
    return f"{context.pipeline.kafka.topic_prefix}.{_TABLE}"


def _consumer(context: FaultContext, settings: dict[str, str]) -> Consumer:
    return Consumer(
        {
            **client_settings(context.endpoints),
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            **settings,
        }
    )
