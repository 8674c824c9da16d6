"""The order of changes, on a real broker and a real server: events made by hand."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewPartitions

from cdc_consumer.order import CLOCK_MICROSECONDS, order_of_document
from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.endpoints import Endpoints
from tests.integration.consumer_process import Lane, Record, event, lane, settle, tombstone

UNAVAILABLE = "__debezium_unavailable_value"


@pytest.fixture
def orders(checkout: Checkout, endpoints: Endpoints, tmp_path: Path) -> Iterator[Lane]:
    with lane(checkout, endpoints, tmp_path) as made:
        made.create_topics()
        yield made


def test_a_change_that_was_written_first_and_committed_last(orders: Lane) -> None:
    consumer = orders.start()
    orders.produce(
        [
            event(200, "c", "x", commit=190, s="old"),
            event(312, "d", "x", commit=302),
            tombstone("x"),
            event(224, "c", "x", commit=424, s="new"),
        ]
    )
    consumer.wait_counted(4)
    assert orders.columns("x") == {"id": "x", "s": "new"}


@pytest.mark.parametrize("lsn", [150, 200], ids=["open at the snapshot", "at its LSN"])
@pytest.mark.parametrize("together", [True, False])
def test_a_change_follows_the_snapshot_of_its_row(
    orders: Lane, lsn: int, *, together: bool
) -> None:
    consumer = orders.start()
    read = event(200, "r", "x", commit=None, s="read", note="kept")
    change = event(lsn, "u", "x", commit=None, s="new", note=UNAVAILABLE)
    if together:
        orders.produce([read, change])
    else:
        orders.produce([read])
        consumer.wait_counted(1)
        orders.produce([change])
    metrics = consumer.wait_counted(2)
    assert orders.columns("x") == {"id": "x", "s": "new", "note": "kept"}
    assert metrics["cdc_consumer_write_retries_total"] == 0


def test_a_second_snapshot_is_newer_than_what_was_streamed(orders: Lane) -> None:
    consumer = orders.start()
    orders.produce([event(510, "u", "x", commit=500, s="streamed")])
    consumer.wait_counted(1)
    orders.produce([event(900, "r", "x", commit=None, s="read")])
    consumer.wait_counted(2)
    assert orders.columns("x") == {"id": "x", "s": "read"}


def test_a_recreated_topic_is_read_from_its_start(orders: Lane) -> None:
    """Its offsets are lower than those of the documents."""
    consumer = orders.start()
    orders.produce(
        [event(n + 500, "u", f"row-{n % 4}", commit=n + 490, s="before") for n in range(8)]
    )
    consumer.wait_counted(8)
    assert consumer.stop() == 0
    settle(orders.admin.delete_topics([orders.topic(), orders.dead_letter_topic]).values())
    orders.create_topics()
    orders.produce([event(900, "r", f"row-{n}", commit=None, s="read") for n in range(3)])
    orders.produce([event(880, "u", "row-0", commit=None, s="open at the snapshot")])
    orders.start().wait_counted(4)
    assert {name: (orders.columns(name) or {})["s"] for name in ("row-0", "row-1", "row-3")} == {
        "row-0": "open at the snapshot",
        "row-1": "read",
        "row-3": "before",
    }


@pytest.mark.parametrize("first", [0, 1])
def test_a_key_in_two_partitions(orders: Lane, first: int) -> None:
    settle(orders.admin.create_partitions([NewPartitions(orders.topic(), 2)]).values())
    consumer = orders.start()
    changes = [event(200 + n, "u", "x", commit=190 + n, s=n) for n in range(6)]
    halves = [
        [Record(each.key, each.value, partition=part) for each in half]
        for part, half in enumerate((changes[:3], changes[3:]))
    ]
    for part in (first, 1 - first):
        orders.produce(halves[part])
        consumer.wait_counted(3 if part == first else 6)
    assert orders.columns("x") == {"id": "x", "s": 5}


def test_events_without_a_sequence_count_by_their_place(orders: Lane) -> None:
    consumer = orders.start()
    orders.produce(
        [
            event(312, "d", "x", sequence=False),
            tombstone("x"),
            event(224, "c", "x", sequence=False, s="new"),
        ]
    )
    consumer.wait_counted(3)
    assert orders.columns("x") == {"id": "x", "s": "new"}
    # A replay by the consumer itself.
    assert consumer.stop() == 0
    before = orders.documents()
    orders.rename_group()
    orders.start().wait_counted(3)
    assert orders.documents() == before


def test_documents_of_an_older_version_are_compared_by_lsn(orders: Lane) -> None:
    orders.collection().insert_many(
        [{"_id": name, "s": "old", "_cdc": {"lsn": 100, "op": "u"}} for name in ("x", "y")]
    )
    consumer = orders.start()
    orders.produce([event(101, "u", "x", commit=90, s="new"), event(99, "u", "y", s="replay")])
    metrics = consumer.wait_counted(2)
    assert {name: each["s"] for name, each in orders.documents().items()} == {
        "x": "new",
        "y": "old",
    }
    assert metrics["cdc_consumer_stale_events_total"] == 1
    # From then on by the order of commits.
    orders.produce([event(95, "u", "x", commit=102, s="committed last")])
    consumer.wait_counted(3)
    assert orders.columns("x") == {"s": "committed last", "id": "x"}


def test_positions_that_restart_are_dead_letters(orders: Lane) -> None:
    consumer = orders.start()
    now_us = time.time_ns() // 1000
    orders.produce([event(9000, "u", "x", commit=8990, s="before", at_us=now_us)])
    consumer.wait_counted(1)
    later_us = now_us + CLOCK_MICROSECONDS + 1_000_000
    orders.produce([event(40, "u", "x", commit=30, s="restored", at_us=later_us)])
    metrics = consumer.wait_counted(2)
    assert metrics["cdc_consumer_stale_events_total"] == 0
    (letter,) = orders.dead_letters()
    assert dict(letter.headers() or [])["reason"] == b"position-went-back"
    # A new snapshot ends it.
    orders.produce(
        [
            event(50, "r", "x", commit=None, s="read", at_us=later_us),
            event(60, "u", "x", commit=55, s="after", at_us=later_us),
        ]
    )
    consumer.wait_counted(4)
    assert orders.columns("x") == {"id": "x", "s": "after"}


def test_an_update_without_a_column_of_a_row_that_is_not_there_is_counted(orders: Lane) -> None:
    consumer = orders.start()
    orders.produce([event(7, "u", "x", s="new", note=UNAVAILABLE)])
    metrics = consumer.wait_counted(1)
    assert metrics["cdc_consumer_incomplete_events_total"] == 1
    assert "incomplete" in consumer.log


def test_records_that_retention_removed_are_not_passed_over(orders: Lane) -> None:
    consumer = orders.start()
    orders.produce([event(n, "c", f"row-{n}", s=n) for n in range(4)])
    consumer.wait_counted(4)
    assert consumer.stop() == 0
    orders.produce([event(n, "c", f"row-{n}", s=n) for n in range(4, 8)])
    removed = TopicPartition(orders.topic(), 0, 6)
    settle(orders.admin.delete_records([removed]).values())
    refused = orders.start(ready=False)
    assert refused.ended() == 3
    assert orders.topic() in refused.log
    assert "Traceback" not in refused.log
    assert orders.collection().count_documents({}) == 4
    assert orders.committed() == 4


def test_the_guard_and_the_rule_agree_on_every_pair(orders: Lane) -> None:
    """Of each two changes of a row, in whatever order they come, the one that the rule says stays.

    Each row gets two changes, a batch for each, so that the second meets the document of the first.
    """
    kinds: list[dict[str, Any]] = [
        {"lsn": lsn, "op": op, "commit": commit, "sequence": sequence}
        for lsn, op, commit, sequence in itertools.product(
            (100, 200), ("u", "r"), (None, 90, 150, 210), (True, False)
        )
    ]
    pairs = list(itertools.product(kinds, repeat=2))
    consumer = orders.start()
    now_us = time.time_ns() // 1000
    firsts = [event(key=f"row-{n}", s=1, at_us=now_us, **one) for n, (one, _) in enumerate(pairs)]
    seconds = [event(key=f"row-{n}", s=2, at_us=now_us, **two) for n, (_, two) in enumerate(pairs)]
    orders.produce(firsts)
    consumer.wait_counted(len(pairs))
    before = {name: order_of_document(each["_cdc"]) for name, each in orders.documents().items()}
    orders.produce(seconds)
    consumer.wait_counted(2 * len(pairs))
    after = orders.documents()
    for number, (_, two) in enumerate(pairs):
        name = f"row-{number}"
        stored = before[name]
        assert stored is not None
        position = None
        if two["sequence"] and two["op"] != "r":
            commit = two["lsn"] if two["commit"] is None else two["commit"]
            position = f"{commit:016x}.{two['lsn']:016x}"
        second = msgspec.structs.replace(
            stored,
            lsn=two["lsn"],
            read=two["op"] == "r",
            position=position,
            offset=len(pairs) + number,
        )
        expected = 2 if second.against(stored) == "newer" else 1
        assert after[name]["s"] == expected, (pairs[number], after[name])
