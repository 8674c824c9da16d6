import pytest

from cdc_consumer.subscription import consumer_config


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
    assert "group.instance.id" not in consumer_config("b:1", "g", 60)
    assert consumer_config("b:1", "g", 60, "one")["group.instance.id"] == "one"
