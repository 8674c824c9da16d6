from cdc_consumer.dead_letter import LONGEST_DETAIL, headers, producer_config
from cdc_consumer.events import Rejection
from tests.unit.consumer.builders import KAFKA_MS, record


def test_the_headers_say_why_and_where_it_was() -> None:
    rejection = Rejection(record(offset=5), "unknown-op", "__op is 'x'")
    assert headers(rejection) == [
        ("reason", "unknown-op"),
        ("detail", "__op is 'x'"),
        ("topic", "cdc.public.orders"),
        ("partition", "0"),
        ("offset", "5"),
        ("timestamp", str(KAFKA_MS)),
    ]


def test_a_value_that_is_left_out_is_reported() -> None:
    named = dict(headers(Rejection(record(), "unknown-op", ""), with_value=False))
    assert named["value"] == "omitted: too large"
    assert named["offset"] == "0"


def test_a_long_detail_does_not_make_the_headers_long() -> None:
    named = dict(headers(Rejection(record(), "unknown-op", "x" * 1_000_000)))
    assert named["detail"] == "x" * LONGEST_DETAIL


def test_a_dead_letter_is_safe_when_it_is_acknowledged() -> None:
    config = producer_config("b:1")
    assert (config["acks"], config["enable.idempotence"]) == ("all", True)
