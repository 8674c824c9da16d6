"""The causes of differences that no event tells of, and where none may be named."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from cdc_perf.integrity.causes import Attribute, Explanation, TableFacts, explain, ordered, sentence
from cdc_perf.integrity.differences import FURTHER, RowDifference
from cdc_perf.integrity.findings import row_findings
from cdc_perf.integrity.records import Cause, CauseCode, FindingKind, SinkType
from cdc_perf.integrity.trace import RowTrace
from cdc_perf.wording import HELD
from tests.unit.integrity.test_trace import trail as trail  # noqa: PLC0414 - a fixture

TABLE = "public.customer"
# The table was created by transaction 10; the rows were written by 20.
OLD = (Attribute("id", 10), Attribute("a", 10), Attribute("b", 10))


def differing(
    *,
    absent: Sequence[str] = (),
    unknown: Sequence[str] = (),
    other: Sequence[str] = (),
    version: int = 20,
    identity: str = "x",
) -> RowDifference:
    return RowDifference(
        FindingKind.CONTENT,
        TABLE,
        identity,
        str(version),
        100,
        fields=frozenset((*absent, *unknown, *other)),
        absent=tuple(absent),
        unknown=tuple(unknown),
    )


def added(name: str, xid: int = 30) -> Attribute:
    return Attribute(name, xid)


def dropped(xid: int = 30) -> Attribute:
    return Attribute("........pg.dropped.2........", xid, dropped=True)


Named = list[tuple[CauseCode, tuple[str, ...], bool]]


def named(
    difference: RowDifference, *more: Attribute, kind: FindingKind = FindingKind.CONTENT
) -> Named:
    explanation = explain(kind, [difference], TableFacts((*OLD, *more)))
    assert bool(explanation.explained) is bool(explanation.causes)
    return [(x.code, x.columns, x.likely) for x in explanation.causes]


@pytest.mark.parametrize("kind", [FindingKind.CONTENT, FindingKind.STALE])
@pytest.mark.parametrize(
    ("difference", "more", "expected"),
    [
        pytest.param(
            differing(absent=["c"]),
            (added("c"),),
            [(CauseCode.ADDED_COLUMN, ("c",), False)],
            id="added",
        ),
        pytest.param(
            differing(absent=["c"], version=30),
            (added("c", 30),),
            [(CauseCode.ADDED_COLUMN, ("c",), False)],
            id="added by a rewrite",
        ),
        pytest.param(
            differing(absent=["c", "d"]),
            (added("c"), added("d", 31)),
            [
                (CauseCode.ADDED_COLUMN, ("c",), False),
                (CauseCode.ADDED_COLUMN, ("d",), False),
            ],
            id="two added",
        ),
        pytest.param(
            differing(unknown=["z"]),
            (dropped(),),
            [(CauseCode.DROPPED_COLUMN, ("z",), True)],
            id="dropped",
        ),
        pytest.param(
            differing(unknown=["z"], absent=["c"]),
            (added("c"),),
            [(CauseCode.RENAMED_COLUMN, ("z", "c"), False)],
            id="renamed",
        ),
        pytest.param(
            differing(unknown=["z"]),
            (added("c"),),
            [(CauseCode.RENAMED_COLUMN, ("z",), True)],
            id="renamed, and null",
        ),
        pytest.param(
            differing(unknown=["z"], absent=["c"]),
            (added("c"), dropped()),
            [
                (CauseCode.DROPPED_COLUMN, ("z",), True),
                (CauseCode.ADDED_COLUMN, ("c",), False),
            ],
            id="one dropped and another added",
        ),
        pytest.param(
            differing(other=["c"], version=30),
            (added("c", 30),),
            [(CauseCode.REWRITTEN_COLUMN, ("c",), False)],
            id="another type",
        ),
    ],
)
def test_a_change_of_the_columns_is_named(
    difference: RowDifference, more: tuple[Attribute, ...], expected: Named, kind: FindingKind
) -> None:
    assert named(difference, *more, kind=kind) == expected


@pytest.mark.parametrize(
    ("difference", "more"),
    [
        pytest.param(differing(absent=["b"]), (), id="a field is gone, and no column was added"),
        pytest.param(
            differing(absent=["c"], version=40), (added("c"),), id="the row was written later"
        ),
        pytest.param(differing(unknown=["z"]), (), id="an unknown field, and nothing was dropped"),
        pytest.param(
            differing(unknown=["z"], version=40), (dropped(),), id="dropped before the row was"
        ),
        pytest.param(
            differing(unknown=["y", "z"]), (dropped(),), id="two fields, and one was dropped"
        ),
        pytest.param(differing(other=["b"]), (), id="other content"),
        pytest.param(
            differing(other=["c"]),
            (added("c"),),
            id="other content after an ALTER",
        ),
        pytest.param(
            differing(absent=["c"], other=["b"]), (added("c"),), id="other content beside a cause"
        ),
        pytest.param(
            RowDifference(
                FindingKind.CONTENT, TABLE, "x", "", 1, fields=frozenset("c"), absent=("c",)
            ),
            (added("c"),),
            id="no version",
        ),
    ],
)
def test_without_evidence_no_cause_is_named(
    difference: RowDifference, more: tuple[Attribute, ...]
) -> None:
    assert named(difference, *more) == []


@pytest.mark.parametrize(
    ("xid", "version", "is_named"),
    [(5, 2**32 - 5, True), (2**32 - 5, 5, False), (20, 20, True)],
    ids=["after the wraparound", "before it", "the same"],
)
def test_the_numbers_of_transactions_wrap_around(xid: int, version: int, *, is_named: bool) -> None:
    found = named(differing(absent=["c"], version=version), added("c", xid))
    assert bool(found) is is_named


def extra(number: int, lsn: int | None = 100) -> RowDifference:
    return RowDifference(FindingKind.EXTRA, TABLE, f"x{number}", "", lsn)


EXTRAS = [extra(number) for number in range(3)]
TRUNCATED = TableFacts(storage_replaced=True, deleted=7, markers=7, not_newer=3)


def test_a_truncate_is_named_as_likely_with_what_it_explains() -> None:
    foreign = extra(9, None)
    explanation = explain(FindingKind.EXTRA, [*EXTRAS, foreign], TRUNCATED)
    (cause,) = explanation.causes
    assert (cause.code, cause.count, cause.likely) == (CauseCode.TRUNCATED, 3, True)
    assert foreign.id not in explanation.explained


def test_rows_that_are_only_counted_are_truncated_too() -> None:
    further = replace(EXTRAS[0], id=FURTHER, count=1000)
    facts = replace(TRUNCATED, not_newer=1003)
    (cause,) = explain(FindingKind.EXTRA, [*EXTRAS, further], facts).causes
    assert cause.count == 1003
    assert explain(FindingKind.EXTRA, EXTRAS, facts) == Explanation()


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(
            TableFacts(storage_replaced=False, deleted=7, markers=7, not_newer=3),
            id="the storage is the one that it was created with",
        ),
        pytest.param(
            TableFacts(storage_replaced=True, deleted=7, markers=7, not_newer=4),
            id="a row is older than a document without one",
        ),
        pytest.param(
            TableFacts(storage_replaced=True, deleted=10, markers=7, not_newer=3),
            id="as many deletes are not known to MongoDB",
        ),
    ],
)
def test_documents_without_a_row_may_be_lost_deletes(facts: TableFacts) -> None:
    assert explain(FindingKind.EXTRA, EXTRAS, facts) == Explanation()


@pytest.mark.parametrize("kind", [FindingKind.MISSING, FindingKind.RESURRECTED])
def test_other_differences_are_losses(kind: FindingKind) -> None:
    assert explain(kind, EXTRAS, TRUNCATED) == Explanation()
    assert explain(FindingKind.EXTRA, [extra(1, None)], TRUNCATED) == Explanation()


def test_what_has_no_cause_is_shown_first_and_the_finding_keeps_its_count(trail: RowTrace) -> None:
    rows = [differing(absent=["c"], identity=f"x{number}") for number in range(9)]
    rows.append(differing(other=["b"], identity="z"))
    facts = TableFacts((*OLD, added("c")))
    (finding,) = row_findings(rows, trail, lambda _, kind, found: explain(kind, found, facts))
    assert (finding.count, [x.count for x in finding.causes]) == (10, [9])
    assert finding.samples[0].id == "z"
    assert ordered(rows, Explanation())[0].id == "x0"


@pytest.mark.parametrize("sink", SinkType)
@pytest.mark.parametrize("code", CauseCode)
@pytest.mark.parametrize("columns", [(), ("a",), ("a", "b")])
def test_every_cause_has_a_sentence(
    code: CauseCode, columns: tuple[str, ...], sink: SinkType
) -> None:
    said = sentence(Cause(code=code, count=1200, columns=columns, likely=True), TABLE, sink)
    assert TABLE in said
    assert "{" not in said
    changed = code is not CauseCode.TRUNCATED
    assert changed == said.endswith(f"a {HELD[sink][0]} changes with the next event of its row")
