from typing import Any

import msgspec
import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, Message

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Connector, Pipeline
from cdc_perf.stack.checks.event_form import Reader, expect_forms, form_fault
from tests.unit.stack.debezium_records import (
    ID,
    KAFKA_MS,
    TOPIC,
    envelope,
    flat,
    key_with_schemas,
    old_envelope,
    record,
    with_schemas,
)

AVRO = b"\0\0\0\0\x07\x02secret"


def without_consumer(pipeline: Pipeline) -> Pipeline:
    return msgspec.structs.replace(pipeline, consumer=None)


def without(content: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in names}


@pytest.mark.parametrize("op", ["c", "u", "d", "r"])
def test_flattened_events_are_read_by_every_reader(pipeline: Pipeline, op: str) -> None:
    records = [record(flat(op)), record(None)]
    assert expect_forms(pipeline, records) == ()
    assert expect_forms(without_consumer(pipeline), records) == ()


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (envelope(), None),
        (old_envelope(), None),
        (with_schemas(envelope("d")), key_with_schemas({"id": ID})),
        (with_schemas(flat()), key_with_schemas({"id": ID})),
    ],
)
def test_other_forms_are_refused_if_cdc_consumer_reads_them(
    pipeline: Pipeline, value: object, key: object
) -> None:
    assert expect_forms(without_consumer(pipeline), [record(value, key)]) == ()
    with pytest.raises(StackFailure, match=r"cdc-consumer reads (flattened|values)") as caught:
        expect_forms(pipeline, [record(value, key)])
    assert "schemas.enable=false" in caught.value.hint


def test_a_key_with_a_schema_is_refused_if_cdc_consumer_reads_it(pipeline: Pipeline) -> None:
    found = [record(flat(), key_with_schemas({"id": ID}))]
    assert expect_forms(without_consumer(pipeline), found) == ()
    with pytest.raises(StackFailure, match="a key with a schema, and cdc-consumer") as caught:
        expect_forms(pipeline, found)
    assert "key.converter.schemas.enable=false" in caught.value.hint


CONVERTER = "org.apache.kafka.connect.json.JsonConverter"
WITH = with_schemas(envelope()), key_with_schemas({"id": ID})
WITHOUT = envelope(), {"id": ID}


@pytest.mark.parametrize(
    ("config", "accepted", "refused"),
    [
        # Connect's default of the converter is with schemas.
        ({"value.converter": CONVERTER, "key.converter": CONVERTER}, WITH, WITHOUT),
        ({"value.converter": CONVERTER}, WITH, WITHOUT),
        ({"key.converter": "JsonConverter"}, WITH, WITHOUT),
        (
            {"value.converter": CONVERTER, "value.converter.schemas.enable": "false"},
            WITHOUT,
            WITH,
        ),
        ({"key.converter": CONVERTER, "key.converter.schemas.enable": "false"}, WITHOUT, WITH),
    ],
)
def test_a_sink_connector_needs_what_its_converters_read(
    pipeline: Pipeline,
    config: dict[str, str],
    accepted: tuple[object, object],
    refused: tuple[object, object],
) -> None:
    sink = Connector("sink", config)
    found = msgspec.structs.replace(without_consumer(pipeline), sink_connector=sink)
    assert expect_forms(found, [record(*accepted)]) == ()
    with pytest.raises(StackFailure, match="the sink connector reads"):
        expect_forms(found, [record(*refused)])


def test_a_sink_connector_with_the_workers_converters_may_read_any_form(
    pipeline: Pipeline,
) -> None:
    sink = Connector("sink", {"value.converter": "com.example.Own"})
    found = msgspec.structs.replace(without_consumer(pipeline), sink_connector=sink)
    for content in (WITH, WITHOUT):
        assert expect_forms(found, [record(*content)]) == ()


@pytest.mark.parametrize(
    ("value", "key", "part"),
    [
        (AVRO, None, "is not JSON, but Avro"),
        (b"Struct{id=secret}", None, "is not JSON"),
        (b'"{\\"secret\\": 1}"', None, "not an object"),
        (without(flat(), "__op"), None, "flattened without __op"),
        (without(flat(), "__op", "__source_lsn"), None, "without __op and __source_lsn"),
        (flat(__source_lsn="secret"), None, "with another __op or __source_lsn"),
        (with_schemas(without(flat(), "__source_lsn")), None, "without __source_lsn"),
        (without(envelope(), "source"), None, "without source.lsn"),
        (flat(), AVRO, "a key that is not JSON, but Avro"),
        (flat(), b"", "has no key"),
        (flat(), {"secret": 1}, "a key without a value of id"),
    ],
)
def test_a_record_that_cannot_be_read_is_refused_without_its_content(
    pipeline: Pipeline, value: object, key: object, part: str
) -> None:
    with pytest.raises(StackFailure) as caught:
        expect_forms(without_consumer(pipeline), [record(value, key)])
    message = caught.value.message
    assert message.startswith(f"topic {TOPIC}: its last record (partition 2, offset 9) ")
    assert part in message
    assert "secret" not in str(caught.value)
    assert "\n" not in message


@pytest.mark.parametrize(
    "value", [None, with_schemas(None), envelope("t"), with_schemas(envelope("m"))]
)
def test_what_is_no_event_of_a_row_says_nothing(pipeline: Pipeline, value: object) -> None:
    assert expect_forms(pipeline, [record(value)]) == ()
    # Nor does it hide the record before it.
    with pytest.raises(StackFailure):
        expect_forms(pipeline, [at(1, AVRO), at(2, value)])


def test_a_column_may_be_called_op(pipeline: Pipeline) -> None:
    with pytest.raises(StackFailure, match="without __source_lsn"):
        expect_forms(pipeline, [record({**without(flat(), "__source_lsn"), "op": "t"})])


def test_there_is_no_fault_without_records(pipeline: Pipeline) -> None:
    assert expect_forms(pipeline, []) == ()


def at(seconds: int, value: object, topic: str = TOPIC) -> Message:
    of = record(value)
    time = (TIMESTAMP_CREATE_TIME, KAFKA_MS + 1000 * seconds)
    return Message(topic=topic, partition=0, key=of.key(), value=of.value(), timestamp=time)


def test_an_older_record_of_another_topic_is_only_a_warning(pipeline: Pipeline) -> None:
    orders = "cdc.public.orders"
    (warning,) = expect_forms(pipeline, [at(1, envelope(), orders), at(2, flat())])
    assert orders in warning
    with pytest.raises(StackFailure, match=orders):
        expect_forms(pipeline, [at(3, envelope(), orders), at(2, flat())])
    # Of one topic, only the newest record counts, in whatever partition.
    assert expect_forms(pipeline, [at(2, flat()), at(1, envelope())]) == ()


def test_the_fault_of_one_record_depends_on_its_reader(pipeline: Pipeline) -> None:
    table = pipeline.tables[0]
    assert form_fault(record(envelope()), table, Reader()) is None
    assert form_fault(record(envelope()), table, Reader("any", flat=True)) is not None
