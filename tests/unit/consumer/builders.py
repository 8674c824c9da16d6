"""Records and events with as little said as a test needs."""

import msgspec

from cdc_consumer.events import Event, Op, Record
from cdc_consumer.order import position_of
from cdc_consumer.settings import Table

ORDERS = Table(table="public.orders", key=("id",), collection="orders")
# Unlike each other, so that a test sees which one it got; microseconds, and Kafka's milliseconds.
SOURCE_US = 1_700_000_000_000_000
DEBEZIUM_US = SOURCE_US + 10_000
KAFKA_MS = SOURCE_US // 1000 + 20
CONSUMED_US = SOURCE_US + 30_000
APPLIED_US = SOURCE_US + 40_000
LOG = "T0pic/0"
METADATA = {
    "__op": "u",
    "__source_lsn": 7,
    "__source_sequence": None,
    "__source_txId": 3,
    "__source_ts_us": SOURCE_US,
    "__ts_us": DEBEZIUM_US,
}


def record(
    *,
    key: bytes | None = b'{"id":"a"}',
    value: bytes | None = b"{}",
    topic: str = "cdc.public.orders",
    log: str = LOG,
    offset: int = 0,
) -> Record:
    """Return a record as Kafka delivers it."""
    return Record(
        topic=topic,
        partition=0,
        log=log,
        offset=offset,
        timestamp_ms=KAFKA_MS,
        consumed_us=CONSUMED_US,
        key=key,
        value=value,
    )


def flattened(**fields: object) -> bytes:
    """Return the value of an event as Debezium's transform writes it; `...` leaves a field out."""
    content = {**METADATA, **fields}
    return msgspec.json.encode({k: v for k, v in content.items() if v is not ...})


def event(  # noqa: PLR0913 - each may be left out
    lsn: int = 7,
    op: Op = "u",
    *,
    id: str = "a",  # noqa: A002 - the attribute's name
    whole: bool = True,
    commit: int | None = 0,
    sequence: bool = True,
    log: str = LOG,
    offset: int | None = None,
    source_us: int | None = SOURCE_US,
    **fields: object,
) -> Event:
    """Return an event of `orders`.

    Args:
        lsn: Its LSN.
        op: Debezium's letter.
        id: The document's `_id`.
        whole: Whether it has all columns.
        commit: The commit that Debezium saw before it.
        sequence: Whether it came with a sequence at all.
        log: The partition's name.
        offset: Its offset; None: the LSN.
        source_us: When it was committed.
        fields: The columns.
    """
    text = msgspec.json.encode([None if commit is None else str(commit), str(lsn)]).decode()
    return Event(
        collection="orders",
        id=id,
        lsn=lsn,
        position=position_of(text if sequence else None, lsn, op),
        op=op,
        tx_id=3,
        source_us=source_us,
        debezium_us=DEBEZIUM_US,
        fields=fields,
        whole=whole,
        record=record(log=log, offset=lsn if offset is None else offset),
    )
