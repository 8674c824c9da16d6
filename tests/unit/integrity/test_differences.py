"""Which differences are kept, and which of them last."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from cdc_perf.integrity.differences import (
    FURTHER,
    RowDifference,
    limited,
    overflowed,
    persistent,
)
from cdc_perf.integrity.records import FindingKind


def missing(identity: str, version: str = "7") -> RowDifference:
    return RowDifference(FindingKind.MISSING, "public.customer", identity, version, None)


def extra(identity: str, lsn: int) -> RowDifference:
    return RowDifference(FindingKind.EXTRA, "public.customer", identity, "", lsn)


def further(kind: FindingKind, count: int) -> RowDifference:
    return RowDifference(kind, "public.customer", FURTHER, "", None, count=count)


@pytest.mark.parametrize(
    ("first", "second", "lasting"),
    [
        (
            [missing("a"), missing("b"), missing("c", "7")],
            [missing("b"), missing("c", "8"), missing("d")],
            [missing("b")],
        ),
        # A document that was written and whose row was deleted again, and one that stays.
        ([extra("a", 1), extra("b", 2)], [extra("a", 3), extra("b", 2)], [extra("b", 2)]),
        # Rows that are only counted last if a row of their kind does.
        (
            [missing("a"), further(FindingKind.MISSING, 9)],
            [missing("a"), further(FindingKind.MISSING, 5)],
            [missing("a"), further(FindingKind.MISSING, 5)],
        ),
        (
            [extra("a", 1), further(FindingKind.MISSING, 9)],
            [extra("a", 1), further(FindingKind.MISSING, 5)],
            [extra("a", 1)],
        ),
        ([missing("a")], [missing("a"), further(FindingKind.MISSING, 5)], [missing("a")]),
    ],
)
def test_what_differs_once_was_on_its_way(
    first: Sequence[RowDifference], second: Sequence[RowDifference], lasting: list[RowDifference]
) -> None:
    assert list(persistent(first, second)) == lasting


def test_beyond_a_number_of_each_kind_differences_are_only_counted() -> None:
    found = [*(missing(str(n)) for n in range(5)), *(extra(str(n), n) for n in range(3))]
    kept = list(limited(found, most=3))
    assert kept == [*found[:3], *found[5:], further(FindingKind.MISSING, 2)]
    assert sum(each.count for each in kept) == len(found)
    assert overflowed(kept)
    assert not overflowed(found)


def test_what_is_only_counted_has_all_columns_and_the_newest_lsn() -> None:
    one = replace(
        extra("a", 5), kind=FindingKind.CONTENT, columns=("x text",), fields=frozenset("x")
    )
    other = replace(one, id="b", lsn=9, columns=("y text",), fields=frozenset("y"), absent=("y",))
    last = replace(one, id="c", lsn=7)
    (_, rest) = limited([one, one, other, last], most=1)
    assert rest == replace(
        one,
        id=FURTHER,
        lsn=9,
        count=3,
        columns=("x text", "y text"),
        fields=frozenset("xy"),
        absent=("y",),
    )
