"""The plan of a load, from the file and a catalog."""

import re
from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import KafkaSink, Pipeline, PostgresSink, Table
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.workload import NO_FILE, read_workload
from cdc_perf.workload.catalog import Catalog, CatalogTable, ForeignKey, Publication
from cdc_perf.workload.derive import Derived, derive
from cdc_perf.workload.load_plan import Choice, Column, LoadPlan, Range, Reference, Text, Unique
from tests.unit.workload.catalogs import Rows, catalog, column, numeric, table

ROOT = Path(__file__).parents[3]
PRODUCTS = table(
    "shop.products",
    column("sku", not_null=True),
    column("name"),
    column("price", "numeric", modifier=numeric(12, 2)),
    column("updated_at", "timestamptz"),
    key=("sku",),
)
TO_PRODUCTS = ForeignKey("orders_sku_fkey", ("sku",), "shop.products", ("sku",))
ORDERS = table(
    "shop.orders",
    column("tenant_id", "int4", not_null=True),
    column("order_no", "int8", not_null=True),
    column("sku", not_null=True),
    column("qty", "int4"),
    column("state"),
    column("total", "int4", generated=True),
    column("at", "timestamptz", default="now()"),
    key=("tenant_id", "order_no"),
    checks={
        "CHECK ((qty > 0))": "qty",
        "CHECK ((state = ANY (ARRAY['new'::text, 'paid'::text])))": "state",
    },
    keys=(TO_PRODUCTS,),
)
ITEMS = table(
    "shop.items",
    column("id", "uuid", not_null=True),
    column("tenant_id", "int4", not_null=True),
    column("order_no", "int8", not_null=True),
    column("parent", "uuid"),
    keys=(
        ForeignKey("to_order", ("tenant_id", "order_no"), "shop.orders", ORDERS.primary_key, "c"),
        ForeignKey("to_parent", ("parent",), "shop.items", ("id",)),
    ),
)
PROFILE = table(
    "shop.profile",
    column("sku", not_null=True),
    column("bio"),
    key=("sku",),
    keys=(ForeignKey("profile_sku", ("sku",), "shop.products", ("sku",)),),
)
SHOP = catalog(PRODUCTS, ORDERS, ITEMS, PROFILE)
TABLES = (
    Table("shop.products", ("sku",), "products"),
    Table("shop.orders", ("tenant_id", "order_no"), "orders"),
    Table("shop.items", ("id",), "items"),
    Table("shop.profile", ("sku",), "profile"),
)


def pipeline_of(*tables: Table) -> Pipeline:
    loaded = load_pipeline(Checkout.at(ROOT, {}))
    return msgspec.structs.replace(loaded, tables=tables)


@pytest.fixture
def pipeline() -> Pipeline:
    return pipeline_of(*TABLES)


@pytest.fixture
def planned(tmp_path: Path, pipeline: Pipeline) -> "Planned":
    return Planned(tmp_path / "workload.toml", pipeline)


class Planned:
    """Derives the plan of a file's text."""

    def __init__(self, path: Path, pipeline: Pipeline) -> None:
        self.path = path
        self.pipeline = pipeline

    def plan(self, text: str, source: Catalog = SHOP, rows: Rows | None = None) -> LoadPlan:
        self.path.write_text(text, encoding="utf-8")
        return derive(read_workload(self.path), self.pipeline, source, rows or Rows()).plan

    def faults(self, text: str, source: Catalog = SHOP, rows: Rows | None = None) -> list[str]:
        with pytest.raises(UsageFailure) as failure:
            self.plan(text, source, rows)
        lines = failure.value.message.splitlines()
        return [line.removeprefix("workload.toml: ") for line in lines]


SHORTEST = '[changes."shop.orders"]\ninsert = 40\nupdate = 40\ndelete = 20\n'


def test_four_lines_are_enough(planned: Planned) -> None:
    plan = planned.plan(SHORTEST)
    assert plan.seed == 1
    assert [(x.name, x.operation, x.table, x.weight) for x in plan.changes] == [
        ("insert", "insert", "shop.orders", 40),
        ("update", "update", "shop.orders", 40),
        ("delete", "delete", "shop.orders", 20),
    ]
    orders = plan.tables["shop.orders"]
    assert orders.relation == '"shop"."orders"'
    assert orders.key == ("tenant_id", "order_no")
    assert '"tenant_id"::text' in orders.id
    assert orders.columns == (
        Column("tenant_id", Range("1", "1000", "integer")),
        Column("order_no", Unique("integer", start=1)),
        Column("qty", Range("1", "1000", "integer")),
        Column("state", Choice(("new", "paid"))),
    )
    assert orders.references == (
        Reference(
            ("sku",), "shop.products", ("sku",), nullable=False, cascades=False, existing=True
        ),
    )
    assert orders.recognized == ("sku", "qty", "state")
    assert orders.updates == ("qty",)
    # The rows that orders refer to are only read.
    products = plan.tables["shop.products"]
    assert (products.relation, products.key) == ('"shop"."products"', ("sku",))
    assert products.columns == ()


