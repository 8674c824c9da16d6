"""The plan of a load from the catalog of a real PostgreSQL, with a schema of hard cases."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.workload import NO_FILE, read_workload
from cdc_perf.stack import source
from cdc_perf.workload.catalog import read_catalog
from cdc_perf.workload.derive import Derived
from cdc_perf.workload.load_plan import Array, Choice, Generator, Range, Reference, Text, Unique
from cdc_perf.workload.plans import derive_plans
from cdc_perf.workload.source_rows import QueriedRows
from tests.integration.conftest import ROOT
from tests.integration.postgres_15 import PROGRAMS, postgres

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAMS.exists(), reason="PostgreSQL 15 is not installed"),
]
SCHEMA = """
CREATE SCHEMA shop;
CREATE TABLE shop.products (
    sku text PRIMARY KEY, name text, price numeric(12,2), tags text[], attrs jsonb,
    updated_at timestamptz);
CREATE TABLE shop.orders (
    tenant_id int, order_no bigint, sku text REFERENCES shop.products, qty int CHECK (qty > 0),
    state text CHECK (state IN ('new', 'paid', 'shipped')), note text,
    PRIMARY KEY (tenant_id, order_no));
CREATE TABLE shop.audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz DEFAULT now(),
    payload jsonb);

CREATE SCHEMA "Hard";
CREATE TYPE "Hard"."Mood" AS ENUM ('fine', 'so-so', 'it''s bad');
CREATE DOMAIN "Hard".rating AS int NOT NULL CHECK (VALUE BETWEEN 1 AND 5);
CREATE DOMAIN "Hard".good AS "Hard".rating CHECK (VALUE >= 3);
CREATE DOMAIN "Hard".email AS text CHECK (VALUE ~ '^[^@]+@[^@]+$');
CREATE TABLE "Hard"."Customer" (
    "Id" serial PRIMARY KEY, "Full Name" varchar(30) NOT NULL, mood "Hard"."Mood" NOT NULL,
    moods "Hard"."Mood"[], rating "Hard".good, contact "Hard".email NOT NULL,
    referrer int REFERENCES "Hard"."Customer", initials char(2) CHECK (length(initials) = 2),
    price numeric(6, 2) NOT NULL CHECK (price >= 0 AND price < 100),
    gross numeric GENERATED ALWAYS AS (price * 2) STORED);
CREATE TABLE "Hard"."Visit" (
    customer int NOT NULL REFERENCES "Hard"."Customer" ON DELETE CASCADE, day date NOT NULL,
    number int NOT NULL, minutes int, PRIMARY KEY (customer, day, number)
) PARTITION BY RANGE (day);
CREATE TABLE "Hard".visit_1 PARTITION OF "Hard"."Visit"
    FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE "Hard".note (
    customer int, day date, number int, line int, body text NOT NULL,
    PRIMARY KEY (customer, day, number, line),
    FOREIGN KEY (customer, day, number) REFERENCES "Hard"."Visit");
