"""Find why rows and documents differ although no event was lost: changes that have no event.

PostgreSQL's logical decoding has no event for a change of a table's columns, and Debezium skips a
TRUNCATE by default. The difference that they leave is real. This module names its cause if the
system catalogs have evidence of it.

The evidence is the transaction that last wrote a column's entry in `pg_attribute`. A row version
that is not younger was written before the column took its current form, so no event can carry that
form.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from pymongo.collection import Collection
from pymongo.database import Database

from cdc_perf.integrity.differences import RowDifference
from cdc_perf.integrity.keys import Keys
from cdc_perf.integrity.records import Cause, CauseCode, FindingKind, SinkType
from cdc_perf.reasons import findings as reasons
from cdc_perf.reasons.reason import Reason
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.sinks.mongodb import answering
from cdc_perf.stack.sinks.sink import Document

_COLUMN_KINDS = frozenset((FindingKind.CONTENT, FindingKind.STALE))
_XIDS = 2**32
_TABLE = """
    SELECT c.oid, coalesce(pg_stat_get_tuples_deleted(c.oid), 0), (
        SELECT bool_or(pg_relation_filenode(part.oid) <> part.oid)
        FROM (SELECT c.oid UNION SELECT relid::oid FROM pg_partition_tree(c.oid)) AS part(oid))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = %s
"""
_ATTRIBUTES = """
    SELECT attname, xmin::text::bigint, attisdropped FROM pg_attribute
    WHERE attrelid = %s AND attnum > 0