def test_children_refer_to_the_virtual_users_own_parents_if_there_are_any(planned: Planned) -> None:
    plan = planned.plan(
        SHORTEST + 'with = { "shop.items" = 2 }\nrows = 3\nkeys = "latest"\n'
        '[changes."shop.products"]\ninsert = 1\n'
    )
    (to_products,) = plan.tables["shop.orders"].references
    assert not to_products.existing
    to_order, to_parent = plan.tables["shop.items"].references
    assert (to_order.columns, to_order.cascades, to_order.existing) == (
        ("tenant_id", "order_no"),
        True,
        False,
    )
    assert to_parent.nullable
    assert not to_parent.existing
    insert, update, *_ = plan.changes
    assert (insert.rows, [(x.table, x.rows) for x in insert.with_]) == (3, [("shop.items", 2)])
    assert (update.rows, update.with_, update.keys) == (1, (), "latest")


def test_settings_of_columns_replace_what_is_derived(planned: Planned) -> None:
    plan = planned.plan(
        SHORTEST
        + 'set = ["state", "at"]\n[changes."shop.orders".columns]\n'
        + "state = { choice = { new = 3, paid = 1 } }\nqty = { nulls = 0.5 }\nsku = { text = 9 }\n"
        + 'at = { sql = "clock_timestamp()" }\n'
    )
    orders = plan.tables["shop.orders"]
    columns = {each.name: each for each in orders.columns}
    assert columns["state"].generator == Choice(("new", "paid"), (3.0, 1.0))
    assert columns["qty"] == Column("qty", Range("1", "1000", "integer"), 0.5)
    # Who fills in a foreign key is trusted with it.
    assert columns["sku"].generator == Text(9)
    assert orders.references == ()
    assert orders.updates == ("state", "at")
    assert list(plan.tables) == ["shop.orders"]


def test_statements_are_changes(planned: Planned) -> None:
    plan = planned.plan(
        '[statements.pay]\nweight = 2\ntable = "shop.orders"\noperation = "update"\n'
        "sql = \"UPDATE shop.orders SET state = 'paid' WHERE tenant_id = :tenant_id "
        'AND order_no = :order_no"\n'
        '[statements.never]\nweight = 0\ntable = "shop.orders"\noperation = "insert"\n'
        'sql = "INSERT INTO shop.orders DEFAULT VALUES"\n'
    )
    assert [(x.name, x.weight) for x in plan.changes] == [("pay", 2)]
    # The virtual user inserts the row first.
    assert plan.tables["shop.orders"].columns


def test_a_table_into_which_a_statement_inserts_needs_no_derived_rows(planned: Planned) -> None:
    planned.pipeline = pipeline_of(TABLES[0])
    source = catalog(
        table("shop.products", column("sku"), column("at", "point", not_null=True), key=("sku",))
    )
    plan = planned.plan(
        '[statements.add]\nweight = 1\ntable = "shop.products"\noperation = "insert"\n'
        'sql = "INSERT INTO shop.products VALUES (:sku, point(1, 2))"\n'
        'values = { sku = { sequence = "{}" } }\n',
        source,
    )
    products = plan.tables["shop.products"]
    assert (products.columns, products.key) == ((), ("sku",))


def test_rows_that_other_changes_need_are_derived(planned: Planned) -> None:
    insert = (
        '[statements.add]\nweight = 1\ntable = "shop.products"\noperation = "insert"\n'
        "sql = \"INSERT INTO shop.products VALUES ('a')\"\n"
    )
    drop = (
        '[statements.drop]\nweight = 1\ntable = "shop.products"\noperation = "delete"\n'
        'sql = "DELETE FROM shop.products WHERE sku = :sku"\n'
    )
    for text in (insert + drop, insert + SHORTEST):
        assert planned.plan(text).tables["shop.products"].columns


