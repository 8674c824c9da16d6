import pytest

from cdc_perf.settings.pipeline import Table
from cdc_perf.stack.checks.relation import Relation, UniqueIndex
from cdc_perf.stack.checks.tables import table_faults

TABLE = Table("public.item", ("order_id", "line"), "item")


def index(
    *columns: str, primary: bool = False, identity: bool = False, immediate: bool = True
) -> UniqueIndex:
    return UniqueIndex("_".join(columns), columns, primary, identity, immediate, plain=True)


def relation(
    *indexes: UniqueIndex,
    kind: str = "r",
    persistence: str = "p",
    identity: str = "d",
    columns: tuple[str, ...] = ("order_id", "line", "mail"),
    not_null: tuple[str, ...] = ("order_id", "line", "mail"),
    silent: bool = False,
) -> Relation:
    return Relation(kind, persistence, identity, columns, frozenset(not_null), indexes, silent)


PRIMARY = index("order_id", "line", primary=True)
UNIQUE = index("order_id", "line")


@pytest.mark.parametrize(
    "found",
    [
        relation(PRIMARY),
        relation(PRIMARY, index("mail")),
        relation(PRIMARY, identity="f"),
        relation(PRIMARY, index("line", "mail", "order_id", identity=True), identity="i"),
        # PostgreSQL keeps the mark of an index that is the replica identity no more.
        relation(PRIMARY, index("mail", identity=True)),
        relation(PRIMARY, kind="p"),
        relation(UNIQUE, identity="f"),
        relation(index("order_id", "line", identity=True), identity="i"),
        relation(index("order_id", "line", primary=True, immediate=False), identity="f"),
    ],
)
def test_a_table_that_its_key_finds_is_captured(found: Relation) -> None:
    assert list(table_faults(TABLE, found)) == []


@pytest.mark.parametrize(
    ("found", "setting"),
    [
        # A part of the primary key: two rows would share a document.
        (relation(index("order_id", "line", "mail", primary=True)), "key"),
        # Another order: the sink would have another `_id`.
        (relation(index("line", "order_id", primary=True)), "key"),
        # More than the primary key: events lack it.
        (relation(index("order_id", primary=True)), "key"),
        (relation(index("mail", primary=True)), "key"),
        (relation(), "key"),
        (relation(identity="f"), "key"),
        # Debezium takes the first by name.
        (relation(index("mail"), UNIQUE, identity="f"), "key"),
        (relation(UNIQUE, identity="f", not_null=("line",)), "key"),
        (relation(PRIMARY, columns=("line", "mail")), "key"),
        (relation(PRIMARY, columns=("order_id", "line", "Line")), "table"),
        (relation(PRIMARY, identity="n"), "table"),
        (relation(PRIMARY, silent=True, kind="p"), "table"),
        (relation(UNIQUE), "table"),
        (relation(index("order_id", "line", primary=True, immediate=False)), "table"),
        # Deletes would come without the key.
        (relation(PRIMARY, index("mail", identity=True), identity="i"), "table"),
        (relation(PRIMARY, identity="i"), "table"),
        (relation(kind="v"), "table"),
        (relation(kind="f"), "table"),
        (relation(PRIMARY, persistence="u"), "table"),
    ],
)
def test_a_table_that_its_key_cannot_find_is_refused(found: Relation, setting: str) -> None:
    assert next(fault.setting for fault in table_faults(TABLE, found)) == setting
