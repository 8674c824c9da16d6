"""Which rows and columns of a table are compared, from the answers of PostgreSQL's catalog."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self, cast

import pytest
from psycopg import Connection, sql

from cdc_perf.errors import StackFailure
from cdc_perf.integrity.columns import Column, NotCompared, Why
from cdc_perf.integrity.tables import RowLookup, TableReading, reading, readings
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Table
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.carried import ConnectorFilter

PIPELINE = load_pipeline(Checkout.here())
TABLE = Table("public.customer", ("id",), "customer")
ALL = ConnectorFilter()


class Answer:
    """The rows of a query's result."""

    def __init__(self, rows: Sequence[tuple[Any, ...]]) -> None:
        self._rows = list(rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows


@dataclass
class FakeCatalog:
    """Answers the queries about a publication and about the columns of its tables.

    Attributes:
        columns: The columns: name, type, and `pg_attribute.attgenerated`.
        listed: The names in the publication's view.
        row_filter: The publication's row filter.
        carries_generated: Whether PostgreSQL publishes stored generated columns.
        published: The tables of the publication.
        rows: The answers to queries of single rows, by `_id`.
        asked: The queries of single rows.
    """

    columns: Sequence[tuple[str, str, str]] = (("id", "text", ""), ("email", "text", ""))
    listed: Sequence[str] = ("id", "email")
    row_filter: str = ""
    carries_generated: bool = True
    published: Sequence[tuple[str, str]] = (("public", "customer"),)
    rows: dict[str, bool | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    @contextmanager
    def cursor(self) -> Iterator[Self]:
        yield self

    @property
    def adapters(self) -> Self:
        return self

    def register_loader(self, *_loader: object) -> None: ...

    def execute(
        self,
        query: str | sql.Composed,
        values: Any = (),  # noqa: ANN401 - as psycopg's
        *,
        prepare: bool = True,
    ) -> Answer:
        if isinstance(query, sql.Composed):
            assert not prepare
            self.asked.append(query.as_string())
            ((key,),) = values
            return Answer([(key, self.rows[key])] if key in self.rows else [])
        if "FROM resolved" in query:
            (table,) = values["tables"]
            return Answer([(table, *self._column(*column)) for column in self.columns])
        if "rowfilter" in query:
            known = values[1:] in self.published
            found = (list(self.listed), self.row_filter, self.carries_generated)
            return Answer([found] if known else [])
        if "pubinsert" in query:
            return Answer([(True, True, True, True)])
        return Answer(self.published)

    @staticmethod
    def _column(name: str, kind: str, generated: str) -> tuple[Any, ...]:
        return name, kind, False, 25, kind, "b", None, None, None, -1, generated, False


def connection(catalog: FakeCatalog) -> Connection[tuple[Any, ...]]:
    return cast("Connection[tuple[Any, ...]]", catalog)


def read(catalog: FakeCatalog, filtered: ConnectorFilter = ALL) -> TableReading:
    return reading(connection(catalog), PIPELINE, TABLE, filtered)


def test_a_table_that_left_the_publication_meanwhile() -> None:
    with pytest.raises(StackFailure, match=r"public.customer was removed from the publication"):
        read(FakeCatalog(published=()))


def test_every_published_column_is_compared() -> None:
    found = read(FakeCatalog())
    assert [column.name for column in found.columns] == ["id", "email"]
    assert found.fields == {"id", "email"}
    assert (found.not_compared, found.row_filter) == ((), "")


@pytest.mark.parametrize(
    ("column", "listed", "carries_generated", "config", "why"),
    [
        (("x", "text", ""), False, True, {}, Why.UNPUBLISHED),
        (("x", "text", "v"), True, True, {}, Why.VIRTUAL),
        (("x", "text", "s"), True, True, {}, None),
        (("x", "text", "s"), False, True, {}, Why.GENERATED),
        # Before version 18 the view lists a generated column that is not published.
        (("x", "text", "s"), True, False, {}, Why.GENERATED),
        (("x", "cube", ""), True, True, {}, Why.TYPE),
        (("x", "text", ""), True, True, {"column.exclude.list": "public.customer.x"}, Why.EXCLUDED),
        (("x", "text", ""), True, True, {"column.mask.with.5.chars": "public.customer.x"},
         Why.MASKED),
        # A type without a known form is masked first.
        (("x", "cube", ""), True, True, {"column.mask.with.5.chars": "public.customer.x"},
         Why.MASKED),
        # The other tables' columns are not this one's.
        (("x", "text", ""), True, True, {"column.exclude.list": "public.orders.x"}, None),
    ],
)  # fmt: skip
def test_why_a_column_is_not_compared(
    column: tuple[str, str, str],
    config: dict[str, str],
    why: Why | None,
    *,
    listed: bool,
    carries_generated: bool,
) -> None:
    found = read(
        FakeCatalog(
            columns=(("id", "text", ""), column),
            listed=("id", "x") if listed else ("id",),
            carries_generated=carries_generated,
        ),
        ConnectorFilter.of(config),
    )
    expected = () if why is None else (NotCompared("x", column[1], why),)
    assert found.not_compared == expected
    # Of a type without a known form, the presence of a value is compared.
    compares = why in (None, Why.TYPE)
    assert [each.name for each in found.columns] == (["id", "x"] if compares else ["id"])
    # A field of a column that is not compared is not an unknown one.
    assert found.fields == {"id", "x"}


def test_a_key_that_is_not_published_is_an_error() -> None:
    with pytest.raises(StackFailure, match="the key column id"):
        read(FakeCatalog(listed=("email",)))


def test_a_table_that_has_left_the_publication_is_an_error() -> None:
    with pytest.raises(StackFailure, match=r"public\.customer .* publication"):
        read(FakeCatalog(published=()))


def test_every_table_of_the_pipeline_is_read() -> None:
    tables = tuple(tuple(table.name) for table in PIPELINE.tables)
    catalog = FakeCatalog(published=cast("Sequence[tuple[str, str]]", tables))
    found = readings(connection(catalog), PIPELINE, ALL)
    assert [each.table for each in found.values()] == list(PIPELINE.tables)
    assert list(found) == [table.table for table in PIPELINE.tables]


def test_a_table_that_is_not_published_is_an_error_before_it_is_read() -> None:
    with pytest.raises(StackFailure, match="does not publish"):
        readings(connection(FakeCatalog(published=())), PIPELINE, ALL)


def test_the_query_of_all_rows_casts_money_and_applies_the_row_filter() -> None:
    columns = (("id", "text", ""), ("Price", "money", ""))
    catalog = FakeCatalog(columns=columns, listed=("id", "Price"), row_filter="(region = 'eu')")
    query = read(catalog).all_rows().as_string()
    assert ', xmin::text, "id", "Price"::numeric FROM "public"."customer" ' in query
    assert query.endswith("WHERE (region = 'eu') ORDER BY 1")


def test_without_a_row_filter_the_query_returns_every_row() -> None:
    assert read(FakeCatalog()).all_rows().as_string().endswith("WHERE TRUE ORDER BY 1")


@pytest.mark.parametrize(
    ("row_filter", "rows", "has", "must_arrive"),
    [
        ("", {"a": True}, True, True),
        ("", {}, False, True),
        ("(x > 1)", {"a": True}, True, True),
        ("(x > 1)", {"a": False}, True, False),
        # The filter is null for this row.
        ("(x > 1)", {"a": None}, True, False),
        # The row is gone: it is unknown whether it matched.
        ("(x > 1)", {}, False, False),
    ],
)
def test_whether_a_row_exists_and_must_have_an_event(
    row_filter: str, rows: dict[str, bool | None], *, has: bool, must_arrive: bool
) -> None:
    catalog = FakeCatalog(row_filter=row_filter, rows=rows)
    lookup = RowLookup(connection(catalog), {TABLE.table: read(catalog)})
    assert lookup.has(TABLE.table, "a") is has
    assert lookup.must_arrive(TABLE.table, "a") is must_arrive


def test_a_foreign_table_has_no_row_and_is_not_queried() -> None:
    catalog = FakeCatalog(rows={"a": True})
    lookup = RowLookup(connection(catalog), {})
    assert not lookup.has("public.other", "a")
    assert lookup.must_arrive("public.other", "a")
    assert catalog.asked == []


def test_a_percent_sign_of_the_row_filter_is_no_parameter() -> None:
    catalog = FakeCatalog(row_filter="(email ~~ '%@x'::text)", rows={"a": True})
    RowLookup(connection(catalog), {TABLE.table: read(catalog)}).has(TABLE.table, "a")
    (query,) = catalog.asked
    assert ', (email ~~ \'%%@x\'::text) FROM "public"."customer" WHERE ' in query
    assert query.endswith('WHERE "id" = ANY (%s::"pg_catalog"."text"[])')


def test_the_column_of_money_is_read_as_a_number() -> None:
    money, text = (Column("c", kind, 0, "", None, kind == "money") for kind in ("money", "text"))
    assert [each.query.as_string() for each in (money, text)] == ['"c"::numeric', '"c"']
