from cdc_perf.init.loads import Loads, TableLoad, find_loads
from cdc_perf.workload.catalog import CatalogTable
from tests.unit.init.shops import ID, capturing, child, extension, plain, unfilled
from tests.unit.workload.catalogs import Rows, column, table


def loads_of(*tables: CatalogTable) -> Loads:
    pipeline, found = capturing(*tables)
    names = frozenset(str(each) for each in tables)
    return find_loads(pipeline, found, Rows(empty=names))


def by_name(*tables: CatalogTable) -> dict[str, TableLoad]:
    return {load.table.removeprefix("shop."): load for load in loads_of(*tables).tables}


def test_a_table_without_needs_gets_all_operations() -> None:
    loads = loads_of(plain())
    (load,) = loads.tables
    assert (load.changes.insert, load.changes.update, load.changes.delete) == (40, 40, 20)
    assert load.missing == ()
    assert loads.plan is not None
    assert list(loads.plan.tables) == ["shop.plain"]


def test_a_column_that_must_be_filled_in_is_named_with_its_constraint() -> None:
    loads = loads_of(unfilled(), plain())
    missing = loads.tables[0].missing
    assert [each.column for each in missing] == ["code"]
    assert "CHECK (f(code))" in str(missing[0])
    assert loads.plan is not None
    assert list(loads.plan.tables) == ["shop.plain"]


def test_who_needs_rows_of_an_incomplete_table_is_incomplete() -> None:
    found = by_name(unfilled(), child("shop.unfilled"))
    (why,) = found["child"].missing
    assert why.column == ""
    assert str(why).startswith("parent refers to shop.unfilled, which has no row")


def test_without_a_column_for_it_there_are_no_updates() -> None:
    found = by_name(table("shop.bare", ID))
    assert found["bare"].changes.update == 0
    assert "no column has several values" in found["bare"].no_update
    assert found["bare"].missing == ()


def test_rows_that_need_a_new_parent_each_are_written_with_it() -> None:
    found = by_name(plain(), extension("shop.plain"))
    assert found["plain"].changes.with_ == {"shop.extension": 1}
    assert found["extension"].parent == "shop.plain"
    assert found["plain"].changes.delete == 0
    assert found["plain"].no_delete == "shop.extension refers to each of its rows"


def test_a_parent_whose_deletion_cascades_is_deleted() -> None:
    found = by_name(plain(), extension("shop.plain", on_delete="c"))
    assert found["plain"].changes.delete == 20
    assert found["plain"].no_delete == ""


def test_a_row_that_is_written_with_another_has_no_rows_with_itself() -> None:
    found = by_name(plain(), extension("shop.plain"), extension("shop.extension", "shop.third"))
    assert found["plain"].changes.with_ == {"shop.extension": 1}
    assert found["extension"].parent == "shop.plain"
    assert found["third"].parent == ""
    assert found["third"].missing != ()


def test_the_rows_of_an_incomplete_parent_are_not_written() -> None:
    found = by_name(unfilled(), extension("shop.unfilled"))
    assert str(found["extension"].missing[0]) == (
        "is written with shop.unfilled, which is not loaded yet"
    )
    # Its section, once filled in, writes them.
    assert found["unfilled"].changes.with_ == {"shop.extension": 1}


def test_a_parent_is_loaded_without_an_incomplete_child() -> None:
    bad = extension("shop.plain")
    bad = table(
        "shop.extension",
        *bad.columns,
        column("slots", "int4multirange", not_null=True),
        key=("parent",),
        keys=bad.foreign_keys,
    )
    found = by_name(plain(), bad)
    assert found["plain"].changes.with_ == {}
    assert found["plain"].missing == ()
    assert [each.column for each in found["extension"].missing] == ["slots"]


def test_if_nothing_can_be_loaded_there_is_no_plan() -> None:
    assert loads_of(unfilled()).plan is None
