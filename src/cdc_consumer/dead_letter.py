"""The dead-letter queue: records that can never be applied, kept for inspection."""

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
# The header gives the reason; the faulty value itself is in the record.
LONGEST_DETAIL = 500
# The first ones are logged one by one; then one in LOGGED_EACH.
LOGGED_FIRST = 10
LOGGED_EACH = 1000
# As in the harness's topic; a topic with a smaller maximum gets the record without its value.
LARGEST_MESSAGE = 20 * 1024 * 1024


def producer_config(bootstrap: str) -> dict[str, str | int | bool]:
    """Return the producer's settings: acknowledged by all in-sync replicas, no duplicates."""
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
    """Return the headers with the reason of a rejection and the record's origin."""
    record = rejection.record
    omitted: list[tuple[str, str | bytes | None]] = [("value", "omitted: too large")]
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
    """Keeps records that can never be applied; returns when they are stored."""

    def send(self, rejections: Sequence[Rejection]) -> None:
        """Keep the records of `rejections`."""


class DeadLetterTopic:
    """Sends rejected records to a topic, with key, value, and timestamp unchanged.

    Headers may make a record too large for the topic; it is then sent without its value, which can
    be read from its origin. The producer is created with the first rejection because most runs have
    none.
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
            GaveUpError: The broker did not accept them within the retry time.
        """
        remaining = {_place(rejection): rejection for rejection in rejections}
        if remaining:
            self._retry("dead letter", partial(self._attempt, remaining, set()))
        for rejection in rejections:
            self._log(rejection)

    def _attempt(self, remaining: dict[Place, Rejection], too_large: set[Place]) -> None:
        """Send the remaining records, and remove those that the broker acknowledged.

        Raises:
            TransientError: Some records remain.
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
        # One second more than the delivery timeout, by which every record has its report.
        self._producer.flush(DELIVERY_SECONDS + 1)
        if remaining:
            why = failures[0] if failures else "no acknowledgment"
            raise TransientError(f"{len(remaining)} records to {self._topic}: {why}")

    def _log(self, rejection: Rejection) -> None:
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
