"""Decode the records of the pipeline's topics."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
from confluent_kafka.cimpl import Message

from cdc_perf.files import NOT_JSON
from cdc_perf.settings.pipeline import Table

TOMBSTONE, UNREADABLE = "t", "?"
READ = "r"
_OPS = frozenset(("c", "u", "d", READ))
# The headers of a dead letter: those of cdc-consumer, and those of a Kafka Connect sink connector.
# https://kafka.apache.org/documentation/#connect_errorhandling
_HEADERS = {
    "reason": ("reason", "__connect.errors.exception.message"),
    "topic": ("topic", "__connect.errors.topic"),
    "partition": ("partition", "__connect.errors.partition"),
    "offset": ("offset", "__connect.errors.offset"),
}


class _Value(msgspec.Struct, frozen=True):
    """The fields of an event that are read; Debezium's transform adds them."""

    op: str = msgspec.field(name="__op")
    lsn: int = msgspec.field(name="__source_lsn")
    tx: int | None = msgspec.field(name="__source_txId", default=None)
    sequence: str | None = msgspec.field(name="__source_sequence", default=None)


_VALUE = msgspec.json.Decoder(_Value)
# Debezium's `source.sequence`: the last commit that it saw before the change, and the change's own
# LSN, as the text of a JSON array of two strings, each a number or null.
_SEQUENCE = msgspec.json.Decoder(tuple[int | None, int | None], strict=False)


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
    """

    topic: str
    partition: int
    position: int
    id: str | None
    op: str
    lsn: int | None
    tx: int | None
    commit: int | None = None


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that the consumer gave up on, the reason, and where the consumer read it."""

    partition: int
    position: int
    id: str | None
    reason: str
    from_topic: str
    from_partition: int
    from_position: int


def event_of(message: Message, table: Table) -> ChangeEvent:
    """Return the event in a record of a table's topic."""
    op, lsn, tx, commit = UNREADABLE, None, None, None
    value = message.value()
    if value is None:
        op = TOMBSTONE
    else:
        try:
            found = _VALUE.decode(value)
        except NOT_JSON:
            found = None
        if found is not None and found.op in _OPS:
            op, lsn, tx, commit = found.op, found.lsn, found.tx, _commit(found)
    identity = _id(message.key(), table)
    return ChangeEvent(
        topic=str(message.topic()),
        partition=int(message.partition() or 0),
        position=int(message.offset() or 0),
        id=identity,
        op=UNREADABLE if identity is None else op,
        lsn=lsn,
        tx=tx,
        commit=commit,
    )


def _commit(value: _Value) -> int | None:
    if value.sequence is None or value.op == READ:
        return None
    try:
        commit, _ = _SEQUENCE.decode(value.sequence)
    except NOT_JSON:
        return None
    # Before the first commit that Debezium sees there is one transaction, and its LSNs are below
    # those of all following commits.
    return value.lsn if commit is None else commit


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
        content = msgspec.json.decode(key or b"")
    except NOT_JSON:
        return None
    values: Sequence[Any] = [content.get(x) for x in table.key] if isinstance(content, dict) else ()
    if not values or None in values:
        return None
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return msgspec.json.encode(values if len(values) > 1 else values[0]).decode()


def _decoded(value: bytes | str | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else -1
