from typing import Any

import msgspec
import pytest

from cdc_consumer.events import Event, Rejection, parse
from cdc_consumer.settings import Table
from tests.unit.consumer.builders import DEBEZIUM_US, ORDERS, SOURCE_US, flattened, record

ITEM = Table(table="public.item", key=("order_id", "line"), collection="item")


def parsed(value: bytes, key: bytes | None = b'{"id":"a"}', table: Table = ORDERS) -> Event:
    found = parse(record(key=key, value=value), table)
    assert isinstance(found, Event), found
    return found


def test_an_event_is_parsed_with_its_columns_and_its_metadata() -> None:
    found = parsed(flattened(id="a", status="open", total="1.50", note=None))
    assert (found.collection, found.id, found.lsn, found.op) == ("orders", "a", 7, "u")
    assert (found.tx_id, found.source_us, found.debezium_us) == (3, SOURCE_US, DEBEZIUM_US)
    assert found.fields == {"id": "a", "status": "open", "total": "1.50", "note": None}
    assert found.whole


@pytest.mark.parametrize(
    ("value", "key", "reason", "detail"),
    [
        pytest.param(b"{", b'{"id":"a"}', "invalid-json", "value: ", id="broken JSON"),
        pytest.param(b"", b'{"id":"a"}', "invalid-json", "value: ", id="empty value"),
        pytest.param(b'{"a":"\xff"}', b'{"id":"a"}', "invalid-json", "value: ", id="no UTF-8"),
        pytest.param(b"[" * 9999, b'{"id":"a"}', "invalid-json", "value: ", id="too deep"),
        pytest.param(b"[1]", b'{"id":"a"}', "not-an-object", "value is a JSON list", id="array"),
        pytest.param(b"null", b'{"id":"a"}', "not-an-object", "value is a JSON", id="null"),
        pytest.param(flattened(), None, "missing-key", "no key", id="no key"),
        pytest.param(flattened(), b"", "missing-key", "no key", id="empty key"),
        pytest.param(flattened(), b"nope", "invalid-json", "key: ", id="key is no JSON"),
        pytest.param(flattened(), b'"a"', "not-an-object", "key is a JSON str", id="plain key"),
        pytest.param(flattened(), b'{"x":1}', "missing-key", "lacks id", id="another key"),
        pytest.param(flattened(), b'{"id":null}', "missing-key", "lacks id", id="null in key"),
    ],
)
def test_a_record_that_is_no_event_of_the_table_is_rejected(
    value: bytes, key: bytes | None, reason: str, detail: str
) -> None:
    found = parse(record(key=key, value=value), ORDERS)
    assert isinstance(found, Rejection)
    assert (found.reason, found.record.value) == (reason, value)
    assert detail in found.detail


@pytest.mark.parametrize(
    ("fields", "reason", "detail"),
    [
        ({"__op": ...}, "unknown-op", "__op is None"),
        ({"__op": "t"}, "unknown-op", "__op is 't'"),
        ({"__op": ["c"]}, "unknown-op", "__op is ['c']"),
        ({"__source_lsn": ...}, "missing-lsn", "__source_lsn is None"),
        ({"__source_lsn": "7"}, "missing-lsn", "__source_lsn is '7'"),
        ({"__source_lsn": 7.5}, "missing-lsn", "7.5"),
        ({"__source_lsn": True}, "missing-lsn", "True"),
        ({"__source_lsn": -1}, "missing-lsn", "-1"),
        ({"__source_lsn": 2**63}, "missing-lsn", str(2**63)),
        ({"__source_txId": "3"}, "invalid-metadata", "__source_txId is '3'"),
        ({"__source_ts_us": 1.5}, "invalid-metadata", "__source_ts_us is 1.5"),
        ({"__ts_us": False}, "invalid-metadata", "__ts_us is False"),
        ({"_id": 1}, "reserved-column", "'_id'"),
        ({"_cdc": 1}, "reserved-column", "'_cdc'"),
        ({"a.b": 1}, "reserved-column", "'a.b'"),
        ({"$set": 1}, "reserved-column", "'$set'"),
        ({"": 1}, "reserved-column", "''"),
        ({"a\0": 1}, "reserved-column", "'a\\x00'"),
    ],
    ids=str,
)
def test_an_event_that_no_document_can_come_of_is_rejected(
    fields: dict[str, Any], reason: str, detail: str
) -> None:
    found = parse(record(value=flattened(**fields)), ORDERS)
    assert isinstance(found, Rejection)
    assert found.reason == reason
    assert detail in found.detail


