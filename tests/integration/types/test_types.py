"""Every type through the real pipeline: inserted, updated, altered, deleted, and as a key."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from psycopg import sql

from cdc_perf.errors import StackFailure
from cdc_perf.integrity import columns, conversions, snapshot, tables, temporal
from cdc_perf.integrity.columns import Column, Why
from cdc_perf.integrity.conversions import Conversion
from cdc_perf.integrity.differences import RowDifference
from cdc_perf.integrity.records import FindingKind, Integrity
from cdc_perf.integrity.snapshot import TableComparison
from cdc_perf.settings.pipeline import Table
from cdc_perf.stack import printing
from cdc_perf.stack.checks.toast import lost_toast
from cdc_perf.stack.row_id import identity
from cdc_perf.stack.sent_types import is_sent
from cdc_perf.stack.table_columns import TableColumn, table_columns
from tests.integration.types.catalog import TYPES, Type
from tests.integration.types.stack import FOLLOWED, REFUSED, Typed, key_table, typed
from tests.integration.types.type_table import TypeTable

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
# XML is not in every build of PostgreSQL: test_postgres_15.py has it.
COLUMNS = {each.column: each for each in TYPES}
# As an `_id`, the stand-in for MongoDB takes it for a date, and rounds it up to the year 10000.
BEYOND_STAND_IN = "9999-12-31 23:59:59.999999+00"
DAMAGED = {identity: (each.column,) for each in TYPES for identity in each.damaged_ids}
ABSENT = {each.column for each in TYPES if each.absent}
# Every value of these arrives as null: they are among the damaged ones.
NULLED = {"c_bit_8__array", "c_box_array", "c_polygon_array"}


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    with typed(tmp_path_factory.mktemp("types") / "checkout") as found:
        for each in TYPES:
            found.insert(each)
        # Each test may compare at once.
        found.check()
        yield found


def contents(found: tuple[RowDifference, ...]) -> dict[str, tuple[str, ...]]:
    """Return the rows with other content, and the columns that it is about.

    A column that no document has is told once, not of each row.
    """
    rows = {
        each.id: tuple(x.split()[0] for x in each.columns if x.split()[0] not in absent(found))
        for each in found
        if each.kind in (FindingKind.CONTENT, FindingKind.STALE)
    }
    return {identity: names for identity, names in rows.items() if names}


def absent(found: tuple[RowDifference, ...]) -> set[str]:
    return {each.id for each in found if each.kind is FindingKind.COLUMN_ABSENT}


def expect_as_known(found: tuple[RowDifference, ...]) -> None:
    """Nothing but what Debezium is known to damage or to leave out is found, and all of that."""
    assert contents(found) == DAMAGED
    assert absent(found) == ABSENT
    assert {x.kind for x in found} <= {
        FindingKind.CONTENT,
        FindingKind.STALE,
        FindingKind.COLUMN_ABSENT,
    }


def expect_compared(comparison: TableComparison) -> None:
    """And every other column is compared."""
    expect_as_known(comparison.differences)
    (kinds,) = (each for each in comparison.tables if each.table == "public.kinds")
    not_compared = {each.column: each.why for each in kinds.not_compared}  # type: ignore[union-attr]
    assert set(not_compared.values()) <= {Why.TYPE}
    # A column is compared, or Debezium carries none of it, which is a finding.
    assert not_compared.keys() <= ABSENT


def test_which_types_are_not_sent_is_known(types: Typed) -> None:
    with types.connect() as connection:
        found = table_columns(connection, "public.kinds")
    assert {each.name for each in found if not is_sent(each)} == ABSENT | NULLED


def test_inserted_values(types: Typed, type_table: TypeTable) -> None:
    integrity = types.check()
    expect_compared(types.comparison())
    assert {(x.kind, x.table) for x in integrity.findings} == {
        (FindingKind.CONTENT, "public.kinds"),
        (FindingKind.COLUMN_ABSENT, "public.kinds"),
    }
    type_table.inserted(types.documents)


def _other(monkeypatch: pytest.MonkeyPatch, kind: str, how: Conversion) -> None:
    known = {**conversions._OTHERS, kind: how}  # noqa: SLF001
    monkeypatch.setattr(conversions, "_OTHERS", known)


def _arrays_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    found = conversions.conversion
    monkeypatch.setattr(columns, "conversion", lambda x: None if x.element else found(x))


def _what_has_no_form_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Column.same

    def same(self: Column, printed: columns.Printed, value: object) -> bool:
        if isinstance(printed, str) and value is not None and self.conversion is not None:
            try:
                self.conversion.of_row(printed)
            except ValueError:
                return True
        return found(self, printed, value)

    monkeypatch.setattr(Column, "same", same)


def _domains_are_not_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(connection: Any, name: str) -> tuple[TableColumn, ...]:  # noqa: ANN401
        return tuple(
            replace(x, type=x.declared, category="d", element="")
            if x.is_domain and name == "public.kinds"
            else x
            for x in table_columns(connection, name)
        )

    monkeypatch.setattr(tables, "table_columns", found)


def _values_are_cast_to_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def query(self: Column) -> sql.Composable:
        name = sql.Identifier(self.name)
        return name if self.delimiter else sql.SQL("{}::text").format(name)

    monkeypatch.setattr(Column, "query", property(query))


DEFECTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "arrays are not compared": _arrays_are_not_compared,
    "a value that no document can hold counts as the same": _what_has_no_form_is_the_same,
    "domains are not compared": _domains_are_not_resolved,
    "values are cast to text": _values_are_cast_to_text,
    "only dates of Python": lambda patch: _other(
        patch,
        "date",
        Conversion(lambda x: date.fromisoformat(x).toordinal() - 719_163, lambda x: x),
    ),
    "NaN and the infinities as they are": lambda patch: _other(
        patch, "numeric", Conversion(str, lambda x: x)
    ),
    "float4 as float8": lambda patch: _other(
        patch,
        "float4",
        conversions._OTHERS["float8"],  # noqa: SLF001
    ),
    "the negative scale of a numeric": lambda patch: patch.setattr(TableColumn, "scale", None),
    "an interval of infinity is 0": lambda patch: _other(
        patch,
        "interval",
        Conversion(lambda x: 0 if "inf" in x else temporal.duration(x), lambda x: x),
    ),
    "bytea as the database prints it": lambda patch: patch.setitem(
        printing._SETTINGS,  # noqa: SLF001
        "bytea_output",
        "escape",
    ),
    "an absent column goes unnoticed": lambda patch: patch.setattr(
        snapshot._MissingColumns,  # noqa: SLF001
        "differences",
        lambda _: iter(()),
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_that_is_put_back_is_noticed(
    types: Typed, monkeypatch: pytest.MonkeyPatch, defect: str
) -> None:
    """Each is one that the comparison once had: with it the expectations above do not hold."""
    expect_as_known(types.compare())
    DEFECTS[defect](monkeypatch)
    with pytest.raises(AssertionError):
        expect_compared(types.comparison())


def test_an_update_leaves_every_value_as_it_is(types: Typed) -> None:
    types.pipe.execute("UPDATE kinds SET touched = touched + 1")
    expect_as_known(types.differences())


def move(types: Typed, origin: str, target: str) -> None:
    """Give each type's value from one of its rows to another, and leave a null."""
    with types.connect() as connection:
        for each in TYPES:
            column = sql.Identifier(each.column)
            give = sql.SQL(
                "UPDATE kinds SET {0} = other.{0} FROM kinds other "
                "WHERE kinds.id = %s AND other.id = %s"
            ).format(column)
            connection.execute(give, (f"{each.column}/{target}", f"{each.column}/{origin}"))
            empty = sql.SQL("UPDATE kinds SET {} = NULL WHERE id = %s").format(column)
            connection.execute(empty, (f"{each.column}/{origin}",))


