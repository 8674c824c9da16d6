"""The evidence about a table, as PostgreSQL's catalog and MongoDB give it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from cdc_perf.integrity.causes import CauseFacts, Explanation
from cdc_perf.integrity.differences import RowDifference
from cdc_perf.integrity.keys import Keys, RowOfTable, stored_keys
from cdc_perf.integrity.records import Cause, CauseCode, FindingKind, Scope
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline

if TYPE_CHECKING:
    from psycopg import Connection
    from pymongo.database import Database

PIPELINE = load_pipeline(Checkout.here())
TABLE = "public.customer"
OID = 16_400
MARKERS = {"_cdc.op": "d"}


@dataclass
class FakeStack:
    """The catalog's answers about one table, and the number of its documents.

    Attributes:
        table: The table's OID, its deleted rows, and whether its storage was replaced.
        columns: The entries of `pg_attribute`.
        markers: The number of delete markers.
        not_newer: The number of live documents up to the asked LSN.
        asked: The parameters of each query.
        counted: The filters of each count of documents.
    """

    table: tuple[int, int, bool] | None = (OID, 0, True)
    columns: Sequence[tuple[str, int, bool]] = ()
    markers: int = 0
    not_newer: int = 2
    asked: list[tuple[object, ...]] = field(default_factory=list)
    counted: list[dict[str, Any]] = field(default_factory=list)

    def execute(self, _query: str, values: tuple[object, ...]) -> "FakeStack":
        self.asked.append(tuple(values))
        return self

    def fetchone(self) -> tuple[int, int, bool] | None:
        return self.table

    def fetchall(self) -> Sequence[tuple[str, int, bool]]:
        return self.columns

    def __getitem__(self, collection: str) -> "FakeStack":
        assert collection == "customer"
        return self

    def count_documents(self, found: dict[str, Any]) -> int:
        self.counted.append(found)
        return self.markers if found == MARKERS else self.not_newer

    def explain(
        self, kind: FindingKind, *differences: RowDifference, keys: Keys | None = None
    ) -> Explanation:
        connection = cast("Connection[tuple[Any, ...]]", self)
        database = cast("Database[dict[str, Any]]", self)
        return CauseFacts(connection, database, PIPELINE, keys).explain(TABLE, kind, differences)


def extra(identity: str, lsn: int | None) -> RowDifference:
    return RowDifference(FindingKind.EXTRA, TABLE, identity, "", lsn)


OLD = (extra("a", 50), extra("b", 70), extra("foreign", None))


@pytest.mark.parametrize(
    "kind", [FindingKind.MISSING, FindingKind.RESURRECTED, FindingKind.COLUMN_ABSENT]
)
def test_other_kinds_have_no_cause_and_no_query(kind: FindingKind) -> None:
    stack = FakeStack()
    assert stack.explain(kind, *OLD) == Explanation()
    assert stack.asked == []


def test_extra_documents_of_a_truncated_table() -> None:
    stack = FakeStack(table=(OID, 4, True), markers=3)
    found = stack.explain(FindingKind.EXTRA, *OLD)
    assert found.causes == (Cause(code=CauseCode.TRUNCATED, count=2, likely=True),)
    assert found.explained == {"a", "b"}
    assert stack.asked == [("public", "customer")]
    # No live document may be as old as the newest one without a row.
    assert MARKERS in stack.counted
    assert {"_cdc.lsn": {"$lte": 70}, "_cdc.op": {"$ne": "d"}} in stack.counted


@pytest.mark.parametrize(
    "stack",
    [
        pytest.param(FakeStack(table=None), id="no such table"),
        pytest.param(FakeStack(table=(OID, 0, False)), id="its storage was not replaced"),
        pytest.param(FakeStack(not_newer=3), id="an older document has its row"),
        pytest.param(FakeStack(table=(OID, 2, True)), id="as many deletes were lost"),
    ],
)
def test_extra_documents_without_a_known_cause(stack: FakeStack) -> None:
    assert stack.explain(FindingKind.EXTRA, *OLD) == Explanation()


def test_of_a_run_only_the_compared_documents_count() -> None:
    stack = FakeStack()
    with stored_keys([RowOfTable(TABLE, "b"), RowOfTable(TABLE, "a")], Scope.RUN) as keys:
        assert stack.explain(FindingKind.EXTRA, *OLD, keys=keys).causes
    live = {"_cdc.lsn": {"$lte": 70}, "_cdc.op": {"$ne": "d"}}
    assert {**live, "_id": {"$in": ["a", "b"]}} in stack.counted
    assert live not in stack.counted


def test_foreign_documents_alone_have_no_cause() -> None:
    stack = FakeStack()
    assert stack.explain(FindingKind.EXTRA, extra("foreign", None)) == Explanation()
    assert stack.counted == []


@pytest.mark.parametrize("kind", [FindingKind.CONTENT, FindingKind.STALE])
def test_a_column_that_was_added_after_the_row_was_written(kind: FindingKind) -> None:
    stack = FakeStack(columns=(("id", 10, False), ("x", 30, False), ("....", 10, True)))
    lacking = RowDifference(
        kind, TABLE, "a", "20", 50, fields=frozenset(("x",)), absent=("x",), unknown=()
    )
    found = stack.explain(kind, lacking)
    assert found.causes == (Cause(code=CauseCode.ADDED_COLUMN, count=1, columns=("x",)),)
    assert stack.asked == [("public", "customer"), (OID,)]
    assert stack.counted == []
