from datetime import UTC, datetime

import pytest
from pymongo import ReplaceOne, UpdateOne

from cdc_consumer.coalesce import Write, coalesce
from cdc_consumer.events import Event
from cdc_consumer.writes import MARKER_DATE, document, metadata, operation
from tests.unit.consumer.builders import (
    APPLIED_US,
    CONSUMED_US,
    DEBEZIUM_US,
    KAFKA_MS,
    LOG,
    SOURCE_US,
    event,
)

POSITION = "0000000000000000.0000000000000007"
CDC = {
    "lsn": 7,
    "log": LOG,
    "offset": 7,
    "position": POSITION,
    "tx_id": 3,
    "source_us": SOURCE_US,
    "debezium_us": DEBEZIUM_US,
    "kafka_ms": KAFKA_MS,
    "consumed_us": CONSUMED_US,
    "applied_us": APPLIED_US,
}
GUARD = {"_id": "a", "_cdc.position": {"$lt": POSITION}}
DELETED = datetime.fromtimestamp(APPLIED_US / 1e6, UTC)


def write_of(item: Event) -> Write:
    (write,) = coalesce([item]).writes
    return write


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            event(7, "c", s=1),
            ReplaceOne(GUARD, {"_id": "a", "s": 1, "_cdc": {**CDC, "op": "c"}}, upsert=True),
            id="a whole row replaces the document",
        ),
        pytest.param(
            event(7, "u", whole=False, s=1),
            UpdateOne(GUARD, {"$set": {"s": 1, "_cdc": {**CDC, "op": "u"}}}, upsert=True),
            id="a partial row is set in it",
        ),
        pytest.param(
            event(7, "d"),
            ReplaceOne(
                GUARD,
                {"_id": "a", "_cdc": {**CDC, "op": "d", "deleted_at": DELETED}},
                upsert=True,
            ),
            id="a delete leaves a marker",
        ),
    ],
)
def test_every_write_is_guarded_by_its_position(item: Event, expected: object) -> None:
    assert operation(write_of(item), APPLIED_US, None) == expected


@pytest.mark.parametrize(
    "item", [event(7, "r"), event(7, sequence=False)], ids=["read", "no sequence"]
)
def test_an_event_without_a_position_is_guarded_by_its_place(item: Event) -> None:
    guard = {"_id": "a", "_cdc.log": LOG, "_cdc.offset": {"$lt": 7}}
    content = document(write_of(item), APPLIED_US)
    assert "position" not in content["_cdc"]
    assert operation(write_of(item), APPLIED_US, None) == ReplaceOne(guard, content, upsert=True)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"lsn": 5, "log": LOG, "offset": 2}, (5, LOG, 2)),
        ({"lsn": 5, "op": "u"}, (5, None, None)),
    ],
    ids=["now", "of an older version"],
)
def test_a_write_that_is_known_to_be_newer_is_guarded_by_what_was_seen(
    seen: dict[str, object], expected: tuple[object, ...]
) -> None:
    guard = dict(zip(("_cdc.lsn", "_cdc.log", "_cdc.offset"), expected, strict=True))
    item = event(7, whole=False, s=1)
    changes = {"$set": document(write_of(item), APPLIED_US)}
    del changes["$set"]["_id"]
    found = operation(write_of(item), APPLIED_US, seen)
    assert found == UpdateOne({"_id": "a", **guard}, changes, upsert=True)


def test_a_column_called_like_the_markers_date_stays_a_column() -> None:
    content = document(write_of(event(7, "u", deleted_at="2020-01-01T00:00:00Z")), APPLIED_US)
    assert content["deleted_at"] == "2020-01-01T00:00:00Z"
    assert "deleted_at" not in content["_cdc"]
    assert MARKER_DATE == "_cdc.deleted_at"


def test_the_metadata_are_those_of_the_newest_event() -> None:
    (write,) = coalesce([event(7, "c"), event(9, "u")]).writes
    found = metadata(write, APPLIED_US)
    assert (found["lsn"], found["op"]) == (9, "u")
