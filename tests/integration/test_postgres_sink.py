"""A PostgreSQL sink whose names and types differ from those of the source."""

import dataclasses
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import psycopg
import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.integrity.columns import NotCompared, Why
from cdc_perf.integrity.records import FindingKind
from cdc_perf.integrity.snapshot import TableComparison, compare
from cdc_perf.settings.pipeline import Pipeline, PostgresSink, Table
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.checks.capture import ANY_SOURCE
from cdc_perf.stack.checks.results import expect_passed
from cdc_perf.stack.checks.sequence import check_pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.sinks.choice import sink_of
from cdc_perf.stack.sinks.postgres import PostgresTarget

# Types of its own, and a column that the source does not have.
SCHEMA = """
    CREATE SCHEMA "Crm";
    CREATE TABLE "Crm"."Order" (
        number     text PRIMARY KEY,
        client     text,
        state      varchar(20),
        remark     text,
        total      numeric(20, 6),
        updated_at timestamptz,
        loaded_at  timestamptz DEFAULT now()
    )
"""
ORDERS = Table(
    table="public.orders",
    key=("id",),
    target='"Crm"."Order"',
    columns={"id": "number", "customer_id": "client", "status": "state"},
    not_compared=("note",),
)


@dataclass
class Sink:
    pipeline: Pipeline
    endpoints: Endpoints
    source: psycopg.Connection[tuple[object, ...]]
    sink: psycopg.Connection[tuple[object, ...]]

    def order(self) -> str:
        """Insert an order into both databases; return its key."""
        customer, key = str(uuid.uuid4()), str(uuid.uuid4())
        self.source.execute(
            "INSERT INTO customer (id, email) VALUES (%s, %s)", (customer, f"{customer}@e.test")
        )
        row = self.source.execute(
            "INSERT INTO orders (id, customer_id, note) VALUES (%s, %s, 'secret') "
            "RETURNING id::text, customer_id::text, status, total, updated_at",
            (key, customer),
        ).fetchone()
        self.sink.execute(
            'INSERT INTO "Crm"."Order" (number, client, state, total, updated_at) '
            "VALUES (%s, %s, %s, %s, %s)",
            row,
        )
        return key

    def compared(self) -> TableComparison:
        sink = sink_of(self.pipeline, self.endpoints)
        return compare(self.endpoints.postgres_dsn, sink, self.pipeline, ConnectorFilter())

    def check(self) -> None:
        expect_passed(check_pipeline(self.pipeline, self.endpoints, ANY_SOURCE))

    def found(self) -> list[tuple[FindingKind, str, tuple[str, ...]]]:
        return [(each.kind, each.id, each.columns) for each in self.compared().differences]


@pytest.fixture
def sink(pipeline: Pipeline, endpoints: Endpoints) -> Iterator[Sink]:
    changed = msgspec.structs.replace(
        pipeline,
        # The role of the stack may not create databases.
        sink=PostgresSink(pipeline.postgres.database, "sink.sql"),
        tables=(ORDERS,),
        consumer=None,
    )
    dsn = endpoints.postgres_dsn
    with (
        psycopg.connect(endpoints.postgres_dsn, autocommit=True) as here,
        psycopg.connect(dsn, autocommit=True) as there,
    ):
        here.execute("DELETE FROM orders")
        there.execute('DROP SCHEMA IF EXISTS "Crm" CASCADE')
        there.execute(SCHEMA)
        at = msgspec.structs.replace(endpoints, sink="postgres", sink_dsn=dsn)
        yield Sink(changed, at, here, there)


def test_rows_are_equal_whatever_the_names_and_types(sink: Sink) -> None:
    for _ in range(3):
        sink.order()
    found = sink.compared()
    (table,) = found.tables
    assert (found.differences, table.rows, table.documents) == ((), 3, 3)
    assert table.not_compared == (NotCompared("note", "text", Why.DECLARED),)


@pytest.mark.parametrize(
    ("change", "kind", "columns"),
    [
        ('DELETE FROM "Crm"."Order" WHERE number = %s', FindingKind.MISSING, ()),
        (
            'UPDATE "Crm"."Order" SET state = \'x\' WHERE number = %s',
            FindingKind.CONTENT,
            ("status text",),
        ),
        (
            'UPDATE "Crm"."Order" SET total = total + 0.000001 WHERE number = %s',
            FindingKind.CONTENT,
            ("total numeric(12,2)",),
        ),
        (
            'UPDATE "Crm"."Order" SET updated_at = now() WHERE number = %s',
            FindingKind.CONTENT,
            ("updated_at timestamp with time zone",),
        ),
        (
            'UPDATE "Crm"."Order" SET client = NULL WHERE number = %s',
            FindingKind.CONTENT,
            ("customer_id uuid",),
        ),
    ],
)
def test_a_row_that_differs_is_found(
    sink: Sink, change: str, kind: FindingKind, columns: tuple[str, ...]
) -> None:
    key, _ = sink.order(), sink.order()
    sink.sink.execute(change.encode(), (key,))
    assert sink.found() == [(kind, key, columns)]


def test_a_row_without_a_source_is_found(sink: Sink) -> None:
    key, other = sink.order(), sink.order()
    sink.source.execute("DELETE FROM orders WHERE id = %s", (key,))
    assert sink.found() == [(FindingKind.EXTRA, key, ())]
    with PostgresTarget(sink.endpoints.sink_dsn).open() as reader:
        assert reader.has(ORDERS, other)
        sink.sink.execute('DELETE FROM "Crm"."Order"')
        assert not reader.has(ORDERS, other)


def test_a_connection_that_breaks_is_renewed(sink: Sink) -> None:
    key = sink.order()
    with PostgresTarget(sink.endpoints.sink_dsn).open() as reader:
        assert reader.has(ORDERS, key)
        ended = sink.source.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'cdc-perf'"
        ).fetchall()
        assert ended == [(True,)]
        with pytest.raises(Exception, match="the sink PostgreSQL"):
            reader.has(ORDERS, key)
        assert reader.has(ORDERS, key)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            'DROP TABLE "Crm"."Order"',
            "pipeline.toml: tables[0].target: the sink's database cdc has no table ",
        ),
        (
            'ALTER TABLE "Crm"."Order" DROP COLUMN state',
            'pipeline.toml: tables[0]: the sink\'s table "Crm"."Order" has no column state; ',
        ),
        ('ALTER TABLE "Crm"."Order" DROP COLUMN remark', ""),
    ],
)
def test_a_sink_without_a_table_or_a_column_is_refused(
    sink: Sink, change: str, message: str
) -> None:
    sink.check()
    sink.sink.execute(change.encode())
    if not message:
        sink.check()
        return
    with pytest.raises(StackFailure) as caught:
        sink.check()
    assert caught.value.message.startswith(message)


def test_a_name_that_the_source_does_not_have_is_refused(sink: Sink) -> None:
    wrong = msgspec.structs.replace(ORDERS, columns={**ORDERS.columns, "stat": "x"})
    pipeline = msgspec.structs.replace(sink.pipeline, tables=(wrong,))
    with pytest.raises(StackFailure, match=r"columns: public\.orders has no column stat"):
        dataclasses.replace(sink, pipeline=pipeline).check()
