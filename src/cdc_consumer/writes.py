"""Convert a coalesced write to a guarded MongoDB operation. No I/O.

The guard is the filter `{_id, "_cdc.position": {$lt: position}}` with upsert. An older document
matches and is changed; if there is none, one is inserted; a newer one does not match, the insert
conflicts with its `_id`, and the answer is E11000. All of this is one atomic operation of the
server, so replays and a second consumer cannot revert a document. An event without a position is
guarded by its offset in Kafka.

The guard accepts only newer writes, but it rejects some of them: a document of a row that a
snapshot read has no position. Such a document is read and compared by `order`, and the write is
resent for exactly the state that was read.

A write of the whole row replaces the document, so that no column stays that was dropped at the
source or belongs to an earlier row with the same key. The replacement includes its `_id`, because
otherwise nx-27017 generates one when it inserts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pymongo import ReplaceOne, UpdateOne

from cdc_consumer.coalesce import Write
from cdc_consumer.events import Event

Operation = ReplaceOne[dict[str, Any]] | UpdateOne
DELETED_AT = "deleted_at"
# Within `_cdc`, where it cannot be confused with a column, and which every write replaces.
MARKER_DATE = f"_cdc.{DELETED_AT}"


def operation(write: Write, applied_us: int, seen: Mapping[str, Any] | None) -> Operation:
    """Return the guarded operation of a write.

    Args:
        write: The write.
        applied_us: The time of sending, microseconds since the epoch.
        seen: The `_cdc` of the document that the write is known to be newer than; None if no
            document was read.
    """
    guard = {"_id": write.last.id, **(_newer(write.last) if seen is None else _unchanged(seen))}
    if write.replaces:
        return ReplaceOne(guard, document(write, applied_us), upsert=True)
    changes = {"$set": {**write.fields, "_cdc": metadata(write, applied_us)}}
    return UpdateOne(guard, changes, upsert=True)


def _newer(event: Event) -> dict[str, Any]:
    """Return a filter that matches a document only if the event is newer."""
    if event.position is not None:
        return {"_cdc.position": {"$lt": event.position}}
    return {"_cdc.log": event.record.log, "_cdc.offset": {"$lt": event.record.offset}}


def _unchanged(seen: Mapping[str, Any]) -> dict[str, Any]:
    """Return a filter that matches a document only while its change is the one that was read.

    A null also matches a missing field.
    """
    return {f"_cdc.{name}": seen.get(name) for name in ("lsn", "log", "offset")}


def document(write: Write, applied_us: int) -> dict[str, Any]:
    """Return the document that a write creates if there was none."""
    return {"_id": write.last.id, **write.fields, "_cdc": metadata(write, applied_us)}


def metadata(write: Write, applied_us: int) -> dict[str, Any]:
    """Return the document's `_cdc`: the newest event's metadata.

    `applied_us` is the time just before the write is sent. The time of the acknowledgment cannot be
    in the document itself; it is in the metrics. A delete also has `deleted_at`, for the TTL index.
    """
    last = write.last
    content: dict[str, Any] = {
        "lsn": last.lsn,
        "log": last.record.log,
        "offset": last.record.offset,
        "op": last.op,
        "tx_id": last.tx_id,
        "source_us": last.source_us,
        "debezium_us": last.debezium_us,
        "kafka_ms": last.record.timestamp_ms,
        "consumed_us": last.record.consumed_us,
        "applied_us": applied_us,
    }
    if last.position is not None:
        content["position"] = last.position
    if last.op == "d":
        content[DELETED_AT] = datetime.fromtimestamp(applied_us / 1e6, UTC)
    return content
