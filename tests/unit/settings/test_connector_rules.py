from pathlib import Path

import pytest

from cdc_perf.settings.connector_rules import (
    Readers,
    added_fields,
    connector_faults,
    connector_warnings,
)
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline

UNWRAP = "io.debezium.transforms.ExtractNewRecordState"
# cdc-consumer reads the records; the documents hold values as JSON has them.
OURS = Readers(consumer=True, typed=False)
JSON = "org.apache.kafka.connect.json.JsonConverter"


@pytest.fixture(scope="module")
def committed() -> dict[str, str]:
    return load_pipeline(Checkout.at(Path(__file__).parents[3], {})).connector.config


def test_the_committed_settings_contradict_nothing(committed: dict[str, str]) -> None:
    assert list(connector_faults(committed, OURS)) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"snapshot.mode": "initial"},
        {"snapshot.mode": "always"},
        {"snapshot.mode": "when_needed"},
        {"tasks.max": "4"},
        {"publication.autocreate.mode": "filtered"},
        {"connector.class": "PostgresConnector"},
        {"tombstones.on.delete": "false"},
        {"skipped.operations": "none"},
        {"binary.handling.mode": "base64"},
        {"time.precision.mode": "adaptive"},
        {"heartbeat.action.query": "SELECT 1"},
        {"column.exclude.list": "public.customer.note"},
        {"database.password": "${file:/run/secrets/p:pg}"},
        {"topic.heartbeat.prefix": "beat"},
        {
            "transforms": " unwrap , h ",
            "transforms.h.type": ("org.apache.kafka.connect.transforms.InsertHeader"),
        },
        {"value.converter": JSON, "value.converter.schemas.enable": "false"},
        {
            "transforms": "flat",
            "transforms.flat.type": UNWRAP,
            "transforms.flat.delete.tombstone.handling.mode": "rewrite",
            "transforms.flat.add.fields": "op, source.lsn,source.txId,source.ts_us,ts_us,table",
        },
    ],
)
def test_what_alters_no_reading_is_allowed(
    committed: dict[str, str], changed: dict[str, str]
) -> None:
    assert list(connector_faults({**committed, **changed}, OURS)) == []


@pytest.mark.parametrize(
    ("changed", "setting"),
    [
        ({"connector.class": "io.debezium.connector.mysql.MySqlConnector"}, "connector.class"),
        ({"connector.class": None}, "connector.class"),
        ({"plugin.name": "decoderbufs"}, "plugin.name"),
        ({"plugin.name": None}, "plugin.name"),
        ({"publication.autocreate.mode": "all_tables"}, "publication.autocreate.mode"),
        ({"publication.autocreate.mode": "no_tables"}, "publication.autocreate.mode"),
        ({"decimal.handling.mode": "double"}, "decimal.handling.mode"),
        ({"decimal.handling.mode": None}, "decimal.handling.mode"),
        ({"time.precision.mode": "connect"}, "time.precision.mode"),
        ({"binary.handling.mode": "hex"}, "binary.handling.mode"),
        ({"unavailable.value.placeholder": "gone"}, "unavailable.value.placeholder"),
        ({"slot.drop.on.stop": "true"}, "slot.drop.on.stop"),
        ({"skipped.operations": "d"}, "skipped.operations"),
        ({"snapshot.mode": "initial_only"}, "snapshot.mode"),
        ({"field.name.adjustment.mode": "avro"}, "field.name.adjustment.mode"),
        ({"table.exclude.list": "public.orders"}, "table.exclude.list"),
        ({"schema.include.list": "public"}, "schema.include.list"),
        ({"schema.exclude.list": "shop"}, "schema.exclude.list"),
        ({"message.key.columns": "public.orders:mail"}, "message.key.columns"),
        ({"topic.delimiter": "-"}, "topic.delimiter"),
        ({"topic.naming.strategy": "x.Y"}, "topic.naming.strategy"),
        ({"converters": "isbn"}, "converters"),
        ({"value.converter": "io.confluent.connect.avro.AvroConverter"}, "value.converter"),
        ({"key.converter": "org.apache.kafka.connect.storage.StringConverter"}, "key.converter"),
        ({"value.converter": JSON}, "value.converter.schemas.enable"),
        ({"key.converter.schemas.enable": "true"}, "key.converter.schemas.enable"),
        ({"transforms": None}, "transforms"),
        ({"transforms": "other"}, "transforms"),
        (
            {
                "transforms": "unwrap,route",
                "transforms.route.type": ("org.apache.kafka.connect.transforms.RegexRouter"),
            },
            "transforms.route.type",
        ),
        (
            {"transforms.unwrap.delete.tombstone.handling.mode": "drop"},
            "transforms.unwrap.delete.tombstone.handling.mode",
        ),
        (
            {"transforms.unwrap.delete.tombstone.handling.mode": None},
            "transforms.unwrap.delete.tombstone.handling.mode",
        ),
        ({"transforms.unwrap.add.fields": "op"}, "transforms.unwrap.add.fields"),
        ({"transforms.unwrap.add.fields": None}, "transforms.unwrap.add.fields"),
        (
            {"transforms.unwrap.add.fields": "op:verb,source.lsn,source.txId,source.ts_us,ts_us"},
            "transforms.unwrap.add.fields",
        ),
        ({"transforms.unwrap.add.fields.prefix": "_"}, "transforms.unwrap.add.fields"),
        ({"transforms.unwrap.route.by.field": "status"}, "transforms.unwrap.route.by.field"),
        ({"transforms.unwrap.predicate": "p"}, "transforms.unwrap.predicate"),
    ],
)
def test_what_the_pipeline_could_not_follow_is_refused_by_name(
    committed: dict[str, str], changed: dict[str, str | None], setting: str
) -> None:
    merged = {**committed, **changed}
    config = {name: value for name, value in merged.items() if value is not None}
    assert [name for name, _ in connector_faults(config, OURS)] == [setting]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 0),
        ({"transforms.unwrap.add.fields": "op,source.lsn,source.txId,source.ts_us,ts_us"}, 1),
        ({"transforms.unwrap.add.fields": "op,source.sequence:order"}, 1),
        ({"transforms": ""}, 0),
    ],
)
def test_a_connector_without_the_order_of_commits_is_warned_of(
    committed: dict[str, str], changed: dict[str, str], expected: int
) -> None:
    assert len(list(connector_warnings({**committed, **changed}))) == expected
    assert list(connector_warnings({})) == []


