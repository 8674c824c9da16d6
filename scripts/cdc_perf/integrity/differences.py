"""The differences between rows and documents, of which only a limited number are kept."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from cdc_perf.integrity.records import FindingKind

# Per table and kind. A collection that lost all rows of a large table must not fill the memory.
MOST_KEPT = 50_000
FURTHER = "(further rows)"


@dataclass(frozen=True)
class RowDifference:
    """A row and a document that differ.

    Attributes:
        kind: MISSING, STALE, CONTENT, EXTRA, or COLUMN_ABSENT.
        table: The table.
        id: The `_id`; the name of an absent column; `NO_ID` if the key contains a null; `FURTHER`
            for all differences beyond those that are kept.
        version: The transaction that wrote this row version, `xmin`; empty if there is no row.
        lsn: The document's `_cdc.lsn`; None if there is no document, or a foreign one.
        columns: The columns whose values differ, with their types: `vals numeric[]`.
        count: The number of rows that have a value in an absent column, or of further rows; else 1.
        fields: The names of the fields that differ.
        absent: Those of them that the document lacks.
        unknown: Those of them that are not columns.
    """

    kind: FindingKind
    table: str
    id: str
    version: str
    lsn: int | None
    columns: tuple[str, ...] = ()
    count: int = 1
    fields: frozenset[str] = frozenset()
    absent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def limited(differences: Iterable[RowDifference], most: int = MOST_KEPT) -> Iterator[RowDifference]:
    """Yield the first differences of each kind in a table, then one that counts the rest.

    Args:
        differences: The differences of one table.
        most: The number of each kind that are kept.
    """
    counts: defaultdict[FindingKind, int] = defaultdict(int)
    further: dict[FindingKind, RowDifference] = {}
    for each in differences:
        counts[each.kind] += 1
        if counts[each.kind] <= most:
            yield each
        elif known := further.get(each.kind):
            further[each.kind] = _joined(known, each)
        else:
            further[each.kind] = replace(each, id=FURTHER, version="")
    yield from further.values()


def persistent(
    first: Iterable[RowDifference], second: Iterable[RowDifference]
) -> tuple[RowDifference, ...]:
    """Return the differences that are in both comparisons; the pipeline was drained in between.

    A row that was written meanwhile has another version: under load it is still in flight. So is
    the document of a deleted row that was written again and deleted again. Further rows count only
    besides a row that is known to differ twice.
    """
    known = {_identity(each) for each in first}
    both = [each for each in second if _identity(each) in known]
    certain = {(each.table, each.kind) for each in both if each.id != FURTHER}
    return tuple(x for x in both if x.id != FURTHER or (x.table, x.kind) in certain)


def overflowed(differences: Iterable[RowDifference]) -> bool:
    """Return whether there are more differences than are kept."""
    return any(each.id == FURTHER for each in differences)


def _identity(difference: RowDifference) -> tuple[str, str, str, int | None]:
    of_row = difference.version or difference.id == FURTHER
    document = None if of_row else difference.lsn
    return difference.table, difference.id, difference.version, document


def _joined(one: RowDifference, other: RowDifference) -> RowDifference:
    """Return a difference that counts both, with the columns of both and the newest LSN."""
    known = [each.lsn for each in (one, other) if each.lsn is not None]
    count, lsn = one.count + other.count, max(known, default=None)
    if one.fields >= other.fields:
        return replace(one, count=count, lsn=lsn)
    return replace(
        one,
        lsn=lsn,
        columns=tuple(dict.fromkeys((*one.columns, *other.columns))),
        count=count,
        fields=one.fields | other.fields,
        absent=tuple(dict.fromkeys((*one.absent, *other.absent))),
        unknown=tuple(dict.fromkeys((*one.unknown, *other.unknown))),
    )