CREATE TABLE "Hard".no_key (a int, b text);
CREATE TABLE "Hard".shape (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), bits bit(8) NOT NULL);
INSERT INTO shop.orders VALUES (1, 41, NULL, 1, 'new', NULL);
CREATE PUBLICATION cdc_publication FOR TABLE shop.products (sku, name), shop.orders;
CREATE ROLE reader LOGIN;
GRANT USAGE ON SCHEMA shop TO reader;
GRANT SELECT ON shop.products TO reader;
"""
KEYS = {
    "shop.products": ("sku",),
    "shop.orders": ("tenant_id", "order_no"),
    "shop.audit_log": ("id",),
    '"Hard"."Customer"': ("Id",),
    '"Hard"."Visit"': ("customer", "day", "number"),
    '"Hard".note': ("customer", "day", "number", "line"),
    '"Hard".no_key': ("a",),
    '"Hard".shape': ("id",),
}
HARD = """
[changes.'"Hard"."Customer"']
insert = 1
update = 1
columns.contact = { sequence = "user-{}@example.test" }
[changes.'"Hard"."Visit"']
insert = 1
with = { '"Hard".note' = 2 }
"""


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("workload-plans") / "postgres") as found:
        with psycopg.connect(found, autocommit=True) as connection:
            connection.execute(SCHEMA.encode())
        yield found


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    loaded = load_pipeline(Checkout.at(ROOT, {}))
    tables = tuple(Table(name, key, name.replace('"', "")) for name, key in KEYS.items())
    return msgspec.structs.replace(loaded, tables=tables)


def derived(dsn: str, pipeline: Pipeline, tmp_path: Path, text: str) -> Derived:
    path = tmp_path / "workload.toml"
    path.write_text(text, encoding="utf-8")
    return derive_plans(pipeline, dsn, {"": read_workload(path)})[""]


def generators(found: Derived, table: str) -> dict[str, Generator]:
    return {each.name: each.generator for each in found.plan.tables[table].columns}


def test_four_lines_are_enough(dsn: str, pipeline: Pipeline, tmp_path: Path) -> None:
    text = '[changes."shop.orders"]\ninsert = 40\nupdate = 40\ndelete = 20\n'
    found = derived(dsn, pipeline, tmp_path, text)
    assert generators(found, "shop.orders") == {
        "tenant_id": Range("1", "1000", "integer"),
        # Above the order that is there.
        "order_no": Unique("integer", start=42),
        "qty": Range("1", "1000", "integer"),
        "state": Choice(("new", "paid", "shipped")),
        "note": Text(20),
    }
    (reference,) = found.plan.tables["shop.orders"].references
    assert (reference.existing, reference.nullable) == (True, True)


def test_hard_cases_are_derived(dsn: str, pipeline: Pipeline, tmp_path: Path) -> None:
    found = derived(dsn, pipeline, tmp_path, HARD)
    customer = generators(found, '"Hard"."Customer"')
    mood = Choice(("fine", "so-so", "it's bad"))
    assert customer["mood"] == mood
    assert customer["moods"] == Array(mood, 2)
    assert customer["rating"] == Range("3", "5", "integer")
    assert customer["initials"] == Text(2)
    assert customer["price"] == Range("1", "99.99", "decimal", 2)
    assert not {"Id", "gross", "referrer"} & set(customer)
    assert found.plan.tables['"Hard"."Customer"'].updates == ("Full Name",)
    visit = generators(found, '"Hard"."Visit"')
    assert visit["day"] == Range("2026-01-01", "2026-01-31", "date")
    assert visit["number"] == Unique("integer", start=1)
    (to_visit,) = found.plan.tables['"Hard".note'].references
    columns = ("customer", "day", "number")
    assert to_visit == Reference(
        columns, '"Hard"."Visit"', columns, nullable=False, cascades=False, existing=False
    )


def test_what_cannot_be_derived_is_named(dsn: str, pipeline: Pipeline) -> None:
    found = derive_plans(pipeline, dsn, {"": NO_FILE})[""]
    assert list(found.plan.tables) == ["shop.products", "shop.orders", "shop.audit_log"]
    left = "\n".join(found.left_out)
    for reason in (
        "columns.contact: the constraint email_check is not of a simple kind",
        '(a) is not the key of "Hard".no_key; it has no primary key',
        "columns.bits: has the type bit(8), for which there is no generator",
        'columns.customer: refers to "Hard"."Customer", which has no row',
    ):
        assert reason in left
    # The publication leaves out the other columns.
    assert found.plan.tables["shop.products"].recognized == ("name",)


def test_the_faults_of_a_file_are_those_of_the_tables(
    dsn: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    text = (
        '[changes."shop.orders"]\ninsert = 1\n[changes."shop.orders".columns]\n'
        "qty = { range = [0, 5] }\nstaet = { text = 3 }\n"
    )
    with pytest.raises(UsageFailure) as failure:
        derived(dsn, pipeline, tmp_path, text)
    assert failure.value.message.splitlines() == [
        (
            'workload.toml: changes."shop.orders".columns.staet: shop.orders has no such column; '
            "did you mean state?"
        ),
        (
            'workload.toml: changes."shop.orders".columns.qty: range: 0 is not allowed by its type '
            "or a constraint (orders_qty_check: CHECK ((qty > 0)))"
        ),
    ]


def test_rights_are_those_of_the_role(dsn: str, pipeline: Pipeline, tmp_path: Path) -> None:
    reader = make_conninfo(dsn, user="reader")
    products = msgspec.structs.replace(pipeline, tables=pipeline.tables[:1])
    text = '[changes."shop.products"]\ninsert = 1\nupdate = 1\n'
    with pytest.raises(UsageFailure) as failure:
        derived(reader, products, tmp_path, text)
    assert "the role has no right to insert rows of shop.products" in failure.value.message
    assert "the role has no right to update rows of shop.products" in failure.value.message
    hidden = msgspec.structs.replace(pipeline, tables=pipeline.tables[1:2])
    orders = '[changes."shop.orders"]\ninsert = 1\n'
    with pytest.raises(StackFailure, match="permission denied for table orders"):
        derived(reader, hidden, tmp_path, orders)


def test_the_catalog_has_what_init_shows(dsn: str) -> None:
    with source.connect(dsn) as connection:
        found = read_catalog(connection)
        rows = QueriedRows(connection)
        assert rows.highest("shop.orders", "order_no") == 41
        assert rows.highest("shop.audit_log", "id") == 0
        assert (rows.has_rows("shop.orders"), rows.has_rows("shop.products")) == (True, False)
    assert set(KEYS) | {'"Hard".visit_1'} == set(found.tables)
    (publication,) = found.publications
    assert publication.tables["shop.products"] == ("sku", "name")
    assert found.tables['"Hard".visit_1'].is_partition
    customer = found.tables['"Hard"."Customer"']
    columns = {each.name: each for each in customer.columns}
    assert columns["Id"].is_numbered
    assert columns["gross"].is_generated
    assert columns["rating"].not_null
    assert {each.name for each in columns["rating"].domain_checks} == {
        *("good_check", "rating_check"),
    }
    (referrer,) = customer.foreign_keys
    assert (referrer.table, referrer.to) == ('"Hard"."Customer"', ("Id",))


def test_a_column_without_an_index_may_take_too_long(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdc_perf.workload.source_rows._DEADLINE_MS", 1)
    view = b"CREATE VIEW shop.slow AS SELECT 1 AS n FROM (SELECT pg_sleep(1)) AS s"
    with source.connect(dsn) as connection:
        connection.execute(view)
        assert QueriedRows(connection).highest("shop.slow", "n") is None
