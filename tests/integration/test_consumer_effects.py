"""What the consumer makes of events in MongoDB, on the real broker and the real server."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Message

from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.hops import parse_hops
from cdc_perf.waiting import NotReady
from tests.integration.consumer_process import (
    ConsumerProcess,
    Lane,
    Record,
    event,
    lane,
    tombstone,
)

UNAVAILABLE = "__debezium_unavailable_value"
NOTE = "long" * 4000
# A broker takes batches of 1,048,588 bytes by default, a record's frame included.
JUST_FITS = 1_048_000


@pytest.fixture
def orders(checkout: Checkout, endpoints: Endpoints, tmp_path: Path) -> Iterator[Lane]:
    with lane(checkout, endpoints, tmp_path) as made:
        made.create_topics()
        yield made


def history(name: str, lsn: int) -> list[Record]:
    """Return a row's life: made, changed, deleted, made again; seven records."""
    return [
        event(lsn, "c", name, status="open", note="first"),
        event(lsn + 10, "u", name, status="paid", note=UNAVAILABLE),
        event(lsn + 20, "u", name, status="sent", note="second"),
        event(lsn + 30, "d", name, status="", note=None),
        tombstone(name),
        event(lsn + 40, "c", name, status="again", note=None),
        event(lsn + 50, "u", name, status="last", note=UNAVAILABLE),
    ]


def test_events_become_documents_with_their_metadata(orders: Lane) -> None:
    consumer = orders.start()
    orders.produce([event(1, "c", "a", status="open", total="1.50")])
    consumer.wait_counted(1)
    (found,) = orders.documents().values()
    metadata = found.pop("_cdc")
    assert found == {"_id": "a", "id": "a", "status": "open", "total": "1.50"}
    assert list(metadata) == [
        *("lsn", "log", "offset", "op", "tx_id", "source_us", "debezium_us"),
        *("kafka_ms", "consumed_us", "applied_us", "position"),
    ]
    assert (metadata["lsn"], metadata["op"], metadata["tx_id"]) == (1, "c", 1)
    times = [
        *(metadata["source_us"], metadata["kafka_ms"] * 1000 + 999),
        *(metadata["consumed_us"], metadata["applied_us"]),
    ]
    assert times[0] <= times[1]
    assert times[2] <= times[3]
    assert times[3] - times[0] < 10_000_000


@pytest.mark.parametrize("max_batch_size", [500, 3, 1])
def test_a_replay_of_the_whole_topic_changes_nothing(orders: Lane, max_batch_size: int) -> None:
    consumer = orders.start(max_batch_size=max_batch_size)
    names = [f"row-{number}" for number in range(8)]
    records = [record for name in names for record in history(name, 100)]
    first = consumer.wait_counted(orders.produce(records))
    before = orders.documents()
    assert {name: orders.columns(name) for name in names} == {
        name: {"id": name, "status": "last", "note": None} for name in names
    }
    assert first["cdc_consumer_stale_events_total"] == 0
    orders.produce(records)
    second = consumer.wait_counted(2 * len(records))
    assert orders.documents() == before
    assert second["cdc_consumer_events_total"] == first["cdc_consumer_events_total"]
    assert second["cdc_consumer_stale_events_total"] == 6 * len(names)


def test_another_group_that_reads_everything_again_changes_nothing(orders: Lane) -> None:
    count = orders.produce(history("a", 100))
    first = orders.start()
    first.wait_counted(count)
    assert first.stop() == 0
    before = orders.documents()
    orders.rename_group()
    again = orders.start().wait_counted(count)
    assert orders.documents() == before
    assert again["cdc_consumer_events_total"] == 0


@pytest.mark.parametrize(
    "older",
    [
        pytest.param(event(5, "u", "a", status="old", note="old"), id="a whole row"),
        pytest.param(event(5, "u", "a", status="old", note=UNAVAILABLE), id="a partial row"),
        pytest.param(event(5, "d", "a"), id="a delete"),
        pytest.param(event(10, "u", "a", status="other", note="other"), id="the same LSN"),
    ],
)
def test_an_older_event_never_overwrites_a_newer_one(orders: Lane, older: Record) -> None:
    consumer = orders.start()
    orders.produce([event(10, "c", "a", status="new", note="new")])
    consumer.wait_counted(1)
    before = orders.documents()
    orders.produce([older])
    assert consumer.wait_counted(2)["cdc_consumer_stale_events_total"] == 1
    assert orders.documents() == before


