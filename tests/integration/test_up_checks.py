"""What `up` refuses, asked of the real PostgreSQL and the real MongoDB-wire server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from cdc_perf.errors import ExitCode, StackFailure
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.stack import source
from cdc_perf.stack.checks.capture import expect_capturable
from cdc_perf.stack.checks.collections import expect_collections, prove_collections
from cdc_perf.stack.checks.publication import expect_publication
from cdc_perf.stack.endpoints import Endpoints
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv

Connection = psycopg.Connection[tuple[Any, ...]]
SCHEMA = """
CREATE SCHEMA checks;
SET search_path = checks;
CREATE TABLE good (a int, b int, mail text NOT NULL UNIQUE, PRIMARY KEY (b, a));
CREATE TABLE "Mixed Case" (a int PRIMARY KEY);
CREATE VIEW looks AS SELECT * FROM good;
CREATE UNLOGGED TABLE unlogged (a int PRIMARY KEY);
CREATE TABLE bare (a int, b int);
CREATE TABLE silent (a int PRIMARY KEY);
ALTER TABLE silent REPLICA IDENTITY NOTHING;
CREATE TABLE by_index (a int PRIMARY KEY, mail text NOT NULL UNIQUE);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_mail_key;
CREATE TABLE unique_only (mail text NOT NULL UNIQUE, a int);
ALTER TABLE unique_only REPLICA IDENTITY USING INDEX unique_only_mail_key;
CREATE TABLE deferred (a int PRIMARY KEY DEFERRABLE);
CREATE TABLE twice (a int PRIMARY KEY, note text, "Note" text);
CREATE TABLE parted (a int, b int, PRIMARY KEY (a, b)) PARTITION BY LIST (b);
CREATE TABLE part PARTITION OF parted DEFAULT;
RESET search_path;
CREATE PUBLICATION checks_leaves FOR TABLE checks.parted, checks.good;
CREATE PUBLICATION checks_root FOR TABLE checks.parted WITH (publish_via_partition_root = true);
CREATE PUBLICATION checks_inserts FOR TABLE checks.good WITH (publish = 'insert');
"""
CLEAN = """
DROP PUBLICATION IF EXISTS checks_leaves, checks_root, checks_inserts;
DROP SCHEMA IF EXISTS checks CASCADE;
"""


@pytest.fixture(scope="module")
def connection(endpoints: Endpoints) -> Iterator[Connection]:
    with source.connect(endpoints.postgres_dsn) as connection:
        connection.execute(SCHEMA.encode())
        yield connection
        connection.execute(CLEAN.encode())


def of(pipeline: Pipeline, *tables: Table, publication: str = "cdc_publication") -> Pipeline:
    postgres = msgspec.structs.replace(pipeline.postgres, publication=publication)
    return msgspec.structs.replace(pipeline, tables=tables, postgres=postgres)


def called(*names: str) -> tuple[Table, ...]:
    return tuple(Table(f"public.t{i}", ("id",), name) for i, name in enumerate(names))


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("checks.good", ("b", "a")),
        ('checks."Mixed Case"', ("a",)),
        ("checks.unique_only", ("mail",)),
        ("checks.parted", ("a", "b")),
    ],
)
def test_a_table_whose_key_is_that_of_its_events_is_captured(
    connection: Connection, pipeline: Pipeline, table: str, key: tuple[str, ...]
) -> None:
    expect_capturable(connection, of(pipeline, Table(table, key, "any")), published=False)


@pytest.mark.parametrize(
    ("table", "key", "setting"),
    [
        ("checks.good", ("a",), "key"),
        ("checks.good", ("a", "b"), "key"),
        ("checks.good", ("mail",), "key"),
        ("checks.good", ("a", "b", "mail"), "key"),
        ("checks.good", ("nope",), "key"),
        ("checks.bare", ("a",), "key"),
        ("checks.unique_only", ("a",), "key"),
        ("checks.nope", ("a",), "table"),
        ('checks."mixed case"', ("a",), "table"),
        ("checks.looks", ("a", "b"), "table"),
        ("checks.unlogged", ("a",), "table"),
        ("checks.silent", ("a",), "table"),
        ("checks.by_index", ("a",), "table"),
        ("checks.deferred", ("a",), "table"),
        ("checks.twice", ("a",), "table"),
    ],
)
def test_a_table_that_its_key_cannot_follow_is_refused(
    connection: Connection, pipeline: Pipeline, table: str, key: tuple[str, ...], setting: str
) -> None:
    asked = of(pipeline, Table("checks.good", ("b", "a"), "good"), Table(table, key, "any"))
    with pytest.raises(StackFailure) as caught:
        expect_capturable(connection, asked, published=False)
    assert caught.value.code is ExitCode.USAGE
    assert caught.value.message.startswith(f"pipeline.toml: tables[1].{setting}: ")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("table", "publication", "carried"),
    [
        ("checks.good", "checks_leaves", True),
        ("checks.parted", "checks_root", True),
        # Its changes would go to the topic of the partition, which nobody reads.
        ("checks.parted", "checks_leaves", False),
        ("checks.part", "checks_root", False),
        ("checks.good", "checks_root", False),
        ("checks.good", "checks_inserts", False),
        ("checks.good", "checks_nope", False),
    ],
)
def test_a_publication_has_to_carry_each_table(
    connection: Connection,
    pipeline: Pipeline,
    table: str,
    publication: str,
    carried: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    asked = of(pipeline, Table(table, ("a", "b"), "any"), publication=publication)
    if carried:
        expect_publication(connection, asked)
    else:
        with pytest.raises(StackFailure):
            expect_publication(connection, asked)


def test_collections_that_the_server_holds_are_left_empty(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    asked = of(pipeline, *called("checks_a", "checks_b", "x" * 200))
    expect_collections(asked, endpoints)
    prove_collections(asked, endpoints)
    prove_collections(asked, endpoints)


@pytest.mark.parametrize(
    "name",
    [
        *("select", "Order", "transaction", "null", "sqlite_x", "_neosqlite_x", "fs.files"),
        *("a.b", "a-b", "a b", "1a", "größe", 'a"b'),
    ],
)
def test_a_collection_that_the_stand_in_cannot_hold_is_refused(
    pipeline: Pipeline, endpoints: Endpoints, name: str
) -> None:
    with pytest.raises(StackFailure) as caught:
        prove_collections(of(pipeline, *called("checks_a", name)), endpoints)
    assert caught.value.message.startswith("pipeline.toml: tables[1].target: ")
    assert "\n" not in caught.value.message


def test_collections_that_differ_in_capitals_alone_are_refused_on_the_stand_in(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    for check in (expect_collections, prove_collections):
        with pytest.raises(StackFailure):
            check(of(pipeline, *called("checks_case", "Checks_Case")), endpoints)


def test_a_database_that_differs_in_capitals_alone_is_refused(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    prove_collections(of(pipeline, *called("checks_a")), endpoints)
    other = msgspec.structs.replace(
        endpoints, mongodb_database=endpoints.mongodb_database.swapcase()
    )
    with pytest.raises(StackFailure):
        expect_collections(pipeline, other)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('target = "orders"', 'target = "select"', "tables[2].target"),
        ('target = "orders"', 'target = "Customer"', "tables[2].target"),
        (
            'key = ["id"]\ntarget = "orders"',
            'key = ["customer_id"]\ntarget = "orders"',
            "tables[2].key",
        ),
        ('"public.orders"', '"public.Orders"', "tables[2].table"),
    ],
)
def test_up_refuses_in_one_line_and_leaves_nothing(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    inv = Inv(copy_checkout(tmp_path / "checkout"))
    settings = inv.checkout.pipeline_file
    text = settings.read_text(encoding="utf-8")
    assert old in text
    settings.write_text(text.replace(old, new, 1), encoding="utf-8")
    completed = inv("up", "--stack", "local")
    assert completed.exit_code == ExitCode.USAGE
    assert any(line.startswith(f"pipeline.toml: {place}: ") for line in completed.last_lines)
    assert not inv.checkout.endpoints_file.exists()
    assert "Traceback" not in "".join(completed.last_lines)
