"""Reads windows of offsets from topics, without a consumer group."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.cimpl import Message

from cdc_perf.errors import StackFailure
from cdc_perf.stack.kafka_client import named_in
from cdc_perf.waiting import NotReady

# The first offset and the one after the last, by topic and partition.
Windows = Mapping[tuple[str, int], tuple[int, int]]
TIMEOUT_SECONDS = 5.0
# If no record arrives for this long, the broker will not deliver the rest.
_STALL_SECONDS = 10.0
# What the client and this module hold at most: records with schemas have kilobytes, others more.
_BATCH = 1000
_QUEUED_KB_PER_PARTITION = "8192"


def topic_consumer(bootstrap: str, client: Mapping[str, str]) -> Consumer:
    """Return a consumer that commits nothing.

    Args:
        bootstrap: The broker.
        client: Further settings, with librdkafka's names: TLS and login.

    Raises:
        StackFailure: A setting is wrong.
    """
    settings = {
        "queued.max.messages.kbytes": _QUEUED_KB_PER_PARTITION,
        # Required by the client. Nothing is ever committed, so another name is harmless.
        "group.id": "cdc-integrity",
        **client,
        "bootstrap.servers": bootstrap,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "log_level": 0,
    }
    try:
        return Consumer(settings)
    except KafkaException as error:
        names = ", ".join(named_in(error.args[0].str(), client)) or "its own settings"
        raise StackFailure(f"the Kafka client does not accept {names}") from None


def windows_of(consumer: Consumer, topics: Iterable[str]) -> dict[tuple[str, int], tuple[int, int]]:
    """Return the offsets that each partition of some topics has now.

    A topic that does not exist has none: it may be created with the first event.

    Raises:
        KafkaException: The broker does not answer.
    """
    found = consumer.list_topics(timeout=TIMEOUT_SECONDS).topics
    windows = {}
    for name in topics:
        for number in found[name].partitions if name in found else ():
            partition = TopicPartition(name, number)
            windows[name, number] = consumer.get_watermark_offsets(
                partition, timeout=TIMEOUT_SECONDS
            )
    return windows


def messages(
    consumer: Consumer, windows: Windows, stall_seconds: float = _STALL_SECONDS
) -> Iterator[Message]:
    """Yield the records within the windows, in the order of their offsets.

    Args:
        consumer: The client.
        windows: The offsets to read.
        stall_seconds: How long to wait for the next record.

    Raises:
        StackFailure: The broker stops to deliver them.
        KafkaException: The broker does not answer.
    """
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
        if time.monotonic() > last_message_at + stall_seconds:
            names = ", ".join(sorted({topic for topic, _ in open_ones}))
            raise StackFailure(f"Kafka returned no records of {names} for {stall_seconds:.0f} s")


@contextmanager
def answering() -> Iterator[None]:
    """Raise StackFailure if the broker does not answer."""
    try:
        yield
    except KafkaException as error:
        raise StackFailure(_silent(error)) from None


@contextmanager
def broker_ready() -> Iterator[None]:
    """Raise NotReady if the broker does not answer or deliver, or a setting is wrong."""
    try:
        yield
    except KafkaException as error:
        raise NotReady(_silent(error)) from None
    except StackFailure as failure:
        raise NotReady(failure.message) from None


def _silent(error: KafkaException) -> str:
    return f"Kafka does not answer: {error.args[0].str()}"
