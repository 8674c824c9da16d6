"""A coalesced write as a guarded MongoDB operation. No I/O.

The guard is the filter `{_id, "_cdc.lsn": {$lt: lsn}}` with upsert. A document that is older
matches and is changed; where there is none, one is inserted; one that is as new does not match, the
insert meets its `_id`, and the answer is E11000: the write is stale. All of it is one atomic
operation of the server, so replays and a second consumer cannot take a document back in time.

A write that carries the whole row replaces the document, so that a column dropped at the source, or
left from an earlier life of the key, does not linger. The replacement names its `_id`, because
nx-27017 invents one otherwise when it inserts.
"""

from datetime import UTC, datetime
from typing import Any

from pymongo import ReplaceOne, UpdateOne

from cdc_consumer.coalesce import Write

Operation = ReplaceOne[dict[str, Any]] | UpdateOne
DELETED_AT = "deleted_at"
# Within `_cdc`, where no column of a table can be taken for it, and which every write replaces.
MARKER_DATE = f"_cdc.{DELETED_AT}"


def operation(write: Write, applied_us: int) -> Operation:
    """Return the guarded operation of a write that is about to be sent at `applied_us`."""
    last = write.last
    guard = {"_id": last.id, "_cdc.lsn": {"$lt": last.lsn}}
    if write.replaces:
        return ReplaceOne(guard, document(write, applied_us), upsert=True)
    changes = {"$set": {**write.fields, "_cdc": metadata(write, applied_us)}}
    return UpdateOne(guard, changes, upsert=True)


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
        "op": last.op,
        "tx_id": last.tx_id,
        "source_us": last.source_us,
        "debezium_us": last.debezium_us,
        "kafka_ms": last.record.timestamp_ms,
        "consumed_us": last.record.consumed_us,
        "applied_us": applied_us,
    }
    if last.op == "d":
        content[DELETED_AT] = datetime.fromtimestamp(applied_us / 1e6, UTC)
    return content