def test_a_deleted_row_is_not_brought_back_by_a_replayed_insert(orders: Lane) -> None:
    consumer = orders.start()
    life = [event(1, "c", "a", status="open"), event(2, "u", "a", status="paid")]
    orders.produce([*life, event(3, "d", "a"), tombstone("a")])
    consumer.wait_counted(4)
    marker = orders.documents()["a"]
    assert set(marker) == {"_id", "_cdc"}
    assert (marker["_cdc"]["op"], marker["_cdc"]["lsn"]) == ("d", 3)
    assert marker["_cdc"]["deleted_at"].timestamp() > 0
    orders.produce(life)
    metrics = consumer.wait_counted(6)
    assert orders.documents() == {"a": marker}
    assert metrics["cdc_consumer_stale_events_total"] == 2
    assert metrics["cdc_consumer_tombstones_total"] == 1
    # A new life of the key is newer than the marker.
    orders.produce([event(4, "c", "a", status="new")])
    consumer.wait_counted(7)
    assert orders.columns("a") == {"id": "a", "status": "new"}
    assert "deleted_at" not in orders.documents()["a"]["_cdc"]


def test_a_delete_that_comes_first_keeps_the_row_away(orders: Lane) -> None:
    consumer = orders.start()
    orders.produce([event(3, "d", "a"), tombstone("a"), event(1, "c", "a", status="open")])
    consumer.wait_counted(3)
    assert orders.columns("a") is None
    assert orders.documents()["a"]["_cdc"]["lsn"] == 3


def test_delete_markers_expire_where_the_server_can_do_it_aside(orders: Lane) -> None:
    consumer = orders.start()
    indexes = orders.collection().index_information()
    expiring = [i for i in indexes.values() if i.get("expireAfterSeconds") is not None]
    stand_in = orders.client.admin.command("buildInfo").get("process") == "nx_27017"
    if stand_in:
        assert expiring == []
        assert "no-ttl-index" in consumer.log
    else:
        (index,) = expiring
        assert (index["key"], index["expireAfterSeconds"]) == ([("_cdc.deleted_at", 1)], 3600)


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "two batches"])
def test_an_unchanged_toasted_column_is_left_as_it_is(orders: Lane, *, together: bool) -> None:
    consumer = orders.start()
    insert = event(1, "c", "a", status="open", note=NOTE)
    update = event(2, "u", "a", status="paid", note=UNAVAILABLE)
    if together:
        orders.produce([insert, update])
    else:
        orders.produce([insert])
        consumer.wait_counted(1)
        orders.produce([update])
    consumer.wait_counted(2)
    assert orders.columns("a") == {"id": "a", "status": "paid", "note": NOTE}
    # A change of the column itself arrives, and a null is a value.
    orders.produce([event(3, "u", "a", status="paid", note=None)])
    consumer.wait_counted(3)
    assert orders.columns("a") == {"id": "a", "status": "paid", "note": None}


def test_a_column_that_the_source_dropped_does_not_linger(orders: Lane) -> None:
    consumer = orders.start()
    orders.produce([event(1, "c", "a", status="open", old="x")])
    consumer.wait_counted(1)
    orders.produce([event(2, "u", "a", status="paid")])
    consumer.wait_counted(2)
    assert orders.columns("a") == {"id": "a", "status": "paid"}


def test_a_changed_key_moves_the_row(orders: Lane) -> None:
    consumer = orders.start()
    orders.produce(
        [
            event(1, "c", "old", status="open"),
            # Debezium's form of UPDATE ... SET id: one LSN for both.
            event(2, "d", "old"),
            tombstone("old"),
            event(2, "c", "new", status="open"),
        ]
    )
    consumer.wait_counted(4)
    assert orders.columns("old") is None
    assert orders.columns("new") == {"id": "new", "status": "open"}
    # And back.
    orders.produce([event(3, "d", "new"), tombstone("new"), event(3, "c", "old", status="open")])
    consumer.wait_counted(7)
    assert orders.columns("new") is None
    assert orders.columns("old") == {"id": "old", "status": "open"}


def test_a_composite_key_is_one_document(
    checkout: Checkout, endpoints: Endpoints, tmp_path: Path
) -> None:
    with lane(checkout, endpoints, tmp_path, tables=("orders", "item")) as both:
        both.create_topics()
        consumer = both.start()
        key = {"order_id": "a", "line": 1}
        both.produce(
            [
                event(1, "c", "a", status="open"),
                event(2, "c", key, table="item", product="pen"),
                event(3, "u", key, table="item", product="ink"),
            ]
        )
        consumer.wait_counted(3)
        assert list(both.documents("orders")) == ["a"]
        (item,) = both.documents("item").values()
        assert (item["_id"], item["product"]) == ('["a",1]', "ink")


