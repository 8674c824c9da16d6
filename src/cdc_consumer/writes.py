"""A coalesced write as a guarded MongoDB operation. No I/O.

The guard is the filter `{_id, "_cdc.position": {$lt: position}}` with upsert. A document that is
older matches and is changed; where there is none, one is inserted; any other one does not match,
the insert meets its `_id`, and the answer is E11000. All of it is one atomic operation of the
server, so replays and a second consumer cannot take a document back in time. An event without a
position is guarded by its place in Kafka.

The guard lets nothing pass that is not newer, but it turns away some writes that are: a document of
a row that a snapshot read has no position. Such a document is read, compared by `order`, and the
write is sent again for just the state that was seen.

A write that carries the whole row replaces the document, so that a column dropped at the source, or
left from an earlier life of the key, does not linger. The replacement names its `_id`, because
nx-27017 invents one otherwise when it inserts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pymongo import ReplaceOne, UpdateOne

from cdc_consumer.coalesce import Write
from cdc_consumer.events import Event

Operation = ReplaceOne[dict[str, Any]] | UpdateOne
DELETED_AT = "deleted_at"
# Within `_cdc`, where no column of a table can be taken for it, and which every write replaces.
MARKER_DATE = f"_cdc.{DELETED_AT}"


def operation(write: Write, applied_us: int, seen: Mapping[str, Any] | None) -> Operation:
    """Return the guarded operation of a write.

    Args:
        write: The write.
        applied_us: When it is about to be sent, microseconds since the epoch.
        seen: The `_cdc` of the document that the write is known to be newer than; None: no document
            was looked at.
    """
    guard = {"_id": write.last.id, **(_newer(write.last) if seen is None else _unchanged(seen))}
    if write.replaces:
        return ReplaceOne(guard, document(write, applied_us), upsert=True)
    changes = {"$set": {**write.fields, "_cdc": metadata(write, applied_us)}}
    return UpdateOne(guard, changes, upsert=True)


def _newer(event: Event) -> dict[str, Any]:
    """Return what is true of a document only if the event is newer."""
    if event.position is not None:
        return {"_cdc.position": {"$lt": event.position}}
    return {"_cdc.log": event.record.log, "_cdc.offset": {"$lt": event.record.offset}}


def _unchanged(seen: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is true of a document only while its change is the one that was seen.

    Equal to null is a field that is missing, too.
    """
    return {f"_cdc.{name}": seen.get(name) for name in ("lsn", "log", "offset")}


def document(write: Write, applied_us: int) -> dict[str, Any]:
    """Return the document that a write leaves where there was none."""
    return {"_id": write.last.id, **write.fields, "_cdc": metadata(write, applied_us)}


def metadata(write: Write, applied_us: int) -> dict[str, Any]:
    """Return the document's `_cdc`: the newest event's metadata.

    `applied_us` is the moment before the write is sent; the acknowledgement cannot be known in the
    document itself and is in the metrics. A delete's holds `deleted_at` too, for the TTL index.
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
