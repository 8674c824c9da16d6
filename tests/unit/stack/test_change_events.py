"""Records of the topics, decoded: change events, tombstones, dead letters, and broken ones."""

import json

import pytest
from confluent_kafka import Message

from cdc_perf.settings.pipeline import Table
from cdc_perf.stack.change_events import (
    TOMBSTONE,
    UNREADABLE,
    ChangeEvent,
    DeadLetter,
    EventForm,
    dead_letter_of,
    event_of,
)

TOPIC = "cdc.public.customer"
CUSTOMER = Table("public.customer", ("id",), "customer")
PAIR = Table("public.pair", ("part", "number"), "pair")


def record(key: object, value: object) -> Message:
    """Return a record whose key and value are bytes, None, or what JSON encodes."""
    parts = [
        x if x is None or isinstance(x, bytes) else json.dumps(x).encode() for x in (key, value)
    ]
    return Message(topic=TOPIC, partition=2, offset=9, key=parts[0], value=parts[1])


def change(op: str = "c", **more: object) -> dict[str, object]:
    return {"id": "a", "__op": op, "__source_lsn": 70, "__source_txId": 5, **more}


@pytest.mark.parametrize("op", ["c", "u", "d", "r"])
def test_a_change_event(op: str) -> None:
    assert event_of(record({"id": "a"}, change(op)), CUSTOMER) == ChangeEvent(
        topic=TOPIC, partition=2, position=9, id="a", op=op, lsn=70, tx=5, form=EventForm.FLAT
    )


def test_a_record_without_a_value_is_a_tombstone() -> None:
    found = event_of(record({"id": "a"}, None), CUSTOMER)
    assert (found.id, found.op, found.lsn) == ("a", TOMBSTONE, None)


@pytest.mark.parametrize(
    "value",
    [b"", b"{", b"[" * 100_000, 7, {"__op": "c"}, {"__source_lsn": 70}, change("t"), change("m")],
)
def test_a_value_that_is_no_event_is_unreadable(value: object) -> None:
    found = event_of(record({"id": "a"}, value), CUSTOMER)
    assert (found.id, found.op, found.lsn, found.tx) == ("a", UNREADABLE, None, None)


@pytest.mark.parametrize(
    ("op", "sequence", "commit"),
    [
        ("c", '["60","70"]', 60),
        ("u", '[null,"70"]', 70),
        ("c", None, None),
        ("c", "[", None),
        ("c", '["60"]', None),
        ("c", '["soon","70"]', None),
        # A snapshot reads no commit.
        ("r", '["60","70"]', None),
    ],
)
def test_the_commit_that_a_change_follows(
    op: str, sequence: str | None, commit: int | None
) -> None:
    found = event_of(record({"id": "a"}, change(op, __source_sequence=sequence)), CUSTOMER)
    assert (found.op, found.commit) == (op, commit)


@pytest.mark.parametrize(
    ("table", "key", "identity"),
    [
        (CUSTOMER, {"id": "a"}, "a"),
        (CUSTOMER, {"id": 7}, "7"),
        (CUSTOMER, {"id": False}, "false"),
        (PAIR, {"number": 7, "part": "a"}, '["a",7]'),
    ],
)
def test_the_id_of_a_key(table: Table, key: object, identity: str) -> None:
    found = event_of(record(key, change()), table)
    assert (found.id, found.op) == (identity, "c")


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (CUSTOMER, None),
        (CUSTOMER, b"{"),
        (CUSTOMER, ["a"]),
        (CUSTOMER, {"id": None}),
        (CUSTOMER, {"name": "a"}),
        (PAIR, {"part": "a"}),
    ],
)
@pytest.mark.parametrize("value", [None, change()])
def test_a_record_without_a_readable_key_is_unreadable(
    table: Table, key: object, value: object
) -> None:
    found = event_of(record(key, value), table)
    assert (found.id, found.op) == (None, UNREADABLE)


def letter(*headers: tuple[str, bytes | None], key: bytes = b'{"id":"a"}') -> DeadLetter:
    message = Message(
        topic="cdc.dead-letters",
        partition=1,
        offset=4,
        key=key,
        headers=list(headers),
    )
    return dead_letter_of(message, {TOPIC: CUSTOMER})


def test_a_dead_letter_of_the_consumer() -> None:
    found = letter(
        ("reason", b"rejected"), ("topic", TOPIC.encode()), ("partition", b"2"), ("offset", b"9")
    )
    assert found == DeadLetter(
        partition=1,
        position=4,
        id="a",
        reason="rejected",
        from_topic=TOPIC,
        from_partition=2,
        from_position=9,
    )


def test_a_dead_letter_of_a_sink_connector() -> None:
    lead = "__connect.errors."
    found = letter(
        (f"{lead}exception.message", b"no \xff"),
        (f"{lead}topic", TOPIC.encode()),
        (f"{lead}partition", b"2"),
        (f"{lead}offset", b"9"),
    )
    assert (found.id, found.reason, found.from_topic) == ("a", "no \ufffd", TOPIC)
    assert (found.from_partition, found.from_position) == (2, 9)


def test_the_consumer_s_own_headers_come_first_unless_they_are_empty() -> None:
    connect = ("__connect.errors.exception.message", b"of Connect")
    assert letter(connect, ("reason", b"own")).reason == "own"
    assert letter(connect, ("reason", b"")).reason == "of Connect"
    assert letter(connect, ("reason", None)).reason == "of Connect"


@pytest.mark.parametrize("number", [b"", b"-1", b"x", "\u0663".encode()])
def test_a_dead_letter_whose_headers_do_not_say_where_it_was_read(number: bytes) -> None:
    found = letter(("partition", number), ("offset", number))
    assert (found.reason, found.from_topic, found.id) == ("no reason given", "", None)
    assert (found.from_partition, found.from_position) == (-1, -1)


def test_a_dead_letter_of_a_foreign_topic_has_no_id() -> None:
    assert letter(("topic", b"cdc.public.other")).id is None