def test_poison_goes_to_the_dead_letters_and_the_stream_goes_on(orders: Lane) -> None:
    consumer = orders.start()
    good = event(1, "c", "a", status="open")
    too_large_an_integer = event(2, "c", "huge", total=2**63)
    poison = {
        "invalid-json": Record({"id": "x"}, b"{"),
        "not-an-object": Record({"id": "x"}, [1]),
        "missing-key": Record(None, good.value),
        "missing-lsn": Record({"id": "x"}, {"id": "x", "__op": "c"}),
        "unknown-op": event(1, "t", "x"),
        "invalid-metadata": Record({"id": "x"}, {"__op": "c", "__source_lsn": 1, "__ts_us": "x"}),
        "reserved-column": event(1, "c", "x", _cdc="mine"),
        "rejected-by-mongodb": too_large_an_integer,
    }
    count = orders.produce([good, *poison.values(), event(3, "c", "z", status="open")])
    metrics = consumer.wait_counted(count)
    assert metrics["cdc_consumer_dead_letters_total"] == len(poison)
    assert set(orders.documents()) == {"a", "z"}
    letters = orders.dead_letters()
    by_reason = {headers(letter)["reason"]: letter for letter in letters}
    assert len(letters) == len(poison)
    for offset, (reason, record) in enumerate(poison.items(), start=1):
        letter = by_reason[reason]
        found = headers(letter)
        assert found["detail"]
        assert (found["topic"], found["partition"]) == (orders.topic(), "0")
        assert found["offset"] == str(offset)
        assert int(found["timestamp"]) == letter.timestamp()[1]
        assert decoded(letter.key()) == decoded(record.key)
        assert decoded(letter.value()) == decoded(record.value)
    assert consumer.stop() == 0
    assert orders.committed() == count


def test_the_bad_one_of_several_changes_of_a_row_is_the_only_one_lost(orders: Lane) -> None:
    orders.produce(
        [
            event(1, "c", "a", status="open", total="1"),
            event(2, "u", "a", status="bad", total=2**63),
            event(3, "u", "a", status="paid", total=UNAVAILABLE),
        ]
    )
    metrics = orders.start().wait_counted(3)
    assert metrics["cdc_consumer_events_total"] == 2
    assert orders.columns("a") == {"id": "a", "status": "paid", "total": "1"}
    assert [headers(letter)["offset"] for letter in orders.dead_letters()] == ["1"]


@pytest.mark.parametrize(
    ("dead_letter", "kept"), [({}, True), ({"max.message.bytes": "1000000"}, False)]
)
def test_a_poison_message_as_large_as_a_message_can_be_does_not_stop_the_stream(
    checkout: Checkout,
    endpoints: Endpoints,
    tmp_path: Path,
    dead_letter: dict[str, str],
    *,
    kept: bool,
) -> None:
    """It goes to the dead letters whole, or without its value where the topic takes less."""
    value = b"{" + b"x" * JUST_FITS
    with lane(checkout, endpoints, tmp_path) as orders:
        orders.create_topics(dead_letter=dead_letter)
        consumer = orders.start()
        orders.produce([Record({"id": "x"}, value), event(1, "c", "a", s=1)])
        consumer.wait_counted(2)
        assert list(orders.documents()) == ["a"]
        (letter,) = orders.dead_letters()
    assert letter.value() == (value if kept else None)
    assert ("value" in headers(letter)) is not kept
    assert (headers(letter)["reason"], headers(letter)["offset"]) == ("invalid-json", "0")


def test_the_http_server_tells_health_readiness_and_metrics(orders: Lane) -> None:
    consumer = orders.start()
    assert consumer.get("/healthz").json()["alive"] is True
    assert consumer.get("/readyz").json() == {
        "ready": True,
        "reasons": [],
        "partitions": [f"{orders.topic()}/0"],
        "mongodb": "",
    }
    assert consumer.get("/nothing").status_code == 404
    orders.produce([event(number, "c", f"row-{number}") for number in range(50)])
    metrics = consumer.wait_counted(50)
    assert metrics["cdc_consumer_batch_size_sum"] == 50
    # Five hops.
    assert metrics["cdc_consumer_hop_seconds_count"] == 5 * 50
    wait_lag(consumer, 0)


def test_a_clock_two_hours_ahead_is_seen_by_the_harness(orders: Lane) -> None:
    """PostgreSQL's clock, as far as the consumer can tell."""
    consumer = orders.start()
    early = event(2, "c", "b")
    assert isinstance(early.value, dict)
    ahead_us = early.value["__source_ts_us"] + 7_200_000_000
    value = {**early.value, "__source_ts_us": ahead_us}
    orders.produce([event(1, "c", "a"), replace(early, value=value)])
    consumer.wait_counted(2)
    hops = parse_hops(consumer.get("/metrics").text).hops
    first = hops["source_to_debezium"]
    assert (first.count, first.negative) == (2, 1)
    assert first.negative_mean == pytest.approx(7_200_000, rel=0.01)
    assert hops["consumer_to_mongodb"].negative == 0
    means = [times.mean or 0.0 for times in hops.values()]
    assert sum(means[:-1]) == pytest.approx(means[-1])


def wait_lag(consumer: ConsumerProcess, expected: int) -> None:
    def probe() -> None:
        found = consumer.metrics().get("cdc_consumer_lag")
        if found != expected:
            raise NotReady(f"the lag is {found}")

    consumer.wait(probe, f"a lag of {expected}")


def headers(letter: Message) -> dict[str, str]:
    given = letter.headers()
    assert isinstance(given, Sequence)
    return {
        name: value.decode() if isinstance(value, bytes) else str(value) for name, value in given
    }


def decoded(content: object) -> object:
    if isinstance(content, bytes):
        try:
            return json.loads(content)
        except ValueError:
            return content
    return content
