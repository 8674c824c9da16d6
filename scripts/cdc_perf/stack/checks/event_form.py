"""Checks the form of the events, in the last record of each table's topic."""

from collections.abc import Iterable, Mapping
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
_FLATTENED = frozenset((EventForm.FLAT, EventForm.FLAT_WITH_SCHEMAS))
_WITH_SCHEMAS = frozenset((EventForm.FLAT_WITH_SCHEMAS, EventForm.ENVELOPE_WITH_SCHEMAS))
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


@dataclass(frozen=True)
class Reader:
    """Who reads the records, and which forms it accepts.

    Attributes:
        name: What it is.
        flat: Whether it reads only flattened records.
        schemas: Whether their values have Connect's schemas; None: it does not matter, or is
            unknown.
        key_schemas: Whether their keys have them, likewise.
    """

    name: str = ""
    flat: bool = False
    schemas: bool | None = None
    key_schemas: bool | None = None

    @classmethod
    def of(cls, pipeline: Pipeline) -> "Reader":
        """Return the reader of a pipeline's topics."""
        if pipeline.consumer is not None:
            return cls("cdc-consumer", flat=True, schemas=False, key_schemas=False)
        if pipeline.sink_connector is None:
            return cls()
        config = pipeline.sink_connector.config
        return cls(
            "the sink connector",
            schemas=_schemas(config, "value.converter"),
            key_schemas=_schemas(config, "key.converter"),
        )


def _schemas(config: Mapping[str, str], converter: str) -> bool | None:
    """Return whether a converter needs schemas; None if it is the worker's, or another one."""
    if config.get(converter, "") not in (_JSON_CONVERTER, "JsonConverter", "Json"):
        return None
    return config.get(f"{converter}.schemas.enable", "true").strip().lower() == "true"


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
    reader = Reader.of(pipeline)
    last: dict[str, Message] = {}
    for record in records:
        topic = str(record.topic())
        if _is_of_row(record) and (topic not in last or _age(record) >= _age(last[topic])):
            last[topic] = record
    faults = {
        topic: fault
        for topic, record in last.items()
        if (fault := form_fault(record, tables[topic], reader))
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


def form_fault(record: Message, table: Table, reader: Reader) -> FormFault | None:
    """Return why a record of a row's event cannot be read; None if it can.

    Args:
        record: The record.
        table: Its table.
        reader: Its reader.
    """
    event = event_of(record, table)
    if event.form is None:
        return _value_fault(record.value())
    if event.op == UNREADABLE:
        return _key_fault(record.key(), table)
    if reader.flat and event.form not in _FLATTENED:
        return FormFault(
            f"is {event.form}, and {reader.name} reads flattened records",
            "on the connector, set a transform ExtractNewRecordState with "
            f"add.fields={_ADD_FIELDS}, and value.converter.schemas.enable=false",
        )
    if reader.schemas not in (None, event.form in _WITH_SCHEMAS):
        return _schema_fault("value", f"is {event.form}", reader, needed=bool(reader.schemas))
    has_schema = _has_schema(record.key())
    if reader.key_schemas not in (None, has_schema):
        found = f"has a key {'with' if has_schema else 'without'} a schema"
        return _schema_fault("key", found, reader, needed=bool(reader.key_schemas))
    return None


def _schema_fault(side: str, found: str, reader: Reader, *, needed: bool) -> FormFault:
    enable = str(needed).lower()
    return FormFault(
        f"{found}, and {reader.name} reads {side}s {'with' if needed else 'without'} schemas",
        f"on the connector, set {side}.converter={_JSON_CONVERTER} and "
        f"{side}.converter.schemas.enable={enable}",
    )


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
    if isinstance(content, dict) and "source" in content:
        return content.get("op") not in _NOT_OF_A_ROW
    # A schema without a payload is a tombstone.
    return content is not None


def _value_fault(value: bytes | str | None) -> FormFault:
    content = _decoded(value)
    converter = f"on the connector, set value.converter={_JSON_CONVERTER}"
    if content is _NOTHING:
        return FormFault(f"is not JSON{_guess(value)}", converter)
    content = _payload(content)
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