OTHER_CONSUMER = Readers(consumer=False, typed=False)
TYPED_SINK = Readers(consumer=False, typed=True)


@pytest.mark.parametrize(
    ("changed", "readers", "settings"),
    [
        # Debezium's own form, with and without schemas.
        ({"transforms": None}, OTHER_CONSUMER, []),
        ({"transforms": None}, OURS, ["transforms"]),
        ({"value.converter": JSON, "value.converter.schemas.enable": "true"}, OTHER_CONSUMER, []),
        (
            {"value.converter": JSON, "value.converter.schemas.enable": "true"},
            OURS,
            ["value.converter.schemas.enable"],
        ),
        ({"value.converter": JSON}, OTHER_CONSUMER, []),
        ({"value.converter": "AvroConverter"}, TYPED_SINK, ["value.converter"]),
        # A typed column holds the value; how JSON had it does not matter.
        ({"decimal.handling.mode": "precise"}, TYPED_SINK, []),
        ({"decimal.handling.mode": "precise"}, OTHER_CONSUMER, ["decimal.handling.mode"]),
        ({"time.precision.mode": "connect"}, TYPED_SINK, []),
        # Which changes are captured matters to every reader.
        ({"skipped.operations": "d"}, TYPED_SINK, ["skipped.operations"]),
        (
            {"transforms.unwrap.delete.tombstone.handling.mode": "drop"},
            TYPED_SINK,
            ["transforms.unwrap.delete.tombstone.handling.mode"],
        ),
        (
            {"transforms": "unwrap,again", "transforms.again.type": UNWRAP},
            OTHER_CONSUMER,
            ["transforms"],
        ),
    ],
)
def test_what_is_allowed_depends_on_the_readers(
    committed: dict[str, str],
    changed: dict[str, str | None],
    readers: Readers,
    settings: list[str],
) -> None:
    merged = {**committed, **changed}
    config = {name: value for name, value in merged.items() if value is not None}
    assert [name for name, _ in connector_faults(config, readers)] == settings


def test_the_fields_that_flattening_adds(committed: dict[str, str]) -> None:
    assert added_fields(committed) == {
        *("__op", "__source_lsn", "__source_sequence", "__source_txId", "__source_ts_us"),
        *("__ts_us", "__deleted"),
    }
    assert added_fields({}) == frozenset()
