"""The values that the user describes, checked against the column."""

import msgspec
import pytest

from cdc_perf.settings.workload import ColumnRule
from cdc_perf.workload.catalog import CatalogColumn
from cdc_perf.workload.constraints import rules_of
from cdc_perf.workload.limits import NoGenerator
from cdc_perf.workload.load_plan import Choice, Generator, Json, Range, SequenceText, Sql, Text
from cdc_perf.workload.overrides import generator_of, value_generator
from tests.unit.workload.catalogs import column, numeric

INT = column("c", "int4")
TEXT = column("c")
SHORT = column("c", "varchar", modifier=4 + 5)
PRICE = column("c", "numeric", modifier=numeric(6, 2))
MOOD = column("c", "mood", labels=("fine", "bad"))
POSITIVE = "CHECK ((c > 0))"
LISTED = "CHECK ((c = ANY (ARRAY['new'::text, 'paid'::text])))"
LONG = "CHECK ((length(c) >= 5))"


def rule(**given: object) -> ColumnRule:
    return msgspec.convert(given, ColumnRule)


@pytest.mark.parametrize(
    ("given", "of", "generator"),
    [
        (rule(range=[1, 10]), INT, Range("1", "10", "integer")),
        (rule(range=[0, 9.99]), PRICE, Range("0", "9.99", "decimal", 2)),
        (
            rule(range=[0, 10**12]),
            column("c", "numeric", modifier=numeric(38, 20)),
            Range("0", "1000000000000", "decimal", 6),
        ),
        (rule(range=[0.5, 1]), column("c", "float4"), Range("0.5", "1", "float")),
        (
            rule(range=["2024-01-01", "2024-02-01"]),
            column("c", "date"),
            Range("2024-01-01", "2024-02-01", "date"),
        ),
        (
            rule(range=["2024-01-01", "2024-01-01 12:00:00.5"]),
            column("c", "timestamp"),
            Range("2024-01-01 00:00:00", "2024-01-01 12:00:00.500000", "timestamp"),
        ),
        (rule(choice=["a", "b"]), TEXT, Choice(("a", "b"))),
        (rule(choice={"a": 3, "b": 1}), TEXT, Choice(("a", "b"), (3.0, 1.0))),
        (rule(choice=[True, False]), column("c", "bool"), Choice(("true", "false"))),
        (rule(choice=[1, 2]), INT, Choice(("1", "2"))),
        (rule(choice=["fine"]), MOOD, Choice(("fine",))),
        (rule(choice=["(0,0)"]), column("c", "point"), Choice(("(0,0)",))),
        (rule(text=200), TEXT, Text(200)),
        (rule(json=300), column("c", "jsonb"), Json(300)),
        (rule(json=300), TEXT, Json(300)),
        (rule(sequence="u-{}"), TEXT, SequenceText("u-{}")),
        (rule(sql="now()"), column("c", "timestamptz"), Sql("now()")),
    ],
)
def test_a_setting_becomes_a_generator(
    given: ColumnRule, of: CatalogColumn, generator: Generator
) -> None:
    assert generator_of(given, of, ()) == generator


@pytest.mark.parametrize(
    ("given", "of", "definition", "reason"),
    [
        (rule(range=[0, 5]), INT, POSITIVE, "range: 0 is not allowed by its type or a constraint"),
        (rule(range=[1, 3e9]), INT, "", "range: 3000000000.0 is not allowed by its type"),
        (rule(range=[0, 1e5]), PRICE, "", "range: 100000.0 is not allowed by its type"),
        (rule(range=[1, 1.5]), INT, "", "a limit has more decimals than the type int4"),
        (
            rule(range=[0, 0.0000000001]),
            column("c", "numeric", modifier=numeric(38, 20)),
            "",
            "a limit has more decimals than the type numeric, or than 9",
        ),
        (
            rule(range=[0.000000001, 1e12]),
            column("c", "numeric", modifier=numeric(38, 20)),
            "",
            "range: a limit with 9 decimals is not a number of 64 bits",
        ),
        (rule(range=["2024-01-01", "2024-01-02"]), INT, "", "range: its type is int4"),
        (rule(range=[1, 2]), column("c", "date"), "", "range: its type is date"),
        (rule(range=[1, 2]), TEXT, "", "range: does not fit the type text"),
        (
            rule(range=[1, 5]),
            INT,
            "CHECK ((c = ANY (ARRAY[1, 2])))",
            "range: a constraint allows only 1, 2; use choice",
        ),
        (rule(choice=["nwe"]), TEXT, LISTED, "choice: 'nwe' is not allowed; did you mean new?"),
        (rule(choice=["bda"]), MOOD, "", "choice: 'bda' is not allowed; did you mean bad?"),
        (rule(choice=[0]), INT, POSITIVE, "choice: '0' is not allowed by its type or a constraint"),
        (rule(choice=["x"]), INT, "", "choice: 'x' is not a value of the type int4"),
        (rule(choice=["a"]), TEXT, "CHECK ((c <> 'a'::text))", "is excluded by a constraint"),
        (rule(choice=["abcdef"]), SHORT, "", "choice: 'abcdef' is longer than varchar allows"),
        (rule(choice=["yes"]), column("c", "bool"), "", "choice: 'yes' is not true or false"),
        (rule(text=6), SHORT, "", "text: its type or a constraint allows at most 5 characters"),
        (rule(text=4), TEXT, LONG, "text: its type or a constraint allows at least 5 characters"),
        (rule(text=4), INT, "", "text: does not fit the type int4"),
        (rule(text=4), column("c", element="text"), "", "text: does not fit the type"),
        (rule(json=90), SHORT, "", "json: its type or a constraint allows at most 5 characters"),
        (rule(json=90), INT, "", "json: does not fit the type int4"),
        (rule(sequence="abcde{}"), SHORT, "", "sequence: is longer than varchar allows"),
        (rule(sequence="{}"), INT, "", "sequence: does not fit the type int4"),
    ],
)
def test_a_setting_that_contradicts_the_column_is_a_fault(
    given: ColumnRule, of: CatalogColumn, definition: str, reason: str
) -> None:
    rules = rules_of(definition) if definition else ()
    assert rules is not None
    with pytest.raises(NoGenerator) as failure:
        generator_of(given, of, rules)
    assert reason in str(failure.value)


@pytest.mark.parametrize(
    ("given", "generator"),
    [
        (rule(range=[1, 5]), Range("1", "5", "integer")),
        (rule(range=[1, 5.25]), Range("1", "5.25", "decimal", 2)),
        (rule(range=["2024-01-01", "2024-01-02"]), Range("2024-01-01", "2024-01-02", "date")),
        (
            rule(range=["2024-01-01", "2024-01-01 10:00"]),
            Range("2024-01-01", "2024-01-01 10:00", "timestamp"),
        ),
        (rule(choice={"a": 1}), Choice(("a",), (1.0,))),
        (rule(text=3), Text(3)),
        (rule(sequence="{}"), SequenceText("{}")),
        (rule(json=30), Json(30)),
    ],
)
def test_a_statements_value_needs_no_column(given: ColumnRule, generator: Generator) -> None:
    assert value_generator(given) == generator


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (rule(sql="now()"), "sql: write the expression into the statement"),
        (rule(text=3, nulls=0.5), "nulls: a statement's values are never null"),
    ],
)
def test_what_a_statements_value_cannot_be(given: ColumnRule, reason: str) -> None:
    with pytest.raises(NoGenerator, match=reason):
        value_generator(given)