@pytest.mark.parametrize("name", ["__source_txId", "__source_ts_us", "__ts_us"])
def test_metadata_that_debezium_does_not_send_are_none(name: str) -> None:
    found = parsed(flattened(**{name: ...}))
    given = {
        "__source_txId": found.tx_id,
        "__source_ts_us": found.source_us,
        "__ts_us": found.debezium_us,
    }
    assert [other for other, value in given.items() if value is None] == [name]


@pytest.mark.parametrize("lsn", [0, 1, 2**63 - 1])
def test_every_lsn_that_mongodb_can_hold_is_taken(lsn: int) -> None:
    assert parsed(flattened(__source_lsn=lsn)).lsn == lsn


@pytest.mark.parametrize(
    ("table", "key", "expected"),
    [
        pytest.param(ORDERS, {"id": "a b"}, "a b", id="text as it is"),
        pytest.param(ORDERS, {"id": 5}, "5", id="a number as text"),
        pytest.param(ORDERS, {"id": "a", "other": 1}, "a", id="only the key's columns"),
        pytest.param(ITEM, {"order_id": "a", "line": 2}, '["a",2]', id="composite"),
        pytest.param(ITEM, {"line": 2, "order_id": "a"}, '["a",2]', id="composite, other order"),
        pytest.param(ITEM, {"order_id": 'a",2]', "line": 1}, '["a\\",2]",1]', id="no collision"),
    ],
)
def test_the_key_becomes_the_id(table: Table, key: dict[str, Any], expected: str) -> None:
    assert parsed(flattened(), msgspec.json.encode(key), table).id == expected


def test_a_composite_key_that_lacks_a_column_is_rejected() -> None:
    found = parse(record(key=b'{"order_id":"a"}', value=flattened()), ITEM)
    assert isinstance(found, Rejection)
    assert (found.reason, found.detail) == ("missing-key", "the key lacks order_id, line")


def test_of_a_delete_only_the_key_is_taken() -> None:
    # The default replica identity leaves the other columns empty, whatever the row held.
    found = parsed(flattened(__op="d", id="a", status="", __deleted="true"))
    assert (found.op, found.fields, found.whole) == ("d", {}, True)


def test_an_unchanged_toasted_column_is_left_out_and_the_event_is_not_whole() -> None:
    found = parsed(flattened(id="a", status="paid", note="__debezium_unavailable_value"))
    assert found.fields == {"id": "a", "status": "paid"}
    assert not found.whole


def test_fields_of_debezium_are_no_columns() -> None:
    assert parsed(flattened(id="a", __table="orders", __deleted="false")).fields == {"id": "a"}


@pytest.mark.parametrize(
    ("sequence", "lsn"),
    [('["70","80"]', 80), ('[null,"80"]', 80), ('["70",null]', None), ("[", None), (..., None)],
)
def test_a_row_of_an_incremental_snapshot_has_the_lsn_of_the_change_before_it(
    sequence: object, lsn: int | None
) -> None:
    value = flattened(__op="r", __source_lsn=None, __source_sequence=sequence)
    found = parse(record(key=b'{"id":"a"}', value=value), ORDERS)
    if lsn is None:
        assert isinstance(found, Rejection)
        assert found.reason == "missing-lsn"
    else:
        assert isinstance(found, Event)
        assert (found.lsn, found.position) == (lsn, None)


def test_only_a_row_that_was_read_may_lack_an_lsn() -> None:
    value = flattened(__op="u", __source_lsn=None, __source_sequence='["70","80"]')
    found = parse(record(key=b'{"id":"a"}', value=value), ORDERS)
    assert isinstance(found, Rejection)
    assert found.reason == "missing-lsn"