"""


@dataclass(frozen=True)
class Attribute:
    """A current or dropped column of a table. PostgreSQL keeps no name of a dropped column.

    Attributes:
        name: Its name.
        xid: The transaction that last added, renamed, changed, or dropped it.
        dropped: Whether it was dropped.
    """

    name: str
    xid: int
    dropped: bool = False


@dataclass(frozen=True)
class TableFacts:
    """Evidence about a table and its collection, besides rows and documents.

    Attributes:
        attributes: Its columns.
        storage_replaced: Whether its files differ from those it was created with, as after a
            TRUNCATE; a rewriting ALTER TABLE, CLUSTER, and VACUUM FULL do the same.
        deleted: The number of rows deleted one by one, as PostgreSQL counts.
        markers: The number of delete markers in MongoDB.
        not_newer: The number of live documents that are not newer than the newest one without a
            row.
    """

    attributes: tuple[Attribute, ...] = ()
    storage_replaced: bool = False
    deleted: int = 0
    markers: int = 0
    not_newer: int = 0


@dataclass(frozen=True)
class Explanation:
    """The causes of the differences of one kind.

    Attributes:
        causes: The causes, each with the number of differences that it explains.
        explained: The `_id` of every fully explained difference.
    """

    causes: tuple[Cause, ...] = ()
    explained: frozenset[str] = frozenset()


class CauseFacts:
    """Queries the evidence about a table, only after a difference was found.

    Args:
        connection: A connection to PostgreSQL.
        database: The documents of cdc-consumer, which keeps marks of deletes; None if another
            consumer writes to the sink.
        pipeline: The pipeline.
        keys: The rows that were compared; None: all.
    """

    def __init__(
        self,
        connection: Connection[tuple[Any, ...]],
        database: Database[Document] | None,
        pipeline: Pipeline,
        keys: Keys | None = None,
    ) -> None:
        self._connection = connection
        self._database = database
        self._keys = keys
        self._tables = {table.table: table for table in pipeline.tables}

    def explain(
        self, table: str, kind: FindingKind, differences: Sequence[RowDifference]
    ) -> Explanation:
        """Return the causes of the differences of one kind in a table.

        Raises:
            psycopg.Error: PostgreSQL does not answer.
            NotReady: MongoDB does not answer.
        """
        if kind is not FindingKind.EXTRA and kind not in _COLUMN_KINDS:
            return Explanation()
        return explain(kind, differences, self._facts(table, kind, differences))

    def _facts(
        self, table: str, kind: FindingKind, differences: Sequence[RowDifference]
    ) -> TableFacts:
        found = self._connection.execute(_TABLE, self._tables[table].name).fetchone()
        if found is None:
            return TableFacts()
        oid, deleted, replaced = found
        if kind in _COLUMN_KINDS:
            rows = self._connection.execute(_ATTRIBUTES, (oid,)).fetchall()
            return TableFacts(attributes=tuple(Attribute(*row) for row in rows))
        newest = max((each.lsn for each in differences if each.lsn is not None), default=None)
        if not replaced or newest is None or self._database is None:
            return TableFacts()
        collection = self._database[self._tables[table].target]
        live = {"_cdc.lsn": {"$lte": newest}, "_cdc.op": {"$ne": "d"}}
        with answering():
            return TableFacts(
                storage_replaced=True,
                deleted=deleted,
                markers=collection.count_documents({"_cdc.op": "d"}),
                not_newer=self._count(collection, live, table),
            )

    def _count(self, collection: Collection[Document], query: Document, table: str) -> int:
        """Return how many of the compared documents a query finds."""
        if self._keys is None:
            return collection.count_documents(query)
        return sum(
            collection.count_documents({**query, "_id": {"$in": list(batch)}})
            for batch in self._keys.of(table).batches()
        )


def explain(
    kind: FindingKind, differences: Sequence[RowDifference], facts: TableFacts
) -> Explanation:
    """Return the causes of differences of one kind, derived from the facts about their table."""
    if kind is FindingKind.EXTRA:
        return _truncated(differences, facts)
    if kind in _COLUMN_KINDS:
        return _columns(differences, facts.attributes)
    return Explanation()


def sentence(cause: Cause, table: str, sink: SinkType) -> str:
    """Return a cause in one sentence."""
    return reason_of(cause, table, sink).text


def reason_of(cause: Cause, table: str, sink: SinkType) -> Reason:
    """Return a cause with the table that changed."""
    count, likely = cause.count, cause.likely
    column, renamed_to, *_ = (*cause.columns, "", "")
    match cause.code:
        case CauseCode.TRUNCATED:
            return reasons.table_truncated(table=table, count=count, likely=likely)
        case CauseCode.ADDED_COLUMN:
            return reasons.column_added(
                table=table, column=column, count=count, likely=likely, sink=sink
            )
        case CauseCode.DROPPED_COLUMN:
            return reasons.column_dropped(
                table=table, column=column, count=count, likely=likely, sink=sink
            )
        case CauseCode.RENAMED_COLUMN:
            return reasons.column_renamed(
                table=table,
                column=column,
                renamed_to=renamed_to,
                count=count,
                likely=likely,
                sink=sink,
            )
        case CauseCode.REWRITTEN_COLUMN:
            return reasons.column_rewritten(
                table=table, column=column, count=count, likely=likely, sink=sink
            )


def _truncated(differences: Sequence[RowDifference], facts: TableFacts) -> Explanation:
    """Explain extra documents by a TRUNCATE, after which all rows are younger than these documents.

    Deletes whose events were lost leave extra documents too, and those are a loss. So a TRUNCATE
    is named only if the deletes that MongoDB lacks are fewer than the documents without a row.
    """
    older = [each for each in differences if each.lsn is not None]
    count = sum(each.count for each in older)
    lost_deletes = facts.deleted - facts.markers
    if not older or not facts.storage_replaced or facts.not_newer > count or lost_deletes >= count:
        return Explanation()
    cause = Cause(code=CauseCode.TRUNCATED, count=count, likely=True)
    return Explanation((cause,), frozenset(each.id for each in older))


# A cause without its count.
_Named = tuple[CauseCode, tuple[str, ...], bool]


def _columns(differences: Sequence[RowDifference], attributes: Sequence[Attribute]) -> Explanation:
    counts: defaultdict[_Named, int] = defaultdict(int)
    explained = set()
    for each in differences:
        found = _of_row(each, attributes)
        if found:
            explained.add(each.id)
        for named in found:
            counts[named] += 1
    causes = tuple(
        Cause(code=code, columns=columns, count=count, likely=likely)
        for (code, columns, likely), count in counts.items()
    )
    return Explanation(causes, frozenset(explained))


def _of_row(difference: RowDifference, attributes: Sequence[Attribute]) -> tuple[_Named, ...]:
    """Return the causes of one difference, or nothing if any part of it has none."""
    if not difference.version.isdigit():
        return ()
    version = int(difference.version)
    live = {x.name: x for x in attributes if not x.dropped}
    # Columns that changed after this row version, or in the same transaction.
    changed = {name for name, x in live.items() if _not_younger(version, x.xid)}
    dropped = sum(x.dropped and _not_younger(version, x.xid) for x in attributes)
    removed = difference.unknown
    other = difference.fields.difference(difference.absent, difference.unknown)
    if not all(name in live and live[name].xid == version for name in other):
        return ()
    if not changed.issuperset(difference.absent):
        return ()
    column_causes = tuple(
        _column_causes(removed, difference.absent, dropped, has_changed=bool(changed))
    )
    if len(column_causes) < max(len(removed), len(difference.absent)):
        return ()
    return (
        *column_causes,
        *((CauseCode.REWRITTEN_COLUMN, (name,), False) for name in sorted(other)),
    )


def _column_causes(
    removed: Sequence[str], absent: Sequence[str], dropped: int, *, has_changed: bool
) -> Iterator[_Named]:
    """Yield the causes of fields that are no longer columns, and of columns without a field.

    Args:
        removed: The fields.
        absent: The columns.
        dropped: The number of columns dropped since this row version.
        has_changed: Whether a current column has changed since then.
    """
    if dropped >= len(removed):
        yield from ((CauseCode.DROPPED_COLUMN, (name,), True) for name in removed)
        yield from ((CauseCode.ADDED_COLUMN, (name,), False) for name in absent)
    elif dropped == 0 and len(removed) == len(absent) == 1:
        # Nothing was dropped, so the column still exists under another name.
        yield CauseCode.RENAMED_COLUMN, (removed[0], absent[0]), False
    elif dropped == 0 and has_changed and len(removed) >= len(absent):
        # It is unknown which name became which; a null under the new name does not count as absent.
        yield from ((CauseCode.RENAMED_COLUMN, (name,), True) for name in removed)


def _not_younger(version: int, xid: int) -> bool:
    """Return whether transaction `version` is not after `xid`; transaction IDs wrap around."""
    return (xid - version) % _XIDS < _XIDS // 2


def ordered(differences: Iterable[RowDifference], explanation: Explanation) -> list[RowDifference]:
    """Return the differences, those without a known cause first because they need attention."""
    return sorted(differences, key=lambda each: each.id in explanation.explained)
