"""Records and events with as little said as a test needs."""

import msgspec

from cdc_consumer.events import Event, Op, Record
from cdc_consumer.settings import Table

ORDERS = Table(table="public.orders", key=("id",), collection="orders")
# Unlike each other, so that a test sees which one it got; microseconds, and Kafka's milliseconds.
SOURCE_US = 1_700_000_000_000_000
DEBEZIUM_US = SOURCE_US + 10_000
KAFKA_MS = SOURCE_US // 1000 + 20
CONSUMED_US = SOURCE_US + 30_000
APPLIED_US = SOURCE_US + 40_000
METADATA = {
    "__op": "u",
    "__source_lsn": 7,
    "__source_txId": 3,
    "__source_ts_us": SOURCE_US,
    "__ts_us": DEBEZIUM_US,
}


def record(
    *,
    key: bytes | None = b'{"id":"a"}',
    value: bytes | None = b"{}",
    topic: str = "cdc.public.orders",
    offset: int = 0,
) -> Record:
    """Return a record as Kafka delivers it."""
    return Record(
        topic=topic,
        partition=0,
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


def event(
    lsn: int = 7,
    op: Op = "u",
    *,
    id: str = "a",  # noqa: A002 - the attribute's name
    whole: bool = True,
    **fields: object,
) -> Event:
    """Return an event of `orders`, its offset the LSN."""
    return Event(
        collection="orders",
        id=id,
        lsn=lsn,
        op=op,
        tx_id=3,
        source_us=SOURCE_US,
        debezium_us=DEBEZIUM_US,
        fields=fields,
        whole=whole,
        record=record(offset=lsn),
    )
