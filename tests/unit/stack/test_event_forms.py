"""Events of every form that Debezium and Kafka Connect write, and records that are no event."""

import json
from collections.abc import Callable

import pytest
from confluent_kafka import (
    TIMESTAMP_CREATE_TIME,
    TIMESTAMP_LOG_APPEND_TIME,
    TIMESTAMP_NOT_AVAILABLE,
)
from hypothesis import given
from hypothesis import strategies as st

from cdc_perf.settings.pipeline import Table
from cdc_perf.stack.change_events import (
    TOMBSTONE,
    UNREADABLE,
    ChangeEvent,
    EventForm,
    RecordClock,
    event_of,
    row_of,
)
from tests.unit.stack.debezium_records import (
    DEBEZIUM_US,
    ID,
    KAFKA_MS,
    LSN,
    PREVIOUS_COMMIT,
    ROW,
    SOURCE_US,
    TOPIC,
    TX,
    Json,
    envelope,
    flat,
    key_with_schemas,
    old_envelope,
    record,
    schema_of,
    with_schemas,
)

Value = Callable[[str], Json]

CUSTOMER = Table("public.customer", ("id",), "customer")
FORMS = [
    pytest.param(flat, EventForm.FLAT, id="flat"),
    pytest.param(
        lambda op: with_schemas(flat(op)), EventForm.FLAT_WITH_SCHEMAS, id="flat, schemas"
    ),
    pytest.param(envelope, EventForm.ENVELOPE, id="envelope"),
    pytest.param(
        lambda op: with_schemas(envelope(op)), EventForm.ENVELOPE_WITH_SCHEMAS, id="Debezium's own"
    ),
]
VALUES = [pytest.param(each.values[0], id=each.id) for each in FORMS]
KEYS = [
    pytest.param({"id": ID}, id="key"),
    pytest.param(key_with_schemas({"id": ID}), id="key, schemas"),
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("op", ["c", "u", "d", "r"])
@pytest.mark.parametrize(("value", "form"), FORMS)
def test_an_event_says_the_same_in_every_form(
    value: Value, form: EventForm, op: str, key: Json
) -> None:
    assert event_of(record(value(op), key), CUSTOMER) == ChangeEvent(
        topic=TOPIC,
        partition=2,
        position=9,
        id=ID,
        op=op,
        lsn=LSN,
        tx=TX,
        # A snapshot reads no commit.
        commit=None if op == "r" else PREVIOUS_COMMIT,
        source_us=SOURCE_US,
        debezium_us=DEBEZIUM_US,
        kafka_ms=KAFKA_MS,
        clock=RecordClock.PRODUCER,
        form=form,
    )


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("op", ["c", "u", "r"])
@pytest.mark.parametrize("value", VALUES)
def test_the_row_of_an_event(value: Value, op: str, key: Json) -> None:
    assert row_of(record(value(op), key), CUSTOMER) == ROW


@pytest.mark.parametrize("value", VALUES)
def test_a_delete_leaves_no_row(value: Value) -> None:
    assert row_of(record(value("d")), CUSTOMER) is None


@pytest.mark.parametrize("value", [None, {"schema": None, "payload": None}, with_schemas(None)])
def test_a_tombstone_in_every_form(value: object) -> None:
    found = event_of(record(value), CUSTOMER)
    assert (found.id, found.op, found.lsn, found.form) == (ID, TOMBSTONE, None, None)
    assert row_of(record(value), CUSTOMER) is None


def test_an_old_debezium_has_milliseconds_whose_middle_counts() -> None:
    found = event_of(record(with_schemas(old_envelope())), CUSTOMER)
    assert (found.op, found.lsn, found.form) == ("c", LSN, EventForm.ENVELOPE_WITH_SCHEMAS)
    assert found.source_us == SOURCE_US // 1000 * 1000 + 500
    assert found.debezium_us == DEBEZIUM_US // 1000 * 1000 + 500
    # So no time is off by more than half a millisecond.
    assert abs(found.source_us - SOURCE_US) <= 500


def test_flattened_events_may_have_milliseconds_too() -> None:
    value = flat(__source_ts_us=None, __source_ts_ms=1_764_022_834_123, __ts_ms=1)
    found = event_of(record(value), CUSTOMER)
    assert (found.source_us, found.debezium_us) == (1_764_022_834_123_500, DEBEZIUM_US)


@pytest.mark.parametrize("time", [None, 0, -1, "2026-11-24T22:20:34Z", 1.5, True, 10**17, {"a": 1}])
def test_a_time_that_is_none_is_unknown_and_not_zero(time: object) -> None:
    for value in (
        flat(__source_ts_us=time, __ts_us=time),
        envelope(source={"lsn": LSN, "ts_us": time, "ts_ms": 0}, ts_us=time, ts_ms=None),
    ):
        found = event_of(record(value), CUSTOMER)
        assert (found.op, found.lsn) == ("c", LSN)
        assert (found.source_us, found.debezium_us) == (None, None)


@pytest.mark.parametrize(
    ("timestamp", "clock", "kafka_ms"),
    [
        ((TIMESTAMP_CREATE_TIME, KAFKA_MS), RecordClock.PRODUCER, KAFKA_MS),
        ((TIMESTAMP_LOG_APPEND_TIME, KAFKA_MS), RecordClock.BROKER, KAFKA_MS),
        ((TIMESTAMP_NOT_AVAILABLE, 0), None, None),
        ((TIMESTAMP_CREATE_TIME, -1), None, None),
    ],
)
def test_whose_time_a_record_has(
    timestamp: tuple[int, int], clock: RecordClock | None, kafka_ms: int | None
) -> None:
    found = event_of(record(flat(), timestamp=timestamp), CUSTOMER)
    assert (found.clock, found.kafka_ms) == (clock, kafka_ms)


# What a transform without `add.fields` leaves: the row alone.
WITHOUT_OP = {name: value for name, value in flat().items() if not name.startswith("__")}
# Confluent's Avro converter: a zero byte, the schema's number, and fields without names.
AVRO = b'\x00\x00\x00\x00\x07H0b9c2f4e-6d1a-4f7e-9a53-2c1d8e7f6a5b\x02"__op"'
NO_EVENTS = [
    pytest.param(WITHOUT_OP, id="flat without __op"),
    pytest.param(with_schemas(WITHOUT_OP), id="flat without __op, with schemas"),
    pytest.param({**WITHOUT_OP, "payload": None}, id="a column named payload"),
    pytest.param(
        {**WITHOUT_OP, "schema": "public", "payload": None}, id="columns schema and payload"
    ),
    pytest.param({"payload": envelope()}, id="a payload without a schema"),
    pytest.param(AVRO, id="Avro"),
    pytest.param(flat(__source_lsn=None), id="flat without an LSN"),
    pytest.param(flat(__source_lsn=2**63), id="an LSN that PostgreSQL cannot have"),
    pytest.param(flat(__source_txId="x"), id="a transaction that is no number"),
    pytest.param(flat("t"), id="truncated"),
    pytest.param(envelope("m"), id="a logical message"),
    pytest.param(envelope(source=None), id="envelope without a source"),
    pytest.param(envelope(source={"ts_ms": 1}), id="envelope without an LSN"),
    pytest.param(envelope(source="public.customer"), id="a column named source"),
    pytest.param({"schema": None, "payload": 7}, id="a payload that is a number"),
    pytest.param(with_schemas(with_schemas(envelope())), id="a payload in a payload"),
    pytest.param(b"null", id="null"),
    pytest.param(b'{"payload":', id="cut off"),
    pytest.param(b'{"payload":' * 20_000, id="deep"),
]


@pytest.mark.parametrize("value", NO_EVENTS)
def test_what_is_no_event_is_unreadable(value: object) -> None:
    found = event_of(record(value), CUSTOMER)
    assert (found.id, found.op, found.lsn, found.form) == (ID, UNREADABLE, None, None)
    assert (found.source_us, found.debezium_us) == (None, None)
    with pytest.raises(ValueError, match=f"topic {TOPIC}, partition 2, offset 9: "):
        row_of(record(value), CUSTOMER)


@pytest.mark.parametrize("key", [b"", AVRO, {"name": "a"}, key_with_schemas(None), ID])
@pytest.mark.parametrize("value", [None, flat(), with_schemas(envelope())])
def test_a_record_without_a_readable_key_has_no_row(key: object, value: object) -> None:
    found = event_of(record(value, key), CUSTOMER)
    assert (found.id, found.op) == (None, UNREADABLE)
    with pytest.raises(ValueError, match="offset 9"):
        row_of(record(value, key), CUSTOMER)


@pytest.mark.parametrize("after", [None, "a", 7])
def test_an_envelope_without_a_row_has_no_row(after: object) -> None:
    with pytest.raises(ValueError, match="offset 9"):
        row_of(record(envelope(after=after)), CUSTOMER)


@pytest.mark.parametrize("name", ["op", "source", "ts_us", "payload", "schema"])
def test_a_column_may_have_a_name_of_the_envelope(name: str) -> None:
    value = {**flat(), name: {"lsn": 1}}
    found = event_of(record(value), CUSTOMER)
    assert (found.op, found.lsn, found.form) == ("c", LSN, EventForm.FLAT)
    assert (row_of(record(value), CUSTOMER) or {})[name] == {"lsn": 1}


def test_key_columns_may_be_named_schema_and_payload() -> None:
    odd = Table("public.odd", ("schema", "payload"), "odd")
    key = {"schema": "public", "payload": 7}
    assert event_of(record(flat(), key), odd).id == '["public",7]'
    # And with schemas.
    wrapped = {"schema": schema_of("odd.Key"), "payload": key}
    assert event_of(record(flat(), wrapped), odd).id == '["public",7]'


def test_a_text_that_looks_like_a_field_is_a_text() -> None:
    value = {**envelope(), "after": {"id": ID, "note": json.dumps(flat())}}
    assert event_of(record(value), CUSTOMER).form is EventForm.ENVELOPE


# JSON of the names that have a meaning in one of the forms.
NAMES = st.sampled_from(
    [*flat(), *envelope(), *envelope()["source"], *with_schemas(None), "__ts_ms", "__source_ts_ms"]
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from("cudrtm")
)
ANY_JSON = st.recursive(LEAVES, lambda x: st.lists(x) | st.dictionaries(NAMES, x), max_leaves=20)


@given(st.binary() | ANY_JSON, st.binary() | ANY_JSON)
def test_no_record_stops_the_check(value: object, key: object) -> None:
    message = record(value, {"id": key} if key is None else key)
    found = event_of(message, CUSTOMER)
    try:
        row = row_of(message, CUSTOMER)
    except ValueError:
        row = {}
    assert (row is None) == (found.op in (TOMBSTONE, "d"))


@pytest.mark.parametrize(
    ("op", "sequence", "lsn"),
    [
        ("r", '["70","80"]', 80),
        ("r", '["70",null]', None),
        ("r", "[", None),
        ("u", '["7","8"]', None),
    ],
)
@pytest.mark.parametrize("form", ["flat", "envelope"])
def test_a_row_of_an_incremental_snapshot_has_the_lsn_of_the_change_before_it(
    op: str, sequence: str, lsn: int | None, form: str
) -> None:
    if form == "flat":
        value = flat(__op=op, __source_lsn=None, __source_sequence=sequence)
    else:
        value = envelope(op=op, source={"lsn": None, "sequence": sequence})
    found = event_of(record(value), CUSTOMER)
    assert (found.op, found.lsn, found.commit) == (UNREADABLE if lsn is None else op, lsn, None)