def test_every_fault_is_found_at_once(planned: Planned) -> None:
    faults = planned.faults(
        SHORTEST
        + 'set = ["tenant_id", "notes", "total", "sku"]\nwith = { "shop.products" = 1 }\n'
        + '[changes."shop.orders".columns]\nqty = { range = [0, 5] }\nquantity = { text = 3 }\n'
        + "tenant_id = { nulls = 0.5 }\nsku = { nulls = 0.5 }\ntotal = { range = [1, 2] }\n"
        + '[changes."shop.order"]\ninsert = 1\n[changes."shop.profile"]\nupdate = 1\n'
        + '[statements.pay]\nweight = 1\ntable = "shop.order"\noperation = "delete"\n'
        + 'sql = "DELETE"\n'
    )
    place = 'changes."shop.orders"'
    assert faults == [
        (
            f"{place}.columns.quantity: shop.orders has no such column; known: tenant_id, "
            "order_no, sku, qty, state, total, at"
        ),
        f"{place}.columns.tenant_id.nulls: the column accepts no null",
        f"{place}.columns.sku.nulls: the column accepts no null",
        f"{place}.columns.total: is generated by PostgreSQL; remove it",
        (
            f"{place}.columns.qty: range: 0 is not allowed by its type or a constraint "
            "(c0: CHECK ((qty > 0)))"
        ),
        f"{place}.set: tenant_id is a key column: an update keeps the key",
        (
            f"{place}.set: shop.orders has no column notes; known: tenant_id, order_no, sku, qty, "
            "state, total, at"
        ),
        f"{place}.set: total is generated by PostgreSQL",
        f"{place}.set: sku is a foreign key; use a custom statement",
        (
            'changes."shop.order": shop.order is not in [[tables]]; did you mean shop.orders or '
            "shop.profile or shop.products?"
        ),
        (
            'changes."shop.profile".columns.sku: at most one row may refer to a row of '
            "shop.products: write it with "
            'changes."shop.products".with instead of operations of its own'
        ),
        f"{place}.with: shop.products has no foreign key to shop.orders that is filled in",
    ]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            '[changes."shop.orders"]\nupdate = 1\nset = ["at"]\n',
            [
                (
                    'changes."shop.orders".set: at: has no values that differ and whose text is '
                    "the same in the sink, which k6 waits for; add a column that has"
                )
            ],
        ),
        (
            '[changes."shop.items"]\nupdate = 1\n',
            [
                (
                    'changes."shop.items".columns.tenant_id: refers to shop.orders, which has no '
                    'row: insert rows into it (insert in changes."shop.orders")'
                ),
                (
                    'changes."shop.items".update: no column of shop.items has values that differ '
                    "and whose text is the same in the sink, which k6 waits for; set "
                    "one in set, or update = 0"
                ),
            ],
        ),
        (
            '[changes."shop.products"]\ninsert = 1\nwith = { "shop.profile" = 2 }\n',
            [
                (
                    'changes."shop.profile".columns.sku: at most one row may refer to a row of '
                    "shop.products: set its rows in with to 1"
                )
            ],
        ),
        (
            '[changes."shop.products"]\ndelete = 1\nwith = { "shop.profile" = 1 }\n',
            ['changes."shop.products".with: needs insert: it is a part of an insert'],
        ),
        (
            '[changes."shop.products"]\ninsert = 1\nwith = { "shop.nothing" = 1 }\n',
            [
                (
                    'changes."shop.products".with: shop.nothing is not in [[tables]]; known: '
                    "shop.products, shop.orders, shop.items, shop.profile"
                )
            ],
        ),
    ],
)
def test_a_load_must_be_possible(planned: Planned, text: str, faults: list[str]) -> None:
    found = planned.faults(text, rows=Rows(empty=frozenset(("shop.orders",))))
    assert sorted(found) == sorted(faults)


