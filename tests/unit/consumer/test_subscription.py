# ruff: noqa: SLF001 - codes that are public despite their names
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, cast

import pytest
from confluent_kafka import KafkaError, KafkaException

from cdc_consumer.progress import Progress
from cdc_consumer.retry import Retry
from cdc_consumer.subscription import Subscription, consumer_config

if TYPE_CHECKING:
    from confluent_kafka import Consumer


def test_nothing_is_committed_but_what_was_acknowledged() -> None:
    config = consumer_config("b:1", "g", 60)
    assert config["enable.auto.offset.store"] is False
    # What retention removed is not passed over.
    assert config["auto.offset.reset"] == "error"


@pytest.mark.parametrize(("retry_seconds", "expected"), [(60, 300_000), (600, 1_260_000)])
def test_retrying_to_the_end_does_not_cost_the_partitions(
    retry_seconds: float, expected: int
) -> None:
    assert consumer_config("b:1", "g", retry_seconds)["max.poll.interval.ms"] == expected


def test_only_a_named_consumer_is_a_static_member() -> None:
    other, static = consumer_config("b:1", "g", 60), consumer_config("b:1", "g", 60, "one")
    assert "group.instance.id" not in other
    assert static["group.instance.id"] == "one"
    assert int(static["session.timeout.ms"]) > int(other["session.timeout.ms"])


class Subscribed:
    """A Kafka client that accepts a subscription."""

    def subscribe(self, _topics: object, **_callbacks: object) -> None:
        pass


@pytest.mark.parametrize(
    ("error", "ends"),
    [
        # As a message carries it: not marked as fatal.
        (KafkaError(KafkaError._FATAL, "fenced"), True),
        (KafkaError(KafkaError._FATAL, "fenced", fatal=True), True),
        (KafkaError(KafkaError._TRANSPORT, "down"), False),
    ],
)
def test_only_an_error_that_the_client_cannot_recover_from_ends_the_consumer(
    error: KafkaError, *, ends: bool
) -> None:
    subscription = Subscription(
        cast("Consumer", Subscribed()),
        "b:1",
        ["t"],
        Progress(),
        Retry(1.0, threading.Event(), lambda _what, _why: None),
    )
    with pytest.raises(KafkaException) if ends else nullcontext():
        subscription.on_error(error)
