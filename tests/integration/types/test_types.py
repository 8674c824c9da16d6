"""Every type through the real pipeline: inserted, updated, altered, deleted, and as a key."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from psycopg import sql

from scripts.errors import StackFailure
from scripts.integrity.columns import Why
from scripts.integrity.keys import identity
from scripts.integrity.records import Integrity, Kind
from scripts.integrity.snapshot import Difference
from scripts.settings.pipeline import Table
from scripts.stack.checks.toast import lost_toast
from scripts.stack.table_columns import table_columns
from tests.integration.types.catalog import TYPES, Type
from tests.integration.types.stack import FOLLOWED, REFUSED, Typed, key_table, typed
from tests.integration.types.type_table import TypeTable

pytestmark = pytest.mark.timeout(600)
# XML is not in every build of PostgreSQL: test_postgres_15.py has it.
COLUMNS = {each.column: each for each in TYPES}
# As an `_id`, the stand-in for MongoDB takes it for a date, and rounds it up to the year 10000.
BEYOND_STAND_IN = "9999-12-31 23:59:59.999999+00"
DAMAGED = {identity: (each.column,) for each in TYPES for identity in each.damaged_ids}
ABSENT = {each.column for each in TYPES if each.absent}


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    with typed(tmp_path_factory.mktemp("types") / "checkout") as found:
        for each in TYPES:
            found.insert(each)
        yield found


def contents(found: tuple[Difference, ...]) -> dict[str, tuple[str, ...]]:
    """Return the rows with other content, and the columns that it is about."""
    return {
        each.id: tuple(name.split()[0] for name in each.columns)
        for each in found
        if each.kind in (Kind.CONTENT, Kind.STALE)
    }


def absent(found: tuple[Difference, ...]) -> set[str]:
    return {each.id for each in found if each.kind is Kind.COLUMN_ABSENT}


def expect_as_known(found: tuple[Difference, ...]) -> None:
    """Nothing but what Debezium is known to damage or to leave out is found, and all of that."""
    assert contents(found) == DAMAGED
    assert absent(found) == ABSENT
    assert {x.kind for x in found} <= {Kind.CONTENT, Kind.STALE, Kind.COLUMN_ABSENT}


def test_inserted_values(types: Typed, type_table: TypeTable) -> None:
    integrity = types.check()
    expect_as_known(types.compare())
    assert {(x.kind, x.table) for x in integrity.findings} == {
        (Kind.CONTENT, "public.kinds"),
        (Kind.COLUMN_ABSENT, "public.kinds"),
    }
    (kinds,) = (each for each in integrity.tables if each.table == "public.kinds")
    not_compared = {each.column: each.why for each in kinds.not_compared}  # type: ignore[union-attr]
    # A column is compared, or is named, or Debezium carries none of it, which is a finding.
    assert set(not_compared.values()) <= {Why.TYPE}
    assert not_compared.keys() <= ABSENT
    type_table.inserted(types.documents)


def test_an_update_leaves_every_value_as_it_is(types: Typed) -> None:
    types.pipe.execute("UPDATE kinds SET touched = touched + 1")
    expect_as_known(types.differences())


def test_a_value_that_is_updated(types: Typed) -> None:
    """Each row takes the value of another row of its type."""
    with types.connect() as connection:
        for each in TYPES:
            connection.execute(
                sql.SQL(
                    "UPDATE kinds SET {0} = other.{0} FROM kinds other "
                    "WHERE kinds.id = %s AND other.id = %s"
                ).format(sql.Identifier(each.column)),
                (f"{each.column}/null", f"{each.column}/1"),
            )
            connection.execute(
                sql.SQL("UPDATE kinds SET {} = NULL WHERE id = %s").format(
                    sql.Identifier(each.column)
                ),
                (f"{each.column}/1",),
            )
    found = types.differences()
    moved = {each.column for each in TYPES if f"{each.column}/1" in each.damaged_ids}
    expected = {
        (f"{columns[0]}/null" if identity == f"{columns[0]}/1" else identity): columns
        for identity, columns in DAMAGED.items()
    }
    assert moved
    assert contents(found) == expected
    assert absent(found) == ABSENT
    with types.connect() as connection:
        for each in TYPES:
            connection.execute(
                sql.SQL(
                    "UPDATE kinds SET {0} = other.{0} FROM kinds other "
                    "WHERE kinds.id = %s AND other.id = %s"
                ).format(sql.Identifier(each.column)),
                (f"{each.column}/1", f"{each.column}/null"),
            )
            connection.execute(
                sql.SQL("UPDATE kinds SET {} = NULL WHERE id = %s").format(
                    sql.Identifier(each.column)
                ),
                (f"{each.column}/null",),
            )
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
    table = Table(table="public.kinds", key=(each.column,), collection="kinds")
    with types.connect() as connection:
        columns = {x.name: x for x in table_columns(connection, "public.kinds")}
    with pytest.raises(StackFailure, match=each.column):
        identity(table, columns)


def test_deleted_rows(types: Typed) -> None:
    types.pipe.execute("DELETE FROM kinds")
    integrity: Integrity = types.check()
    assert integrity.findings == ()
    counts: Mapping[str, tuple[int, int]] = {
        each.table: (each.rows, each.documents) for each in integrity.tables
    }
    assert counts["public.kinds"] == (0, 0)
