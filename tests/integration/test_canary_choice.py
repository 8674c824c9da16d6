"""The row that takes the place of the canary's own table, generated from PostgreSQL's catalog."""

from collections.abc import Iterator
from typing import Any

import msgspec
import psycopg
import pytest

from cdc_perf.errors import SettingFailure
from cdc_perf.settings.pipeline import Canary, Pipeline, Table
from cdc_perf.stack import source
from cdc_perf.stack.canary_row import CanaryRow
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.external.canary import choose_canary, substitute, with_canary

Connection = psycopg.Connection[tuple[Any, ...]]
SCHEMA = """
CREATE SCHEMA chosen;
SET search_path = chosen;
CREATE TYPE mood AS ENUM ('it''s fine', 'bad');
CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]+$');
CREATE TABLE parent (id int PRIMARY KEY);
INSERT INTO parent VALUES (7);
CREATE TABLE "Every Type" (
    "Id" uuid DEFAULT gen_random_uuid(), part int, label varchar(40) NOT NULL,
    amount numeric(5, 2) NOT NULL, day date NOT NULL, at timestamptz NOT NULL,
    took interval NOT NULL, address inet NOT NULL, tags text[] NOT NULL, feeling mood NOT NULL,
    data json NOT NULL, attrs jsonb NOT NULL, bytes bytea NOT NULL, yes boolean NOT NULL,
    other uuid NOT NULL, note text, PRIMARY KEY ("Id", part)
);
CREATE TABLE serial (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz);
CREATE TABLE child (id uuid PRIMARY KEY, parent int NOT NULL REFERENCES parent);
CREATE TABLE coded (code code PRIMARY KEY);
CREATE TABLE placed (id int PRIMARY KEY, place point NOT NULL);
CREATE TABLE checked (id uuid PRIMARY KEY, note text NOT NULL CHECK (note = 'mine'));
RESET search_path;
"""
CLEAN = "DROP SCHEMA IF EXISTS chosen CASCADE"


@pytest.fixture(scope="module")
def connection(endpoints: Endpoints) -> Iterator[Connection]:
    with source.connect(endpoints.postgres_dsn) as connection:
        connection.execute(CLEAN)
        connection.execute(SCHEMA.encode())
        yield connection
        connection.execute(CLEAN)


def of(pipeline: Pipeline, *tables: Table) -> Pipeline:
    return msgspec.structs.replace(pipeline, tables=tables)


def written(connection: Connection, row: CanaryRow) -> str:
    """Insert the row and delete it again; return its `_id`."""
    inserted = connection.execute(row.insert.encode()).fetchone()
    assert inserted is not None
    deleted = psycopg.RawCursor(connection).execute(row.delete.encode(), inserted[1])
    assert deleted.rowcount == 1
    return str(inserted[0])


@pytest.mark.parametrize(
    "table",
    [
        Table('chosen."Every Type"', ("Id", "part"), "x"),
        Table("chosen.serial", ("id",), "x"),
        Table("chosen.child", ("id",), "x"),
    ],
)
def test_the_catalog_gives_a_row_that_postgresql_accepts(
    connection: Connection, pipeline: Pipeline, table: Table
) -> None:
    row = substitute(connection, of(pipeline, table))
    assert row.table == table.table
    assert row.update == ""
    assert written(connection, row)


def test_the_table_with_the_fewest_obstacles_is_taken(
    connection: Connection, pipeline: Pipeline
) -> None:
    tables = [
        Table("chosen.nowhere", ("id",), "x"),
        Table("chosen.coded", ("code",), "x"),
        Table("chosen.checked", ("id",), "x"),
        Table("chosen.child", ("id",), "x"),
        Table("chosen.serial", ("id",), "x"),
    ]
    assert substitute(connection, of(pipeline, *tables)).table == "chosen.serial"


def test_without_a_row_that_can_be_generated_the_user_is_asked_for_one(
    connection: Connection, pipeline: Pipeline, endpoints: Endpoints
) -> None:
    tables = (Table("chosen.coded", ("code",), "x"), Table("chosen.placed", ("id",), "x"))
    with pytest.raises(SettingFailure) as caught:
        substitute(connection, of(pipeline, *tables))
    assert "CREATE TABLE IF NOT EXISTS public.cdc_perf_canary" in caught.value.hint
    assert "[canary]" in caught.value.hint
    # A command that only reads works without a canary.
    postgres = msgspec.structs.replace(pipeline.postgres, publication="nobodys")
    without = msgspec.structs.replace(of(pipeline, *tables), postgres=postgres)
    assert with_canary(without, endpoints) == endpoints


def test_what_is_missing_is_named_with_what_adds_it(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    assert choose_canary(pipeline, endpoints).warnings == ()
    postgres = msgspec.structs.replace(pipeline.postgres, publication="nobodys")
    without = msgspec.structs.replace(pipeline, postgres=postgres)
    chosen = choose_canary(without, endpoints)
    (warning,) = chosen.warnings
    assert 'ALTER PUBLICATION "nobodys" ADD TABLE public.cdc_perf_canary' in warning
    assert f"one row of {chosen.endpoints.canary.table} takes its place" in warning
    # A declared row needs no table of its own.
    declared = msgspec.structs.replace(without, canary=Canary("public.customer", {"email": "a"}))
    assert choose_canary(declared, endpoints).warnings == ()


def test_a_table_that_is_not_there_comes_with_its_statement(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    with source.connect(endpoints.postgres_dsn) as connection:
        connection.execute("ALTER TABLE cdc_perf_canary RENAME TO elsewhere")
        try:
            (warning,) = choose_canary(pipeline, endpoints).warnings
        finally:
            connection.execute("ALTER TABLE elsewhere RENAME TO cdc_perf_canary")
    assert "CREATE TABLE public.cdc_perf_canary (id uuid PRIMARY KEY" in warning
    assert "ADD TABLE public.cdc_perf_canary" in warning
