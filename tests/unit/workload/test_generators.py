"""The values that a column gets if the user does not describe them."""

import pytest

from cdc_perf.workload.catalog import CatalogColumn
from cdc_perf.workload.constraints import VALUE, rules_of
from cdc_perf.workload.generators import derived, has_few_values, varies
from cdc_perf.workload.limits import NoGenerator, NoType
from cdc_perf.workload.load_plan import (
    Array,
    Boolean,
    Bytes,
    Choice,
    Generator,
    Json,
    Range,
    Text,
    Uuid,
)
from tests.unit.workload.catalogs import column, numeric

INT = Range("1", "1000", "integer")
DAYS = Range("2024-01-01", "2025-12-31", "date")
TIMES = Range("2024-01-01 00:00:00", "2025-12-31 00:00:00", "timestamp")


@pytest.mark.parametrize(
    ("given", "generator"),
    [
        (column("c", "int4"), INT),
        (column("c", "numeric", modifier=numeric(12, 2)), Range("1", "1000", "decimal", 2)),
        (column("c", "numeric"), Range("1", "1000", "decimal", 2)),
        (column("c", "numeric", modifier=numeric(3, 2)), Range("1", "9.99", "decimal", 2)),
        (column("c", "numeric", modifier=numeric(38, 20)), Range("1", "1000", "decimal", 9)),
        (column("c", "numeric", modifier=numeric(3, -2)), Range("100", "1000", "decimal", 0)),
        (column("c", "float8"), Range("1", "1000", "float")),
        (column("c", "date"), DAYS),
        (column("c", "timestamptz"), TIMES),
        (column("c", "text"), Text(20)),
        (column("c", "varchar", modifier=4 + 5), Text(5)),
        (column("c", "name"), Text(20)),
        (column("c", "bool"), Boolean()),
        (column("c", "uuid"), Uuid()),
        (column("c", "bytea"), Bytes(20)),
        (column("c", "jsonb"), Json(60)),
        (column("c", "macaddr8"), Choice(("08:00:2b:01:02:03:04:05", "08:00:2b:01:02:03:04:06"))),
        (column("c", "mood", labels=("fine", "it's bad")), Choice(("fine", "it's bad"))),
        (column("c", element="text"), Array(Text(20), 2)),
        (column("c", element="mood", labels=("a", "b")), Array(Choice(("a", "b")), 2)),
    ],
)
def test_each_type_has_a_generator(given: CatalogColumn, generator: Generator) -> None:
    assert derived(given, ()) == generator


def check(kind: str, condition: str, modifier: int = -1) -> tuple[CatalogColumn, str]:
    return column("c", kind, modifier=modifier), f"CHECK ({condition})"


@pytest.mark.parametrize(
    ("given", "definition", "generator"),
    [
        (*check("int4", "(c > 0)"), INT),
        (*check("int4", "(c > 2000)"), Range("2001", "3000", "integer")),
        (*check("int4", "(c < 0)"), Range("-1000", "-1", "integer")),
        (*check("int4", "((c >= 1) AND (c <= 5))"), Range("1", "5", "integer")),
        (
            *check("int4", "((c >= '-9'::integer) AND (c < '-5'::integer))"),
            Range("-9", "-6", "integer"),
        ),
        (*check("int4", "(c <> 0)"), INT),
        (*check("int4", "(c = ANY (ARRAY[1, 2, 9]))"), Choice(("1", "2", "9"))),
        (*check("int4", "((c = ANY (ARRAY[1, 2, 9])) AND (c > 1) AND (c <> 2))"), Choice(("9",))),
        (*check("text", "(c = ANY (ARRAY['a'::text, 'b'::text]))"), Choice(("a", "b"))),
        (
            *check("text", "((c = ANY (ARRAY['a', 'b'])) AND (c = ANY (ARRAY['b', 'c'])))"),
            Choice(("b",)),
        ),
        (*check("text", "(length(c) <= 5)"), Text(5)),
        (*check("text", "(length(c) < 5)"), Text(4)),
        (*check("text", "(length(c) > 30)"), Text(31)),
        (*check("text", "(length(c) = 7)"), Text(7)),
        (*check("text", "(length(c) <> 0)"), Text(20)),
        (*check("text", "(c <> ''::text)"), Text(20)),
        (*check("date", "(c > '2030-01-01'::date)"), Range("2030-01-02", "2032-01-02", "date")),
    ],
)
def test_values_satisfy_simple_constraints(
    given: CatalogColumn, definition: str, generator: Generator
) -> None:
    rules = rules_of(definition)
    assert rules is not None
    assert derived(given, rules) == generator


@pytest.mark.parametrize(
    ("given", "definition", "reason"),
    [
        (*check("int4", "((c > 5) AND (c < 6))"), "no value satisfies"),
        (*check("int4", "(c <> 5)"), "excludes 5"),
        (*check("int4", "(c > 'NaN')"), "a constraint with 'NaN'"),
        (*check("int4", "(c > 'x')"), "a constraint with 'x'"),
        (*check("int4", "((c = 1) AND (c = 2))"), "no value satisfies"),
        (*check("text", "(c > 'a'::text)"), "the order of texts"),
        (*check("text", "(length(c) <> 3)"), "excludes the length 3"),
        (*check("varchar", "(length(c) > 9)", modifier=4 + 5), "no value satisfies"),
        (*check("uuid", "(c > '0')"), "the type uuid, with constraints"),
    ],
)
def test_what_no_value_is_known_for_is_a_fault(
    given: CatalogColumn, definition: str, reason: str
) -> None:
    rules = rules_of(definition)
    assert rules is not None
    with pytest.raises(NoGenerator, match=reason):
        derived(given, rules)


@pytest.mark.parametrize("given", [column("c", "geometry"), column("c", element="geometry")])
def test_a_type_may_have_no_generator(given: CatalogColumn) -> None:
    with pytest.raises(NoType, match=r"has the type geometry.*, for which there is no generator"):
        derived(given, ())


def test_a_domain_names_its_value() -> None:
    rules = rules_of("CHECK (((VALUE >= 1) AND (VALUE <= 5)))")
    assert rules is not None
    assert {rule.column for rule in rules} == {VALUE}
    assert derived(column("c", "int4"), rules) == Range("1", "5", "integer")


@pytest.mark.parametrize(
    ("generator", "differs", "few"),
    [
        (Choice(("a",)), False, True),
        (Choice(("a", "a")), False, True),
        (Choice(("a", "b")), True, True),
        (Choice(("a", "b"), (1, 0)), False, True),
        (Range("1", "1", "integer"), False, False),
        (INT, True, False),
        (Boolean(), True, True),
        (Text(1), True, False),
    ],
)
def test_an_update_needs_values_that_differ(
    generator: Generator, *, differs: bool, few: bool
) -> None:
    assert varies(generator) == differs
    assert has_few_values(generator) == few
