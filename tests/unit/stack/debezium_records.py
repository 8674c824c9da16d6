"""Records as Debezium's PostgreSQL connector and Kafka Connect's JSON converter write them."""

import json
from typing import Any

from confluent_kafka import TIMESTAMP_CREATE_TIME, Message

TOPIC = "cdc.public.customer"
ID = "0b9c2f4e-6d1a-4f7e-9a53-2c1d8e7f6a5b"
LSN, PREVIOUS_COMMIT, TX = 26_843_912, 26_843_560, 771
# The commit, when Debezium handled it, and the record's timestamp.
SOURCE_US, DEBEZIUM_US, KAFKA_MS = 1_764_022_834_123_456, 1_764_022_834_125_900, 1_764_022_834_130
SEQUENCE = json.dumps([str(PREVIOUS_COMMIT), str(LSN)], separators=(",", ":"))
ROW = {
    "id": ID,
    "email": 'a"__op"@example.com',
    "status": "active",
    "updated_at": "2026-11-24T22:20:34.123456Z",
}

Json = dict[str, Any]

_COLUMNS: list[Json] = [
    {"type": "string", "optional": False, "name": "io.debezium.data.Uuid", "field": "id"},
    {"type": "string", "optional": False, "field": "email"},
    {"type": "string", "optional": False, "field": "status"},
    {"type": "string", "optional": False, "name": "io.debezium.time.ZonedTimestamp"},
]


def schema_of(name: str, *fields: Json) -> Json:
    """Return Connect's schema of a struct."""
    return {"type": "struct", "fields": list(fields), "optional": False, "name": name}


def flat(op: str = "c", **changes: object) -> Json:
    """Return a value as ExtractNewRecordState writes it, with this project's `add.fields`.

    A deletion has the columns of the replica identity only.
    """
    row = ROW if op != "d" else {"id": ID, "email": "", "status": "", "updated_at": ""}
    return {
        **row,
        "__deleted": "true" if op == "d" else "false",
        "__op": op,
        "__source_lsn": LSN,
        "__source_sequence": SEQUENCE,
        "__source_txId": TX,
        "__source_ts_us": SOURCE_US,
        "__ts_us": DEBEZIUM_US,
        **changes,
    }


def envelope(op: str = "c", **changes: object) -> Json:
    """Return a value as Debezium 3 writes it by default, without its schema."""
    return {
        "before": {**ROW, "email": "", "status": ""} if op == "d" else None,
        "after": None if op == "d" else ROW,
        "source": {
            "version": "3.7.0.Final",
            "connector": "postgresql",
            "name": "cdc",
            "ts_ms": SOURCE_US // 1000,
            "snapshot": "first" if op == "r" else "false",
            "db": "cdc",
            "sequence": SEQUENCE,
            "ts_us": SOURCE_US,
            "ts_ns": SOURCE_US * 1000,
            "schema": "public",
            "table": "customer",
            "txId": TX,
            "lsn": LSN,
            "xmin": None,
        },
        "transaction": None,
        "op": op,
        "ts_ms": DEBEZIUM_US // 1000,
        "ts_us": DEBEZIUM_US,
        "ts_ns": DEBEZIUM_US * 1000,
        **changes,
    }


def old_envelope(op: str = "c") -> Json:
    """Return a value as Debezium 1.9 writes it: all times in milliseconds."""
    new = envelope(op)
    source = {**new["source"], "version": "1.9.7.Final"}
    del source["ts_us"], source["ts_ns"], new["ts_us"], new["ts_ns"]
    return {**new, "source": source}


def with_schemas(payload: object) -> Json:
    """Return a value with the schema of Debezium's envelope, as with `schemas.enable=true`."""
    row = {"type": "struct", "fields": _COLUMNS, "optional": True, "name": "cdc.customer.Value"}
    fields: list[Json] = [
        {**row, "field": "before"},
        {**row, "field": "after"},
        {"type": "string", "optional": False, "field": "op"},
        # A flattened event's schema names its fields, too.
        {"type": "string", "optional": True, "field": "__op"},
    ]
    return {"schema": schema_of("cdc.public.customer.Envelope", *fields), "payload": payload}


def key_with_schemas(payload: object) -> Json:
    """Return a key with its schema."""
    return {"schema": schema_of("cdc.public.customer.Key", _COLUMNS[0]), "payload": payload}


def record(
    value: object,
    key: object = None,
    *,
    timestamp: tuple[int, int] = (TIMESTAMP_CREATE_TIME, KAFKA_MS),
) -> Message:
    """Return a record; key and value are bytes or what JSON encodes; a value may be None."""
    return Message(
        topic=TOPIC,
        partition=2,
        offset=9,
        key=_bytes({"id": ID} if key is None else key),
        value=None if value is None else _bytes(value),
        timestamp=timestamp,
    )


def _bytes(content: object) -> bytes:
    if isinstance(content, bytes):
        return content
    return json.dumps(content, separators=(",", ":")).encode()
