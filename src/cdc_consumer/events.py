"""Parse a Kafka record to a change event, or to the reason why it can never be one. No I/O."""

from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import Struct

from cdc_consumer.order import READ, Order, lsn_of_read, position_of
from cdc_consumer.placeholders import is_unavailable
from cdc_consumer.settings import Table

Op = Literal["c", "u", "d", "r"]
Reason = Literal[
    "invalid-json",
    "not-an-object",
    "missing-key",
    "missing-lsn",
    "unknown-op",
    "invalid-metadata",
    "reserved-column",
    "rejected-by-mongodb",
    "position-went-back",
]

OPS = frozenset(("c", "u", "d", READ))
# The fields that the consumer itself writes into a document, besides the columns.
RESERVED = frozenset(("_id", "_cdc"))
HIGHEST_LSN = 2**63 - 1
# Optional metadata, with types.
_OPTIONAL = {
    "__source_sequence": str,
    "__source_txId": int,
    "__source_ts_us": int,
    "__ts_us": int,
}


class Record(Struct, frozen=True, gc=False):
    """A record from Kafka.

    Attributes:
        topic: The topic it was read from.
        partition: The partition it was read from.
        log: The topic's ID and the partition; a recreated topic has another ID.
        offset: Its offset there.
        timestamp_ms: Kafka's timestamp of it, milliseconds since the epoch.
        consumed_us: When the consumer received it, microseconds since the epoch.
        key: The key's bytes.
        value: The value's bytes; None for a tombstone.
    """

    topic: str
    partition: int
    log: str
    offset: int
    timestamp_ms: int
    consumed_us: int
    key: bytes | None
    value: bytes | None


class Event(Struct, frozen=True):
    """One change of one row.

    Attributes:
        collection: The collection it belongs to.
        id: The document's `_id`.
        lsn: The change's LSN in PostgreSQL's WAL.
        position: Its position in commit order (`order.position_of`); None if unknown.
        op: Debezium's letter: create, update, delete, or read in a snapshot.
        tx_id: PostgreSQL's transaction; None if missing.
        source_us: When it was committed, microseconds since the epoch; None if missing.
        debezium_us: When Debezium handled it, microseconds since the epoch; None if missing.
        fields: The columns that the event carries; empty for a delete.
        whole: Whether `fields` is the whole row. It is not if PostgreSQL omitted an unchanged
            TOASTed value.
        record: The record it came in.
    """

    collection: str
    id: str
    lsn: int
    position: str | None
    op: Op
    tx_id: int | None
    source_us: int | None
    debezium_us: int | None
    fields: dict[str, Any]
    whole: bool
    record: Record

    @property
    def order(self) -> Order:
        """Its order among the changes of its row."""
        return Order(
            lsn=self.lsn,
            read=self.op == READ,
            position=self.position,
            log=self.record.log,
            offset=self.record.offset,
            source_us=self.source_us,
        )


class Rejection(Struct, frozen=True):
    """A record that can never be applied, with a reason code and a detail text."""

    record: Record
    reason: Reason
    detail: str


def parse(record: Record, table: Table) -> Event | Rejection:
    """Parse a record of Debezium's flattened JSON (ExtractNewRecordState, without schemas).

    The metadata are the fields `__op`, `__source_lsn`, `__source_sequence`, `__source_txId`,
    `__source_ts_us`, and `__ts_us`, added by the transform's `add.fields`; all except the first two
    are optional. Fields that start with `__` are omitted from the document.
    """
    value = _object(record, record.value, "value")
    if isinstance(value, Rejection):
        return value
    identity = _identity(record, table)
    if isinstance(identity, Rejection):
        return identity
    fault = _fault(value)
    if fault is not None:
        return Rejection(record, *fault)
    op, lsn = value["__op"], _lsn(value)
    try:
        position = position_of(value.get("__source_sequence"), lsn, op)
    except msgspec.DecodeError as error:
        return Rejection(record, "invalid-metadata", f"__source_sequence: {error}")
    fields: dict[str, Any] = {}
    carried = 0
    # A delete carries empty values under the default replica identity: only its key is used.
    if op != "d":
        columns = _columns(tuple(value))
        if isinstance(columns, str):
            return Rejection(
                record, "reserved-column", f"a document cannot have a field {columns!r}"
            )
        carried = len(columns)
        fields = {name: value[name] for name in columns if not is_unavailable(value[name])}
    return Event(
        collection=table.collection,
        id=identity,
        lsn=lsn,
        position=position,
        op=op,
        tx_id=value.get("__source_txId"),
        source_us=value.get("__source_ts_us"),
        debezium_us=value.get("__ts_us"),
        fields=fields,
        whole=len(fields) == carried,
        record=record,
    )


def _fault(value: dict[str, Any]) -> tuple[Reason, str] | None:
    """Return what is wrong with an event's metadata, or None."""
    op = value.get("__op")
    if not isinstance(op, str) or op not in OPS:
        return "unknown-op", f"__op is {op!r}"
    lsn = _lsn(value)
    if type(lsn) is not int or not 0 <= lsn <= HIGHEST_LSN:
        return "missing-lsn", f"__source_lsn is {lsn!r}"
    for name, kind in _OPTIONAL.items():
        item = value.get(name)
        if item is not None and type(item) is not kind:
            return "invalid-metadata", f"{name} is {item!r}"
    return None


def _lsn(value: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the record has
    """Return the LSN of an event, or of the change before it if it has none, as it is there."""
    lsn, sequence = value.get("__source_lsn"), value.get("__source_sequence")
    if lsn is None and value["__op"] == READ and isinstance(sequence, str):
        with suppress(msgspec.DecodeError):
            return lsn_of_read(sequence)
    return lsn


def _object(record: Record, data: bytes | None, what: str) -> dict[str, Any] | Rejection:
    try:
        decoded = msgspec.json.decode(data or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Rejection(record, "invalid-json", f"{what}: {error}")
    if not isinstance(decoded, dict):
        return Rejection(record, "not-an-object", f"{what} is a JSON {type(decoded).__name__}")
    return decoded


def _identity(record: Record, table: Table) -> str | Rejection:
    """Return the `_id`: the key's value as text, or a composite key's values as compact JSON."""
    if not record.key:
        return Rejection(record, "missing-key", "the record has no key")
    key = _object(record, record.key, "key")
    if isinstance(key, Rejection):
        return key
    values = [key.get(column) for column in table.key]
    if None in values:
        return Rejection(record, "missing-key", f"the key lacks {', '.join(table.key)}")
    if len(values) > 1:
        return msgspec.json.encode(values).decode()
    value = values[0]
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


@lru_cache(maxsize=256)
def _columns(names: tuple[str, ...]) -> tuple[str, ...] | str:
    """Return the columns among an event's fields, or the name of one that no document can hold.

    A table's events have the same fields in the same order, so this is computed once per shape.
    MongoDB reads a dot in an update as a path and a leading dollar sign as an operator.
    """
    columns = tuple(name for name in names if not name.startswith("__"))
    for name in columns:
        if name in RESERVED or not name or "." in name or name.startswith("$") or "\0" in name:
            return name
    return columns