def test_a_value_that_is_updated(types: Typed) -> None:
    """Each row takes the value of another row of its type."""
    move(types, "1", "null")
    found = types.differences()
    moved = {each.column for each in TYPES if f"{each.column}/1" in each.damaged_ids}
    expected = {
        (f"{columns[0]}/null" if identity == f"{columns[0]}/1" else identity): columns
        for identity, columns in DAMAGED.items()
    }
    assert moved
    assert contents(found) == expected
    assert absent(found) == ABSENT
    move(types, "null", "1")
    expect_as_known(types.differences())


def test_an_altered_document_is_found_whatever_the_type(types: Typed) -> None:
    """Of each row whose value arrives, the document gets another value of that shape."""
    expect_as_known(types.differences())
    before = {each["_id"]: each for each in types.documents.find()}
    expected = dict(DAMAGED)
    for identity_, document in before.items():
        column = identity_.split("/")[0]
        value = document.get(column)
        if value is None or COLUMNS[column].absent:
            continue
        types.documents.update_one({"_id": identity_}, {"$set": {column: altered(value)}})
        expected[identity_] = (column,)
    assert len(expected) > 500
    assert contents(types.compare()) == expected
    for identity_, document in before.items():
        types.documents.replace_one({"_id": identity_}, document)
    expect_as_known(types.compare())


