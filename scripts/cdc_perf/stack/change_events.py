"""Decode the records of the pipeline's topics.

A record's value is flattened by `ExtractNewRecordState` with the fields `__op` and `__source_lsn`,
or it is Debezium's envelope; its value and its key have Connect's schemas or not. All of this is
detected in each record.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, cast

import msgspec
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME
from confluent_kafka.cimpl import Message

from cdc_perf.files import NOT_JSON
from cdc_perf.settings.pipeline import Table

TOMBSTONE, UNREADABLE = "t", "?"
READ = "r"
_DELETE = "d"
_OPS = frozenset(("c", "u", _DELETE, READ))
# PostgreSQL's LSNs and transactions fit; so does DuckDB's BIGINT.
_Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
# The year 5138: a later time is none, and a sum of many such times still fits.
_LATEST_US = 10**17
# The headers of a dead letter: those of cdc-consumer, and those of a Kafka Connect sink connector.
# https://kafka.apache.org/documentation/#connect_errorhandling
_HEADERS = {
    "reason": ("reason", "__connect.errors.exception.message"),
    "topic": ("topic", "__connect.errors.topic"),
    "partition": ("partition", "__connect.errors.partition"),
    "offset": ("offset", "__connect.errors.offset"),
}


class EventForm(StrEnum):
    """How an event is written; the values are for messages."""

    FLAT = "flattened"
    FLAT_WITH_SCHEMAS = "flattened, with schemas"
    ENVELOPE = "in Debezium's envelope"
    ENVELOPE_WITH_SCHEMAS = "in Debezium's envelope, with schemas"


class RecordClock(StrEnum):
    """The clock that gives the records' timestamps (`message.timestamp.type`)."""

    # CreateTime: the producer, which is Kafka Connect's, sets it before it sends the record.
    PRODUCER = "producer"
    # LogAppendTime: the broker sets it when it appends the record to its log.
    BROKER = "broker"
    # Of several records: some have the one, some the other.
    MIXED = "mixed"


_CLOCKS = {
    TIMESTAMP_CREATE_TIME: RecordClock.PRODUCER,
    TIMESTAMP_LOG_APPEND_TIME: RecordClock.BROKER,
}
_FORM_FLAT, _FORM_ENVELOPE = EventForm.FLAT, EventForm.ENVELOPE
_WITH_SCHEMAS = {
    _FORM_FLAT: EventForm.FLAT_WITH_SCHEMAS,
    _FORM_ENVELOPE: EventForm.ENVELOPE_WITH_SCHEMAS,
}


class _Flat(msgspec.Struct, frozen=True):
    """The fields of a flattened event that are read; Debezium's transform adds them."""

    op: str = msgspec.field(name="__op")
    lsn: _Number | None = msgspec.field(name="__source_lsn", default=None)
    tx: _Number | None = msgspec.field(name="__source_txId", default=None)
    sequence: str | None = msgspec.field(name="__source_sequence", default=None)
    # Any: another transform may have made text of a time, which is then unknown.
    source_us: Any = msgspec.field(name="__source_ts_us", default=None)
    source_ms: Any = msgspec.field(name="__source_ts_ms", default=None)
    debezium_us: Any = msgspec.field(name="__ts_us", default=None)
    debezium_ms: Any = msgspec.field(name="__ts_ms", default=None)


class _Source(msgspec.Struct, frozen=True):
    """The envelope's `source`; old versions of Debezium have no `ts_us`."""

    lsn: _Number | None = None
    txId: _Number | None = None  # noqa: N815 - Debezium's name
    sequence: str | None = None
    ts_us: Any = None
    ts_ms: Any = None


class _Envelope(msgspec.Struct, frozen=True):
    """Debezium's envelope; or `schema` and `payload`, if the value has schemas.

    https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events
    """

    op: str = ""
    source: _Source | None = None
    ts_us: Any = None
    ts_ms: Any = None
    schema: msgspec.Raw = msgspec.Raw()
    payload: msgspec.Raw = msgspec.Raw()

    def flat(self, source: _Source) -> _Flat:
        """Return the same event as a flattened one has it."""
        return _Flat(
            self.op,
            source.lsn,
            source.txId,
            source.sequence,
            source.ts_us,
            source.ts_ms,
            self.ts_us,
            self.ts_ms,
        )


