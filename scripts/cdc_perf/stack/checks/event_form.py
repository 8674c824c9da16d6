"""Checks the form of the events, in the last record of each table's topic."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from confluent_kafka.cimpl import Message

from cdc_perf.errors import StackFailure
from cdc_perf.files import NOT_JSON
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.stack.change_events import UNREADABLE, EventForm, event_of

_JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"
_NEEDED = ("__op", "__source_lsn")
_ADD_FIELDS = "op,source.lsn,source.sequence,source.txId,source.ts_us,ts_us"
# Events of a table that are not about a row: truncate, and a logical message.
_NOT_OF_A_ROW = ("t", "m")
_AFTERWARDS = "then write a row, so that a new record is there"


@dataclass(frozen=True)
class FormFault:
    """Why a record cannot be read.

    Attributes:
        what: Its form, as the end of a sentence; without any value of the record.
        remedy: What to set on the connector.
    """

    what: str
    remedy: str


def expect_forms(pipeline: Pipeline, records: Iterable[Message]) -> tuple[str, ...]:
    """Return warnings of topics whose last record has a form that cannot be read.

    The connector decides the form of all its records. So only the newest record is a fault: an
    older one in another topic may have been written before the connector was changed.

    Args:
        pipeline: The pipeline.
        records: The last records of each topic. Tombstones say nothing.

    Raises:
        StackFailure: The newest record cannot be read.
    """
    tables = {pipeline.topic(table): table for table in pipeline.tables}
    last: dict[str, Message] = {}
    for record in records:
        topic = str(record.topic())
        if _is_of_row(record) and (topic not in last or _age(record) >= _age(last[topic])):
            last[topic] = record
    faults = {
        topic: fault
        for topic, record in last.items()
        if (fault := form_fault(record, tables[topic], flat=pipeline.consumer is not None))
    }
    if not faults:
        return ()
    newest = max(last.values(), key=_age)
    if fault := faults.get(str(newest.topic())):
        raise StackFailure(_sentence(newest, fault), hint=f"{fault.remedy}; {_AFTERWARDS}")
    return tuple(
        f"warning: {_sentence(last[topic], fault)}, unlike newer ones of other topics"
        for topic, fault in faults.items()
    )


def form_fault(record: Message, table: Table, *, flat: bool) -> FormFault | None:
    """Return why a record with a value cannot be read; None if it can.

    Args:
        record: The record.
        table: Its table.
        flat: Whether its reader is cdc-consumer, which reads only flattened records without
            schemas.
    """
    event = event_of(record, table)
    if event.form is None:
        return _value_fault(record.value())
    if event.op == UNREADABLE:
        return _key_fault(record.key(), table)
    if flat and event.form is not EventForm.FLAT:
        return FormFault(
            f"is {event.form}, and cdc-consumer reads flattened records without schemas",
            "on the connector, set value.converter.schemas.enable=false and a transform "
            f"ExtractNewRecordState with add.fields={_ADD_FIELDS}",
        )
    if flat and _has_schema(record.key()):
        return FormFault(
            "has a key with a schema, and cdc-consumer reads keys without",
            "on the connector, set key.converter.schemas.enable=false",
        )
    return None


def _sentence(record: Message, fault: FormFault) -> str:
    where = f"partition {record.partition()}, offset {record.offset()}"
    return f"topic {record.topic()}: its last record ({where}) {fault.what}"


def _age(record: Message) -> tuple[int, int]:
    return record.timestamp()[1], int(record.offset() or 0)


def _is_of_row(record: Message) -> bool:
    value = record.value()
    if value is None:
        return False
    content = _payload(_decoded(value))
    return not isinstance(content, dict) or content.get("op") not in _NOT_OF_A_ROW


def _value_fault(value: bytes | str | None) -> FormFault | None:
    content = _decoded(value)
    converter = f"on the connector, set value.converter={_JSON_CONVERTER}"
    if content is _NOTHING:
        return FormFault(f"is not JSON{_guess(value)}", converter)
    content = _payload(content)
    if content is None:
        # A value with a schema whose payload is null is a tombstone.
        return None
    if not isinstance(content, dict):
        return FormFault("is JSON, but not an object", converter)
    if "op" in content and ("before" in content or "after" in content):
        return FormFault(
            "is in Debezium's envelope, but without source.lsn of PostgreSQL",
            "use Debezium's PostgreSQL connector, and no transform that removes source",
        )
    missing = [name for name in _NEEDED if name not in content]
    what = f"without {' and '.join(missing)}" if missing else f"with another {' or '.join(_NEEDED)}"
    return FormFault(
        f"is flattened {what}",
        f"on the connector, set add.fields={_ADD_FIELDS} and the default prefix in its transform "
        "ExtractNewRecordState",
    )


def _key_fault(key: bytes | str | None, table: Table) -> FormFault:
    content = _decoded(key)
    converter = f"on the connector, set key.converter={_JSON_CONVERTER}"
    if not key:
        return FormFault("has no key", f"give {table.table} a primary key")
    if content is _NOTHING:
        return FormFault(f"has a key that is not JSON{_guess(key)}", converter)
    return FormFault(
        f"has a key without a value of {' and '.join(table.key)}",
        "on the connector, use neither message.key.columns nor a transform of the key",
    )


# What is not JSON; None is JSON's null.
_NOTHING = object()


def _decoded(content: bytes | str | None) -> Any:  # noqa: ANN401 - any JSON
    try:
        return msgspec.json.decode(content or b"")
    except NOT_JSON:
        return _NOTHING


def _payload(content: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the content without Connect's schema."""
    if isinstance(content, dict) and set(content) == {"schema", "payload"}:
        return content["payload"]
    return content


def _has_schema(key: bytes | str | None) -> bool:
    content = _decoded(key)
    return _payload(content) is not content


def _guess(content: bytes | str | None) -> str:
    # https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
    is_registered = isinstance(content, bytes) and content.startswith(b"\0")
    return ", but Avro or another form of a schema registry" if is_registered else ""
