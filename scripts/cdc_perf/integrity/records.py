"""The shape of integrity.json: what was compared, and what was found."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from cdc_perf.integrity.columns import NotCompared

SCHEMA_VERSION = 2
# Of a kind and a table; the others are counted.
MOST_SAMPLES = 5


class FindingKind(StrEnum):
    """What can be wrong; docs/integrity.md tells what each means."""

    # Of rows and documents. The topic has a resurrected row's delete, and none of an extra one.
    MISSING = "missing"
    STALE = "stale"
    CONTENT = "content"
    EXTRA = "extra"
    RESURRECTED = "resurrected"
    # Of a column: no document has it, although rows have values there.
    COLUMN_ABSENT = "column_absent"
    # Of events. A vanished row is in PostgreSQL no more than in the topic.
    EVENT_MISSING = "event_missing"
    VANISHED = "vanished"
    DUPLICATE = "duplicate"
    REORDERED = "reordered"
    UNREADABLE = "unreadable"
    DEAD_LETTER = "dead_letter"


class LastSeen(StrEnum):
    """A station on the way of a row."""

    K6 = "k6"
    POSTGRES = "postgres"
    TOPIC = "topic"
    CONSUMER = "consumer"
    DEAD_LETTER = "dead-letter"
    MONGODB = "mongodb"


class CauseCode(StrEnum):
    """A change of a table that has no event."""

    TRUNCATED = "truncated"
    ADDED_COLUMN = "added_column"
    DROPPED_COLUMN = "dropped_column"
    # The first column is the old name, the second the new one, if that is known.
    RENAMED_COLUMN = "renamed_column"
    # By ALTER COLUMN TYPE, or SET EXPRESSION of a generated column.
    REWRITTEN_COLUMN = "rewritten_column"


class Cause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why rows and documents differ although no event was lost.

    Attributes:
        code: What was done to the table.
        count: How many of the finding's differences it explains; several may explain the same.
        columns: To which columns, if to some.
        likely: Whether it is inferred; otherwise the system catalogs show it.
    """

    code: CauseCode
    count: int
    columns: tuple[str, ...] = ()
    likely: bool = False


class RowSample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row or record of a finding.

    Attributes:
        id: The document's `_id`; of a record that has none its partition and offset.
        last_seen: The last station at which what should be there was seen.
        detail: How it was seen there.
    """

    id: str
    last_seen: LastSeen
    detail: str


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wrong in one way with one table.

    Attributes:
        kind: In which way.
        table: The table; of a dead letter the dead-letter topic.
        count: How many rows or records.
        samples: Some of them.
        excused: Why it is told and is no fault; else empty.
        causes: What is known of why; the differences stay true, and a finding.
    """

    kind: FindingKind
    table: str
    count: int
    samples: tuple[RowSample, ...]
    excused: str = ""
    causes: tuple[Cause, ...] = ()


class Drain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wait until everything that was written is through.

    Attributes:
        seconds: How long that took.
        outstanding: What was not when the wait was given up, a sentence each.
        connector: The state of a connector that did not run then, such as `failed`; else empty.
    """

    seconds: float
    outstanding: tuple[str, ...] = ()
    connector: str = ""


class TableCompared(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table and its collection.

    Attributes:
        table: The table.
        rows: How many rows PostgreSQL has.
        documents: How many live documents MongoDB has; delete markers do not count.
        not_compared: Columns whose values are not compared, and why; a file of schema version 1
            names them in a text each.
        row_filter: The publication's row filter: only rows that match it are compared.
        ordered_by_lsn: How many documents an earlier version of cdc-consumer wrote. Their next
            change is compared with them by LSN, which is not the order of the commits.
    """

    table: str
    rows: int
    documents: int
    not_compared: tuple[NotCompared | str, ...] = ()
    row_filter: str = ""
    ordered_by_lsn: int = 0


class TopicRead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a topic holds of the time that is judged.

    Attributes:
        topic: The topic.
        events: How many events, repeated ones too.
        keys: Of how many rows.
        tombstones: How many records without a value, one for each delete.
    """

    topic: str
    events: int
    keys: int
    tombstones: int


class Cut(StrEnum):
    """Why records of a topic are gone."""

    RETENTION = "retention"
    COMPACTION = "compaction"
    RECREATED = "recreated"


class TopicCut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A partition of which records of the time that is judged are gone.

    Attributes:
        topic: The topic.
        partition: The partition.
        why: Why they are gone.
        offsets: How many offsets have no record any more.
    """

    topic: str
    partition: int
    why: Cut
    offsets: int


class Integrity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of the pipeline's integrity: `<run>/<scenario>/integrity.json`.

    Attributes:
        schema_version: Of this shape.
        checked: When the check began, UTC.
        seconds: How long it took, the drain included.
        drain: The drain; null where nothing was checked.
        tables: What was compared.
        topics: What was read.
        acknowledged: How many rows k6 noted as written, by operation (`c`, `u`, `d`); null where
            nobody noted any.
        findings: What is wrong.
        unchecked: Why nothing could be checked; else empty.
        cuts: The partitions of which records are gone: no event is missed in their topics.
    """

    schema_version: int = SCHEMA_VERSION
    checked: datetime
    seconds: float = 0.0
    drain: Drain | None = None
    tables: tuple[TableCompared, ...] = ()
    topics: tuple[TopicRead, ...] = ()
    acknowledged: dict[str, int] | None = None
    findings: tuple[Finding, ...] = ()
    unchecked: str = ""
    cuts: tuple[TopicCut, ...] = ()

    @property
    def drained(self) -> bool:
        """Whether everything that was written got through in time."""
        return self.drain is not None and not self.drain.outstanding

    def count(self, kinds: Iterable[FindingKind]) -> int:
        """Return how many rows or records were found of some kinds, the excused ones included."""
        wanted = frozenset(kinds)
        return sum(finding.count for finding in self.findings if finding.kind in wanted)