_JSON = msgspec.json.Decoder()
_FLAT = msgspec.json.Decoder(_Flat)
_ENVELOPE = msgspec.json.Decoder(_Envelope)
# Debezium's `source.sequence`: the last commit that it saw before the change, and the change's own
# LSN, as the text of a JSON array of two strings, each a number or null.
_SEQUENCE = msgspec.json.Decoder(tuple[_Number | None, _Number | None], strict=False)


class ChangeEvent(msgspec.Struct, frozen=True):
    """A record of a table's topic.

    Attributes:
        topic: The topic.
        partition: The partition.
        position: The offset.
        id: The `_id` of the row; None if the key is unreadable.
        op: Debezium's letter of the operation, or TOMBSTONE or UNREADABLE.
        lsn: The LSN of the change.
        tx: Its transaction.
        commit: The LSN of the commit that it follows: the changes of a row are ordered by `(commit,
            lsn)`. None if it was read in a snapshot or has no sequence; it has no place in that
            order.
        source_us: When PostgreSQL committed it, in microseconds since the epoch; None if unknown.
            If the event has only a millisecond, this is its middle.
        debezium_us: When Debezium handled it, likewise.
        kafka_ms: The record's timestamp, in milliseconds since the epoch; None if it has none.
        clock: Whose clock gave `kafka_ms`; None without it.
        form: How the event is written; None without a readable value.
    """

    topic: str
    partition: int
    position: int
    id: str | None
    op: str
    lsn: int | None
    tx: int | None
    commit: int | None = None
    source_us: int | None = None
    debezium_us: int | None = None
    kafka_ms: int | None = None
    clock: RecordClock | None = None
    form: EventForm | None = None


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that the consumer gave up on, the reason, and where the consumer read it."""

    partition: int
    position: int
    id: str | None
    reason: str
    from_topic: str
    from_partition: int
    from_position: int


# What a record's value says: the operation, and the event and its form if it has one. Plain tuples
# and constants, because named tuples and enum attributes take a fifth of the time of a record.
_Value = tuple[str, _Flat | None, EventForm | None]
_DELETED: _Value = (TOMBSTONE, None, None)
_NO_EVENT: _Value = (UNREADABLE, None, None)


def event_of(message: Message, table: Table) -> ChangeEvent:
    """Return the event in a record of a table's topic."""
    value = message.value()
    op, event, form = _DELETED if value is None else _value(value)
    identity = _id(message.key(), table)
    lsn = tx = commit = source_us = debezium_us = None
    if event is not None:
        lsn, tx, commit = _lsn(event), event.tx, _commit(event)
        source_us = _microseconds(event.source_us, event.source_ms)
        debezium_us = _microseconds(event.debezium_us, event.debezium_ms)
    kind, kafka_ms = message.timestamp()
    clock = _CLOCKS.get(kind) if 0 < kafka_ms < _LATEST_US // 1000 else None
    return ChangeEvent(
        topic=str(message.topic()),
        partition=int(message.partition() or 0),
        position=int(message.offset() or 0),
        id=identity,
        op=UNREADABLE if identity is None else op,
        lsn=lsn,
        tx=tx,
        commit=commit,
        source_us=source_us,
        debezium_us=debezium_us,
        kafka_ms=None if clock is None else kafka_ms,
        clock=clock,
        form=form,
    )


def row_of(message: Message, table: Table) -> dict[str, object] | None:
    """Return the row after a record's change, by column; None if the record deletes the row.

    The values are as Debezium wrote them: a column that PostgreSQL did not send again has
    Debezium's placeholder. Fields of a flattened event that start with `__` are metadata.

    Raises:
        ValueError: The record is not an event of a row; the message names the record.
    """
    value = message.value()
    op, _, form = _DELETED if value is None else _value(value)
    known = _id(message.key(), table) is not None
    if known and op in (TOMBSTONE, _DELETE):
        return None
    row = _row(_JSON.decode(value or b""), form) if known and form else None
    if row is None:
        where = f"partition {message.partition()}, offset {message.offset()}"
        raise ValueError(f"topic {message.topic()}, {where}: the record is not an event of a row")
    return row


def _row(content: dict[str, Any], form: EventForm) -> dict[str, object] | None:
    """Return the columns of an event's value; None if an envelope has no row."""
    if form in _WITH_SCHEMAS.values():
        content = content["payload"]
    if form in (EventForm.FLAT, EventForm.FLAT_WITH_SCHEMAS):
        return {name: value for name, value in content.items() if not name.startswith("__")}
    after = content.get("after")
    return after if isinstance(after, dict) else None


