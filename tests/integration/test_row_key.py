"""Rows found by their `_id` in a real PostgreSQL: every type of key, and by the key's index."""

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from cdc_perf.settings.pipeline import Table
from cdc_perf.stack.printing import set_printing
from cdc_perf.stack.row_id import identity
from cdc_perf.stack.row_key import RowKey, rows_by_key, warn_if_unindexed
from cdc_perf.stack.table_columns import table_columns
from tests.integration.postgres_15 import PROGRAMS, postgres
from tests.integration.types.catalog import SETUP, Type
from tests.integration.types.stack import FOLLOWED

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAMS.exists(), reason="PostgreSQL 15 is not installed"),
]
Source = Connection[tuple[Any, ...]]
KINDS = """
CREATE TABLE customer (id uuid PRIMARY KEY, email text);
CREATE TABLE part ("the % part" text, number bigint, PRIMARY KEY ("the % part", number));
CREATE TABLE loose (id bigint, note text);
CREATE TABLE felt (id feeling PRIMARY KEY);
CREATE TABLE short (id char(5) PRIMARY KEY);
CREATE TABLE price (id numeric PRIMARY KEY);
CREATE TABLE number (id int2 PRIMARY KEY, half int GENERATED ALWAYS AS (100 / id) STORED);
INSERT INTO customer SELECT md5(n::text)::uuid, n FROM generate_series(1, 100000) AS n;
INSERT INTO part SELECT CASE WHEN n % 2 = 0 THEN 'ä "quoted" \\ %' ELSE '' END, n
    FROM generate_series(1, 100000) AS n;
INSERT INTO loose SELECT n FROM generate_series(1, 100) AS n;
INSERT INTO short VALUES ('ab'), ('abcde');
INSERT INTO price VALUES (1.50);
INSERT INTO number VALUES (1), (2), (-3);
ANALYZE;
"""


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("row-key") / "postgres") as found:
        with psycopg.connect(found) as connection:
            connection.execute(SETUP.encode())
            connection.execute(KINDS.encode())
        yield found


@pytest.fixture
def source(dsn: str) -> Iterator[Source]:
    with psycopg.connect(dsn) as connection:
        set_printing(connection)
        yield connection
        connection.rollback()


def key_and_query(source: Source, table: Table) -> tuple[RowKey, sql.Composed, sql.Composed]:
    """Return a table's key, the query by key, and the query of all `_id`s."""
    columns = {each.name: each for each in table_columns(source, table.table)}
    key = RowKey.of(table, columns)
    selected = sql.SQL("SELECT {} FROM {}").format(
        identity(table, columns), sql.Identifier(*table.name)
    )
    doubled = sql.SQL(selected.as_string().replace("%", "%%"))
    return key, sql.SQL("{} WHERE {} ORDER BY 1").format(doubled, key.condition), selected


def found(source: Source, table: Table, ids: Sequence[str]) -> list[str]:
    key, query, _ = key_and_query(source, table)
    return [row[0] for row in rows_by_key(source, query, key, ids)]


@pytest.mark.parametrize("each", FOLLOWED, ids=[each.column for each in FOLLOWED])
def test_each_type_of_key_is_found_by_its_own_text(source: Source, each: Type) -> None:
    for name, key in (("single", "key"), ("composite", "key, number")):
        source.execute(
            sql.SQL("CREATE TABLE {} (key {}, number int, PRIMARY KEY ({}))").format(
                sql.Identifier(name), sql.SQL(each.sql), sql.SQL(key)
            )
        )
        # What Debezium damages has another `_id` in the topic anyway.
        for number, value in enumerate(x for x in each.values if x not in each.damaged):
            statement = sql.SQL("INSERT INTO {} VALUES (%s::text::{}, %s) ON CONFLICT DO NOTHING")
            source.execute(
                statement.format(sql.Identifier(name), sql.SQL(each.sql)), (value, number)
            )
        table = Table(f"public.{name}", tuple(key.split(", ")), name)
        _, _, everything = key_and_query(source, table)
        ids = sorted(identity for (identity,) in source.execute(everything))
        assert ids
        assert found(source, table, ids) == ids
        # One at a time, too: no key finds another row.
        assert [found(source, table, [identity]) for identity in ids] == [[x] for x in ids]


@pytest.mark.parametrize(
    ("table", "ids"),
    [
        (Table("public.customer", ("id",), ""), ["c4ca4238-a0b9-2382-0dcc-509a6f75849b"]),
        (
            Table("public.part", ("the % part", "number"), ""),
            [
                '["",3]',
                json.dumps(['ä "quoted" \\ %', 4], separators=(",", ":"), ensure_ascii=False),
            ],
        ),
    ],
)
def test_rows_are_found_by_the_index_of_the_key(
    source: Source, table: Table, ids: list[str]
) -> None:
    key, query, _ = key_and_query(source, table)
    assert found(source, table, ids) == ids
    explain = sql.SQL("EXPLAIN {}").format(query)
    # Many keys, as in a batch of a check.
    for keys in (ids, ids * 50):
        plan = "\n".join(line for (line,) in source.execute(explain, key.values(keys)))
        assert "Index" in plan, plan
        assert "Seq Scan" not in plan, plan


def test_what_is_no_value_of_the_keys_type_has_no_row(source: Source) -> None:
    number = Table("public.number", ("id",), "")
    odd = ["", "1", "2", "70000", "9" * 30, "1.5", "x", "1\0", "\ud800", "[1]", "-3", "null"]
    assert found(source, number, odd) == ["-3", "1", "2"]
    part = Table("public.part", ("the % part", "number"), "")
    odd = ['["",3]', "", "x", "3", "[]", '[""]', '["",3,4]', '["",null]', '["",{}]', '["",true]']
    assert found(source, part, odd) == ['["",3]']


def test_an_error_of_the_rows_is_not_taken_for_a_wrong_key(source: Source) -> None:
    number = Table("public.number", ("id",), "")
    key, _, _ = key_and_query(source, number)
    query = sql.SQL("SELECT id::text, 1 / (id - 1) FROM number WHERE {}").format(key.condition)
    with pytest.raises(psycopg.errors.DivisionByZero):
        rows_by_key(source, query, key, ["1", "x"])


def test_an_equal_value_with_another_text_is_another_id(source: Source) -> None:
    assert found(source, Table("public.price", ("id",), ""), ["1.5", "1.50"]) == ["1.50"]
    short = Table("public.short", ("id",), "")
    # The type's length must not cut a key down to one that exists.
    assert found(source, short, ["ab   ", "abcde", "abcdef"]) == ["ab   ", "abcde"]


def test_a_table_without_an_index_on_its_key_is_named(
    source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for name in ("loose", "felt", "customer"):
        table = Table(f"public.{name}", ("id",), "")
        key, _, _ = key_and_query(source, table)
        warn_if_unindexed(source, table.table, key)
    assert caplog.messages == [
        f"public.{name} has no index on its key (id): each batch of keys scans it"
        for name in ("loose", "felt")
    ]
    assert found(source, Table("public.loose", ("id",), ""), ["7"]) == ["7"]