def test_a_row_with_its_parent_needs_no_other(planned: Planned) -> None:
    plan = planned.plan('[changes."shop.products"]\ninsert = 1\nwith = { "shop.profile" = 1 }\n')
    (reference,) = plan.tables["shop.profile"].references
    assert not reference.existing
    assert [(x.operation, x.weight) for x in plan.changes] == [("insert", 1)]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (catalog(), "there is no table shop.products in the source; none exist"),
        (catalog(table("shop.products", column("sku"), key=("sku",), kind="v")), "is a view"),
        (
            catalog(table("shop.products", column("sku"), key=())),
            "it has no primary key, and the unique indexes none; ALTER TABLE",
        ),
        (
            catalog(table("shop.products", column("sku"), column("id"), key=("id", "sku"))),
            "(sku) is not the key of shop.products; its primary key is (id, sku); key = ",
        ),
        (
            catalog(table("shop.products", column("sku", "point"), key=("sku",))),
            "the key column sku has the type point, which is not supported as a key",
        ),
        (
            catalog(
                table(
                    "shop.products", column("sku"), key=("sku",), privileges=frozenset(("SELECT",))
                )
            ),
            "the role has no right to insert rows of shop.products",
        ),
        (
            catalog(
                PRODUCTS,
                publications=(
                    Publication(
                        "cdc_publication",
                        operations=frozenset(("update",)),
                        via_root=True,
                        tables={},
                    ),
                ),
            ),
            "the publication cdc_publication does not publish inserts",
        ),
        (
            catalog(
                table(
                    "shop.products", column("sku"), column("a", "xid8", not_null=True), key=("sku",)
                )
            ),
            "columns.a: has the type xid8, for which there is no generator: fill in its values",
        ),
        (
            catalog(
                table(
                    "shop.products",
                    *(column("sku"), column("a", "int4"), column("b", "int4", default="1")),
                    key=("sku",),
                    checks={"CHECK ((a > b))": "a b", "CHECK ((b <> sin(b)))": "b"},
                )
            ),
            "columns.a: the constraint c0 is not of a simple kind: CHECK ((a > b)); fill in its",
        ),
        (
            catalog(
                table("shop.products", column("sku"), key=("sku",), partition_key="RANGE (a, b)")
            ),
            "columns: the table is partitioned by RANGE (a, b); fill in the values of that key",
        ),
        (
            catalog(
                table(
                    "shop.products",
                    *(column("sku"), column("up", not_null=True)),
                    key=("sku",),
                    keys=(ForeignKey("up", ("up",), "shop.products", ("sku",)),),
                )
            ),
            "the foreign key up refers to shop.products itself, and accepts no null",
        ),
        (
            catalog(
                table(
                    "shop.products",
                    *(column("sku"), column("a", "int4", not_null=True)),
                    key=("sku",),
                    keys=(ForeignKey("one", ("a",), "shop.x", ("a",)),),
                )
            ),
            "columns.a: refers to shop.x, which the role may not read",
        ),
    ],
)
def test_a_table_may_not_be_loadable(planned: Planned, source: Catalog, fault: str) -> None:
    planned.pipeline = pipeline_of(TABLES[0])
    (found,) = planned.faults('[changes."shop.products"]\ninsert = 1\n', source)
    assert fault in found


def test_a_table_without_a_primary_key_may_have_a_unique_one(planned: Planned) -> None:
    planned.pipeline = pipeline_of(TABLES[0])
    source = catalog(
        table("shop.products", column("sku", not_null=True), key=(), unique=(("sku",),))
    )
    plan = planned.plan('[changes."shop.products"]\ninsert = 1\n', source)
    assert plan.tables["shop.products"].columns == (Column("sku", Unique("text", bytes=20)),)


def test_two_tables_that_need_each_other_have_no_first_row(planned: Planned) -> None:
    def half(name: str, other: str) -> CatalogTable:
        return table(
            f"shop.{name}",
            *(column("id", "uuid"), column("other", "uuid", not_null=True)),
            keys=(ForeignKey("fk", ("other",), f"shop.{other}", ("id",)),),
        )

    planned.pipeline = pipeline_of(Table("shop.a", ("id",), "a"), Table("shop.b", ("id",), "b"))
    source = catalog(half("a", "b"), half("b", "a"))
    assert planned.faults(
        '[changes."shop.a"]\ninsert = 1\n[changes."shop.b"]\ninsert = 1\n', source
    ) == [
        'changes."shop.a": needs a row of shop.b, which needs one of shop.a: none can be first',
        'changes."shop.b": needs a row of shop.a, which needs one of shop.b: none can be first',
    ]


def test_a_key_that_follows_from_another_one_needs_no_row_of_its_own(planned: Planned) -> None:
    tenant = table("shop.tenants", column("id", "int4"))
    user = table(
        "shop.users",
        *(column("tenant", "int4"), column("no", "int4")),
        key=("tenant", "no"),
        keys=(ForeignKey("to_tenant", ("tenant",), "shop.tenants", ("id",)),),
    )
    note = table(
        "shop.notes",
        *(column("id", "uuid"), column("tenant", "int4"), column("author", "int4")),
        keys=(
            ForeignKey("note_tenant", ("tenant",), "shop.tenants", ("id",)),
            ForeignKey("note_author", ("tenant", "author"), "shop.users", ("tenant", "no")),
        ),
    )
    planned.pipeline = pipeline_of(Table("shop.notes", ("id",), "notes"))
    plan = planned.plan('[changes."shop.notes"]\ninsert = 1\n', catalog(tenant, user, note))
    assert [x.table for x in plan.tables["shop.notes"].references] == ["shop.users"]