def _value(value: bytes | str) -> _Value:
    """Return what a value says."""
    try:
        event, form = _FLAT.decode(value), _FORM_FLAT
    except NOT_JSON:
        try:
            envelope = _ENVELOPE.decode(value)
        except NOT_JSON:
            return _NO_EVENT
        if envelope.source is None:
            return _in_payload(value, envelope)
        event, form = envelope.flat(envelope.source), _FORM_ENVELOPE
    known = event.op in _OPS and (event.lsn is not None or _lsn(event) is not None)
    return (event.op, event, form) if known else _NO_EVENT


def _in_payload(value: bytes | str, envelope: _Envelope) -> _Value:
    """Return what the payload of a value with schemas says."""
    payload = bytes(envelope.payload)
    if not payload or not bytes(envelope.schema):
        return _NO_EVENT
    if payload == b"null":
        # Connect's converter writes a schema and no value. A row may have such columns, but others
        # besides them.
        return _DELETED if len(_JSON.decode(value)) == 2 else _NO_EVENT  # noqa: PLR2004 - both
    op, event, form = _value(payload)
    # A payload within a payload is no event.
    return (op, event, _WITH_SCHEMAS[form]) if form in _WITH_SCHEMAS else _NO_EVENT


def _lsn(event: _Flat) -> int | None:
    """Return the LSN of an event.

    A row that an incremental snapshot read has none; its sequence is that of the change before it.
    """
    if event.lsn is not None or event.op != READ or event.sequence is None:
        return event.lsn
    try:
        return _SEQUENCE.decode(event.sequence)[1]
    except NOT_JSON:
        return None


def _commit(event: _Flat) -> int | None:
    if event.sequence is None or event.op == READ:
        return None
    try:
        commit, _ = _SEQUENCE.decode(event.sequence)
    except NOT_JSON:
        return None
    # Before the first commit that Debezium sees there is one transaction, and its LSNs are below
    # those of all following commits.
    return event.lsn if commit is None else commit


def _microseconds(exact: object, milliseconds: object) -> int | None:
    """Return a time in microseconds since the epoch, else the middle of its millisecond.

    Debezium writes 0 for a time that it does not know.
    """
    if type(exact) is int and 0 < exact < _LATEST_US:
        return exact
    if type(milliseconds) is int and 0 < milliseconds < _LATEST_US // 1000:
        return milliseconds * 1000 + 500
    return None


def dead_letter_of(message: Message, tables: Mapping[str, Table]) -> DeadLetter:
    """Return the content of a record of the dead-letter topic; the tables are keyed by topic."""
    # The headers of a consumed record are a list of pairs.
    pairs = cast("list[tuple[str, str | bytes | None]]", message.headers() or [])
    given = {name: _decoded(value) for name, value in pairs}
    headers = {
        meaning: next((given[name] for name in names if given.get(name)), "")
        for meaning, names in _HEADERS.items()
    }
    topic = headers["topic"]
    table = tables.get(topic)
    return DeadLetter(
        partition=int(message.partition() or 0),
        position=int(message.offset() or 0),
        id=_id(message.key(), table) if table else None,
        reason=headers["reason"] or "no reason given",
        from_topic=topic,
        from_partition=_number(headers["partition"]),
        from_position=_number(headers["offset"]),
    )


def _id(key: bytes | str | None, table: Table) -> str | None:
    """Return the `_id` of a record's key: its text, or the values of a composite key as JSON."""
    try:
        content = _JSON.decode(key or b"")
    except NOT_JSON:
        return None
    if not isinstance(content, dict):
        return None
    if len(content) == 2 and _is_struct(content.get("schema")):  # noqa: PLR2004 - and `payload`
        content = content.get("payload")
    values: Sequence[Any] = [content.get(x) for x in table.key] if isinstance(content, dict) else ()
    if not values or None in values:
        return None
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return msgspec.json.encode(values if len(values) > 1 else values[0]).decode()


def _is_struct(schema: object) -> bool:
    """Return whether this is Connect's schema of a key, and not a key column named `schema`."""
    return isinstance(schema, dict) and schema.get("type") == "struct"


def _decoded(value: bytes | str | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else -1
