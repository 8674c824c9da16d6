"""What makes each row of a table a new one."""

import msgspec
import pytest

from cdc_perf.settings.workload import ColumnRule
from cdc_perf.workload.catalog import CatalogColumn, CatalogTable, ForeignKey
from cdc_perf.workload.constraints import rules_of
from cdc_perf.workload.keys import UniqueParts, may_be_unique, unique_generator, unique_parts
from cdc_perf.workload.limits import NoGenerator
from cdc_perf.workload.load_plan import Unique
from tests.unit.workload.catalogs import Rows, column, numeric, table

TO_PARENT = ForeignKey("fk", ("parent",), "a.parent", ("id",))


def rule(**given: object) -> ColumnRule:
    return msgspec.convert(given, ColumnRule)


def parts(
    *columns: str, keys: tuple[str, ...] = (), faults: tuple[tuple[str, ...], ...] = ()
) -> UniqueParts:
    return UniqueParts(columns, frozenset(keys), faults)


@pytest.mark.parametrize(
    ("given", "rules", "found"),
    [
        (table("a.b", column("id", "int4", identity="a")), {}, parts()),
        (table("a.b", column("id", "int4", default="nextval('a.s'::regclass)")), {}, parts()),
        (table("a.b", column("id", "uuid")), {}, parts()),
        (table("a.b", column("id", "text", default="a.new_id()")), {}, parts()),
        # All rows of a transaction have the same time.
        (table("a.b", column("id", "timestamptz", default="now()")), {}, parts(faults=(("id",),))),
        (table("a.b", column("id", "int8")), {}, parts("id")),
        (table("a.b", column("id", "text")), {}, parts("id")),
        (table("a.b", column("id", "varchar", modifier=4 + 5)), {}, parts(faults=(("id",),))),
        (table("a.b", column("id", "int2")), {}, parts(faults=(("id",),))),
        (table("a.b", column("id", element="int8")), {}, parts(faults=(("id",),))),
        (table("a.b", column("id", "text")), {"id": rule(sequence="{}")}, parts()),
        (table("a.b", column("id", "text")), {"id": rule(sql="f()")}, parts()),
        (table("a.b", column("id", "int4")), {"id": rule(range=[1, 9])}, parts(faults=(("id",),))),
        (
            table("a.b", column("tenant", "int4"), column("no", "int8"), key=("tenant", "no")),
            {},
            parts("no"),
        ),
        (
            table("a.b", column("x", "int8", default="1"), column("y", "int4"), key=("x", "y")),
            {},
            parts("y"),
        ),
        (
            table("a.b", column("id", "uuid"), column("code"), unique=(("code",),)),
            {},
            parts("code"),
        ),
        # A unique column may stay null.
        (table("a.b", column("id", "uuid"), column("ok", "bool"), unique=(("ok",),)), {}, parts()),
        (
            table(
                "a.b", column("id", "uuid"), column("ok", "bool", not_null=True), unique=(("ok",),)
            ),
            {},
            parts(faults=(("ok",),)),
        ),
    ],
)
def test_one_column_of_a_key_has_new_values(
    given: CatalogTable, rules: dict[str, ColumnRule], found: UniqueParts
) -> None:
    assert unique_parts(given, given.primary_key, rules, ()) == found


def test_the_parent_is_new_if_it_is_the_whole_key() -> None:
    child = table("a.b", column("parent", "int8"), key=("parent",), keys=(TO_PARENT,))
    assert unique_parts(child, ("parent",), {}, (TO_PARENT,)) == parts(keys=("fk",))
    twice = table("a.b", column("parent", "int8"), key=("parent",), unique=(("parent",),))
    assert unique_parts(twice, ("parent",), {}, (TO_PARENT,)) == parts(keys=("fk",))


def test_a_column_of_its_own_is_preferred_to_a_foreign_key() -> None:
    child = table("a.b", column("parent", "int8"), column("no", "int4"), key=("parent", "no"))
    assert unique_parts(child, ("parent", "no"), {}, (TO_PARENT,)) == parts("no")


@pytest.mark.parametrize(
    ("given", "enough"),
    [
        (column("c", "numeric"), True),
        (column("c", "numeric", modifier=numeric(4, 0)), False),
        (column("c", "bpchar", modifier=4 + 10), True),
        (column("c", "date"), False),
    ],
)
def test_a_type_must_have_enough_values(given: CatalogColumn, *, enough: bool) -> None:
    assert may_be_unique(given) == enough


@pytest.mark.parametrize(
    ("given", "definition", "highest", "generator"),
    [
        (column("c", "int8"), "", 0, Unique("integer", start=1)),
        (column("c", "int4"), "", 41, Unique("integer", start=42)),
        (column("c", "int4"), "", -5, Unique("integer", start=1)),
        (column("c", "int8"), "CHECK ((c >= 1000))", 5, Unique("integer", start=1000)),
        (column("c"), "", 0, Unique("text", bytes=20)),
        (column("c"), "CHECK ((length(c) >= 30))", 0, Unique("text", bytes=30)),
        (column("c", "varchar", modifier=4 + 12), "", 0, Unique("text", bytes=12)),
    ],
)
def test_new_values_are_above_those_that_are_there(
    given: CatalogColumn, definition: str, highest: int, generator: Unique
) -> None:
    rules = rules_of(definition) if definition else ()
    assert rules is not None
    assert unique_generator(table("a.b", given), given, rules, Rows(highest)) == generator


def test_numbers_of_a_huge_table_begin_with_the_time() -> None:
    wide, narrow = column("c", "int8"), column("c", "int4")
    found = unique_generator(table("a.b", wide), wide, (), Rows(None))
    assert found.start > 1_700_000_000_000_000
    with pytest.raises(NoGenerator, match="its highest value cannot be found in time"):
        unique_generator(table("a.b", narrow), narrow, (), Rows(None))


@pytest.mark.parametrize(
    ("given", "definition", "reason"),
    [
        (column("c", "int4"), "CHECK ((c < 100))", "only 92 numbers are left above its highest"),
        (column("c", "int4"), "CHECK ((c = ANY (ARRAY[1, 2])))", "a constraint lists its values"),
        (column("c"), "CHECK ((length(c) < 5))", "a constraint leaves too few texts"),
    ],
)
def test_a_constraint_may_leave_too_few_values(
    given: CatalogColumn, definition: str, reason: str
) -> None:
    rules = rules_of(definition)
    assert rules is not None
    with pytest.raises(NoGenerator, match=reason):
        unique_generator(table("a.b", given), given, rules, Rows(7))
