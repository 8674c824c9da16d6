"""The SQL of the canary row."""

import msgspec

from cdc_perf.settings.pipeline import Canary, KafkaSink, Pipeline, PostgresSink
from cdc_perf.stack.canary_row import canary_of, own_canary
from cdc_perf.stack.endpoints import Endpoints, names_in


def test_the_own_table_has_a_row_whose_key_postgresql_generates(pipeline: Pipeline) -> None:
    row = canary_of(pipeline)
    assert row == own_canary()
    assert row.table == "public.cdc_perf_canary"
    assert row.insert == (
        'INSERT INTO "public"."cdc_perf_canary" ("id", "value") '
        "VALUES (gen_random_uuid(), 'inserted') "
        'RETURNING "id"::text AS id, ARRAY["id"::text] AS key'
    )
    assert row.update.endswith("SET value = 'updated' WHERE id = $1")
    assert row.delete == 'DELETE FROM "public"."cdc_perf_canary" WHERE "id" = $1'
    assert (row.fields, row.updated) == ({"value": "inserted"}, {"value": "updated"})


def test_a_declared_row_is_inserted_with_its_values_and_not_updated(pipeline: Pipeline) -> None:
    canary = Canary("public.customer", {"email": "it's", "status": "canary"})
    row = canary_of(msgspec.structs.replace(pipeline, canary=canary))
    assert row.table == "public.customer"
    assert "VALUES (gen_random_uuid(), 'it''s', 'canary')" in row.insert
    assert (row.update, row.fields) == ("", {})


def test_each_kind_of_sink_has_a_place_for_it(pipeline: Pipeline) -> None:
    into = msgspec.structs.replace
    assert pipeline.canary_table.target == "cdc_perf_canary"
    postgres = into(pipeline, sink=PostgresSink("sink", "sink.sql"))
    assert postgres.canary_table.target == "public.cdc_perf_canary"
    assert into(pipeline, sink=KafkaSink()).canary_table.target == ""
    assert [table.table for table in pipeline.captured[-2:]] == [
        *("public.order_item", "public.cdc_perf_canary"),
    ]
    declared = into(pipeline, canary=Canary("public.customer", {"email": "a"}))
    assert declared.captured == pipeline.tables


def test_k6_gets_the_row_and_its_topic(pipeline: Pipeline) -> None:
    given = Endpoints(
        **names_in(pipeline), postgres_dsn="", kafka_bootstrap="", connect_url=""
    ).environment()
    assert msgspec.json.decode(given["CDC_CANARY"])["insert"] == own_canary().insert
    tables = msgspec.json.decode(given["CDC_TABLES"])
    assert tables["public.cdc_perf_canary"]["topic"] == "cdc.public.cdc_perf_canary"
