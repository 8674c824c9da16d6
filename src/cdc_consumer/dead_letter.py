"""The dead-letter queue: records that can never be applied, kept for people to look at."""

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from cdc_consumer.events import Rejection
from cdc_consumer.log import log
from cdc_consumer.progress import Progress
from cdc_consumer.retry import Retry, TransientError

# Topic, partition, offset.
Place = tuple[str, int, int]
DELIVERY_SECONDS = 5.0
# A header tells why; the faulty value itself is in the record.
LONGEST_DETAIL = 500
# The first ones are logged one by one; of a flood, one in so many.
LOGGED_FIRST = 10
LOGGED_EACH = 1000
# As the topic that the harness creates; a topic that takes less gets the record without its value.
LARGEST_MESSAGE = 20 * 1024 * 1024


def producer_config(bootstrap: str) -> dict[str, str | int | bool]:
    """Return the producer's settings: acknowledged by every replica in sync, none sent twice."""
    return {
        "bootstrap.servers": bootstrap,
        "client.id": "cdc-consumer",
        "acks": "all",
        "enable.idempotence": True,
        "linger.ms": 0,
        "message.max.bytes": LARGEST_MESSAGE,
        "delivery.timeout.ms": int(DELIVERY_SECONDS * 1000),
    }


def headers(
    rejection: Rejection, *, with_value: bool = True
) -> list[tuple[str, str | bytes | None]]:
    """Return the headers that say why a record is here and where it was."""
    record = rejection.record
    omitted: list[tuple[str, str | bytes | None]] = [("value", "left out, it is too large")]
    return [
        *([] if with_value else omitted),
        ("reason", rejection.reason),
        ("detail", rejection.detail[:LONGEST_DETAIL]),
        ("topic", record.topic),
        ("partition", str(record.partition)),
        ("offset", str(record.offset)),
        ("timestamp", str(record.timestamp_ms)),
    ]


class DeadLetters(Protocol):
    """Takes what can never be applied; returns when it is safe there."""

    def send(self, rejections: Sequence[Rejection]) -> None:
        """Keep the records of `rejections`."""


class DeadLetterTopic:
    """Sends rejected records to a topic, with key, value and timestamp as they were.

    A record that was just not too large for its topic may be so with its headers; it goes without
    its value, which can be read where it came from. The producer is made with the first rejection:
    most runs have none.
    """

    def __init__(self, bootstrap: str, topic: str, retry: Retry, progress: Progress) -> None:
        self._progress = progress
        self._bootstrap = bootstrap
        self._topic = topic
        self._retry = retry
        self._producer: Producer | None = None
        self._logged = 0

    def send(self, rejections: Sequence[Rejection]) -> None:
        """Send the records and wait until the broker has acknowledged each.

        Raises:
            GaveUpError: The broker did not take them for as long as it is retried.
        """
        remaining = {_place(rejection): rejection for rejection in rejections}
        if remaining:
            self._retry("dead letter", partial(self._attempt, remaining, set()))
        for rejection in rejections:
            self._tell(rejection)

    def _attempt(self, remaining: dict[Place, Rejection], too_large: set[Place]) -> None:
        """Send what remains and take from it what the broker acknowledged.

        Raises:
            TransientError: Something remains.
        """
        if self._producer is None:
            self._producer = Producer(producer_config(self._bootstrap))
        failures: list[str] = []

        def report(place: Place, error: KafkaError | None, _: Message | None = None) -> None:
            if error is None:
                remaining.pop(place, None)
                self._progress.tick()
                return
            failures.append(error.str())
            if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
                too_large.add(place)

        for place, rejection in tuple(remaining.items()):
            with_value = place not in too_large
            try:
                self._producer.produce(
                    self._topic,
                    key=rejection.record.key,
                    value=rejection.record.value if with_value else None,
                    headers=headers(rejection, with_value=with_value),
                    timestamp=max(rejection.record.timestamp_ms, 0),
                    on_delivery=partial(report, place),
                )
            except KafkaException as error:
                report(place, error.args[0])
            except BufferError as error:  # the client's queue is full; flushing empties it
                failures.append(str(error))
        # One second beyond the delivery time-out, by which every record has its report.
        self._producer.flush(DELIVERY_SECONDS + 1)
        if remaining:
            why = failures[0] if failures else "no answer"
            raise TransientError(f"{len(remaining)} records to {self._topic}: {why}")

    def _tell(self, rejection: Rejection) -> None:
        self._logged += 1
        if self._logged <= LOGGED_FIRST or self._logged % LOGGED_EACH == 0:
            record = rejection.record
            log(
                "dead-letter",
                count=self._logged,
                reason=rejection.reason,
                detail=rejection.detail[:200],
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
            )


def _place(rejection: Rejection) -> Place:
    record = rejection.record
    return record.topic, record.partition, record.offset
