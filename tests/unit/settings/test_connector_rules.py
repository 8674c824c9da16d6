from pathlib import Path

import pytest

from cdc_perf.settings.connector_rules import connector_faults, connector_warnings
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline

UNWRAP = "io.debezium.transforms.ExtractNewRecordState"
JSON = "org.apache.kafka.connect.json.JsonConverter"


@pytest.fixture(scope="module")
def committed() -> dict[str, str]:
    return load_pipeline(Checkout.at(Path(__file__).parents[3], {})).connector.config


def test_the_committed_settings_contradict_nothing(committed: dict[str, str]) -> None:
    assert list(connector_faults(committed)) == []


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
    assert list(connector_faults({**committed, **changed})) == []


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
    assert [name for name, _ in connector_faults(config)] == [setting]


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
