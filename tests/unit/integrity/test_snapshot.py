"""Rows against documents, both in the order of `_id`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from cdc_perf.integrity.columns import Column
from cdc_perf.integrity.conversions import Conversion
from cdc_perf.integrity.differences import RowDifference
from cdc_perf.integrity.records import FindingKind
from cdc_perf.integrity.snapshot import NO_ID, Row, differing
from cdc_perf.integrity.tables import TableReading
from cdc_perf.settings.pipeline import Table
from cdc_perf.stack.row_key import RowKey
from cdc_perf.stack.sinks.sink import NotSent

EMAIL = Column("email", "text", 25, "", Conversion(str, str), is_money=False)
NOTE = Column("note", "text", 25, "", Conversion(str, str), is_money=False)
HOW = TableReading(
    table=Table("public.customer", ("id",), "customer"),
    columns=(EMAIL,),
    fields=frozenset(("id", "email")),
    not_compared=(),
    id=sql.SQL("id"),
    key=RowKey(("id",), (sql.SQL("text"),), (str,)),
    row_filter="",
)


def row(identity: str, email: str = "a", version: int = 7) -> Row:
    return (identity, str(version), email)


def document(identity: str, email: str = "a", tx_id: int = 7, **more: object) -> dict[str, Any]:
    return {"_id": identity, "email": email, "_cdc": {"lsn": 100, "tx_id": tx_id}, **more}


def found(
    rows: Sequence[Row], documents: Sequence[dict[str, Any]]
) -> list[tuple[FindingKind, str]]:
    return [(each.kind, each.id) for each in differing(HOW, rows, documents, typed=False)]


@pytest.mark.parametrize(
    ("rows", "documents", "expected"),
    [
        ([], [], []),
        ([row("a")], [document("a")], []),
        ([row("a"), row("b")], [document("b")], [(FindingKind.MISSING, "a")]),
        ([row("a"), row("b")], [document("a")], [(FindingKind.MISSING, "b")]),
        ([row("b")], [document("a"), document("b")], [(FindingKind.EXTRA, "a")]),
        ([row("a")], [document("a"), document("b"), document("c")],
         [(FindingKind.EXTRA, "b"), (FindingKind.EXTRA, "c")]),
        ([row("a", "new")], [document("a", "old", tx_id=6)], [(FindingKind.STALE, "a")]),
        ([row("a", "new")], [document("a", "old")], [(FindingKind.CONTENT, "a")]),
        ([row("a")], [document("a", garbage=1)], [(FindingKind.CONTENT, "a")]),
        ([row("a"), row("b")], [{"_id": "a", "_cdc": {"lsn": 1, "tx_id": 7}}, document("b")],
         [(FindingKind.CONTENT, "a")]),
        ([row("a")], [{"_id": "a", "email": "b"}], [(FindingKind.STALE, "a")]),
        # A savepoint's number differs: equal content is no difference.
        ([row("a", version=8)], [document("a")], []),
    ],
)  # fmt: skip
def test_what_differs(
    rows: list[Row], documents: list[dict[str, Any]], expected: list[tuple[FindingKind, str]]
) -> None:
    assert found(rows, documents) == expected


def test_a_key_with_a_null_is_a_row_that_cannot_arrive() -> None:
    # PostgreSQL sorts it last.
    rows = [row("a"), (None, "7", "x"), (None, "8", "y")]
    assert found(rows, [document("a"), document("b")]) == [
        (FindingKind.MISSING, NO_ID),
        (FindingKind.MISSING, NO_ID),
        (FindingKind.EXTRA, "b"),
    ]


def test_a_difference_says_which_field() -> None:
    (difference,) = differing(HOW, [row("a", "new")], [document("a", "old", odd=1)], typed=False)
    assert (difference.kind, difference.table, difference.id) == (
        FindingKind.CONTENT,
        "public.customer",
        "a",
    )
    assert (difference.version, difference.lsn) == ("7", 100)
    assert difference.fields == {"email", "odd"}
    assert (difference.absent, difference.unknown) == ((), ("odd",))


def test_a_difference_says_which_field_the_document_lacks() -> None:
    lacking = document("a", "old")
    del lacking["email"]
    rows, documents = [row("a", "new"), row("b")], [lacking, document("b")]
    (difference,) = differing(HOW, rows, documents, typed=False)
    assert difference.fields == {"email"}
    assert difference.absent == ("email",)


def test_a_column_that_no_document_has() -> None:
    how = replace(HOW, columns=(EMAIL, NOTE), fields=HOW.fields | {"note"})
    rows: list[Row] = [("a", "7", "a", "x"), ("b", "7", "new", "y"), ("c", "7", "a", None)]
    documents = [document(x) for x in "abc"]
    absent = [
        x
        for x in differing(how, rows, documents, typed=False)
        if x.kind is FindingKind.COLUMN_ABSENT
    ]
    assert absent == [
        RowDifference(
            FindingKind.COLUMN_ABSENT, "public.customer", "note", "", None, ("note text",), count=2
        )
    ]
    # One document that has it makes it a matter of rows.
    documents[0]["note"] = "x"
    kinds = {each.kind for each in differing(how, rows, documents, typed=False)}
    assert kinds == {FindingKind.CONTENT}


def test_a_value_that_is_not_known_is_not_compared() -> None:
    documents = [document("a", note=NotSent.VALUE), document("b", "old", note=NotSent.VALUE)]
    how = replace(HOW, columns=(EMAIL, NOTE), fields=HOW.fields | {"note"})
    rows: list[Row] = [("a", "7", "a", "x"), ("b", "7", "new", "y")]
    (difference,) = differing(how, rows, documents, typed=False)
    assert (difference.id, set(difference.fields)) == ("b", {"email"})


def test_a_column_without_values_is_not_missed() -> None:
    how = replace(HOW, columns=(EMAIL, NOTE), fields=HOW.fields | {"note"})
    assert not list(differing(how, [("a", "7", "a", None)], [document("a")], typed=False))


IDS = st.sets(st.text(min_size=1, max_size=3))


@given(rows=IDS, documents=IDS)
def test_every_row_and_document_is_met(rows: set[str], documents: set[str]) -> None:
    differences = found([row(x) for x in sorted(rows)], [document(x) for x in sorted(documents)])
    assert set(differences) == {
        *((FindingKind.MISSING, x) for x in rows - documents),
        *((FindingKind.EXTRA, x) for x in documents - rows),
    }
    assert len(differences) == len(rows ^ documents)