def altered(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value of the same shape that differs as little as it may."""
    match value:
        case bool():
            return not value
        case int():
            return value - 1 if value > 0 else value + 1
        case float():
            return value * 2 + 1
        case str():
            # Trailing spaces count for nothing in a char(n).
            bare = value.rstrip(" ")
            return f"{bare[:-1]}{chr(ord(bare[-1]) ^ 1)}{value[len(bare) :]}" if bare else "x"
        case list():
            return [*value, None]
        case dict():
            return value | {"srid": 4326} if "srid" in value else {**value, next(iter(value)): 99.5}
    raise AssertionError(value)


def test_a_null_in_place_of_a_value_is_found(types: Typed) -> None:
    before = {each["_id"]: each for each in types.documents.find()}
    expected = dict(DAMAGED)
    for identity_, document in before.items():
        column = identity_.split("/")[0]
        if document.get(column) is not None:
            types.documents.update_one({"_id": identity_}, {"$set": {column: None}})
            expected[identity_] = (column,)
    assert contents(types.compare()) == expected
    for identity_, document in before.items():
        types.documents.replace_one({"_id": identity_}, document)


def test_unchanged_toasted_values_under_the_default_replica_identity(
    types: Typed, type_table: TypeTable
) -> None:
    """What is lost is what `up` refuses, and the check finds it."""
    types.pipe.execute("ALTER TABLE kinds REPLICA IDENTITY DEFAULT")
    with types.connect() as connection:
        (refused,) = lost_toast(connection, "public.kinds")
    announced = {name.split()[0] for name in refused.columns}
    types.pipe.execute("UPDATE kinds SET touched = touched + 1")
    found = contents(types.differences())
    lost = {each.column for each in TYPES if (f"{each.column}/large") in found}
    with_large = {each.column for each in TYPES if each.large and not each.absent}
    damaged = {each.column for each in TYPES if "large" in each.damaged}
    assert lost - damaged == announced & with_large - damaged
    assert set(found) - {f"{column}/large" for column in lost} == set(DAMAGED) - {
        f"{column}/large" for column in damaged
    }
    type_table.toasted(lost - damaged)
    types.pipe.execute(refused.remedy)
    with types.connect() as connection:
        assert lost_toast(connection, "public.kinds") == ()
    # Under FULL the old row has the values, so the next update brings them back.
    types.pipe.execute("UPDATE kinds SET touched = touched + 1")
    expect_as_known(types.differences())


def test_keys(types: Typed, type_table: TypeTable) -> None:
    """Rows are inserted, updated and deleted under keys of each type that can be followed."""
    written: dict[str, int] = {}
    with types.connect() as connection:
        for each in FOLLOWED:
            statement = sql.SQL("INSERT INTO {} VALUES (%s::text::{}, 1) ON CONFLICT DO NOTHING")
            name = sql.Identifier(key_table(each))
            for value in (x for x in each.values if x not in (*each.damaged, BEYOND_STAND_IN)):
                connection.execute(statement.format(name, sql.SQL(each.sql)), (value,))
            connection.execute(sql.SQL("UPDATE {} SET number = 2").format(name))
            (count,) = connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(name)
            ).fetchone() or (0,)
            written[f"public.{key_table(each)}"] = count
    integrity = types.check()
    found = [each for each in integrity.findings if each.table != "public.kinds"]
    assert not found, (types.pipe.checkout.stack / "logs" / "consumer.log").read_text()[-3000:]
    compared = {each.table: each for each in integrity.tables if each.table in written}
    assert {name: (each.rows, each.documents) for name, each in compared.items()} == {
        name: (count, count) for name, count in written.items()
    }
    with types.connect() as connection:
        for each in FOLLOWED:
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(key_table(each))))
    integrity = types.check()
    found = [each for each in integrity.findings if each.table != "public.kinds"]
    assert not found, (types.pipe.checkout.stack / "logs" / "consumer.log").read_text()[-3000:]
    assert all(each.documents == 0 for each in integrity.tables if each.table in written)
    type_table.keys()


@pytest.mark.parametrize("each", REFUSED, ids=lambda each: each.column)
def test_a_key_that_cannot_be_followed_is_refused(types: Typed, each: Type) -> None:
    table = Table(table="public.kinds", key=(each.column,), target="kinds")
    with types.connect() as connection:
        known = {x.name: x for x in table_columns(connection, "public.kinds")}
    with pytest.raises(StackFailure, match=each.column):
        identity(table, known)


def test_deleted_rows(types: Typed) -> None:
    types.pipe.execute("DELETE FROM kinds")
    integrity: Integrity = types.check()
    assert integrity.findings == ()
    counts: Mapping[str, tuple[int, int]] = {
        each.table: (each.rows, each.documents) for each in integrity.tables
    }
    assert counts["public.kinds"] == (0, 0)