def test_keys_that_share_a_column_are_both_filled_in(planned: Planned) -> None:
    parents = [
        table(name, column("tenant", "int4"), column("no", "int4"), key=("tenant", "no"))
        for name in ("shop.users", "shop.rooms")
    ]
    visit = table(
        "shop.visits",
        *(column("id", "uuid"), *(column(name, "int4") for name in ("tenant", "user", "room"))),
        keys=(
            ForeignKey("by", ("tenant", "user"), "shop.users", ("tenant", "no")),
            ForeignKey("where", ("tenant", "room"), "shop.rooms", ("tenant", "no")),
        ),
    )
    planned.pipeline = pipeline_of(Table("shop.visits", ("id",), "visits"))
    plan = planned.plan('[changes."shop.visits"]\ninsert = 1\n', catalog(*parents, visit))
    found = plan.tables["shop.visits"]
    assert [x.table for x in found.references] == ["shop.users", "shop.rooms"]
    # k6 chooses the tenant with the rows that they refer to.
    assert [x.name for x in found.columns] == ["id"]


def test_without_a_file_each_table_gets_inserts(pipeline: Pipeline) -> None:
    found = derive(NO_FILE, pipeline, SHOP, Rows())
    assert [(x.table, x.weight) for x in found.plan.changes] == [
        ("shop.products", 1),
        ("shop.orders", 1),
        ("shop.items", 1),
    ]
    (left,) = found.left_out
    assert left.startswith("the load of shop.profile: columns.sku: at most one row")


def test_without_any_table_that_can_be_loaded_there_is_no_load() -> None:
    pipeline = pipeline_of(TABLES[3])
    with pytest.raises(UsageFailure, match=re.escape("the load of shop.profile: columns.sku:")):
        derive(NO_FILE, pipeline, SHOP, Rows())


def test_the_left_out_table_is_no_parent_any_more(pipeline: Pipeline) -> None:
    broken = table("shop.orders", *ORDERS.columns, key=("order_no",), keys=(TO_PRODUCTS,))
    source = catalog(PRODUCTS, broken, ITEMS, PROFILE)
    found: Derived = derive(NO_FILE, pipeline, source, Rows(empty=frozenset(("shop.orders",))))
    assert [x.table for x in found.plan.changes] == ["shop.products"]
    assert len(found.left_out) == 3


@pytest.mark.parametrize(
    ("sink", "recognized"),
    [
        (KafkaSink(), ("name", "price")),
        (PostgresSink("cdc", "sink.sql"), ("name", "price", "day")),
    ],
)
def test_the_sink_decides_which_columns_are_recognized(
    planned: Planned, sink: KafkaSink | PostgresSink, recognized: tuple[str, ...]
) -> None:
    source = catalog(
        table(
            "shop.products",
            column("sku"),
            *(column("name"), column("price", "numeric"), column("f", "float8")),
            *(
                column("day", "date"),
                column("hidden"),
                column("odd", "numeric", modifier=numeric(3, -2)),
            ),
            column("g", generated=True),
            key=("sku",),
        )
    )
    own = Table("shop.products", ("sku",), "products", not_compared=("hidden",))
    planned.pipeline = msgspec.structs.replace(pipeline_of(own), sink=sink)
    plan = planned.plan('[changes."shop.products"]\ninsert = 1\n', source)
    assert plan.tables["shop.products"].recognized == recognized


def test_what_is_not_published_or_carried_is_not_recognized(planned: Planned) -> None:
    published = Publication(
        "cdc_publication",
        operations=frozenset(("insert",)),
        via_root=True,
        tables={"shop.products": ("sku", "name", "secret", "card")},
    )
    source = catalog(
        table(
            "shop.products",
            *(column("sku"), column("name"), column("secret"), column("card"), column("left")),
            key=("sku",),
        ),
        publications=(published,),
    )
    pipeline = pipeline_of(TABLES[0])
    config = {
        **pipeline.connector.config,
        "column.exclude.list": "shop.products.secret",
        "column.mask.with.4.chars": "shop.products.card",
    }
    connector = msgspec.structs.replace(pipeline.connector, config=config)
    planned.pipeline = msgspec.structs.replace(pipeline, connector=connector)
    plan = planned.plan('[changes."shop.products"]\ninsert = 1\n', source)
    assert plan.tables["shop.products"].recognized == ("name",)
