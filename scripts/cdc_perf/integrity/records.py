"""The shape of integrity.json: what was compared, and what was found."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from cdc_perf.integrity.columns import NotCompared
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.wording import HELD

SCHEMA_VERSION = 2
# Per kind and table; the rest are only counted.
MOST_SAMPLES = 5


class FindingKind(StrEnum):
    """What can be wrong; docs/integrity.md explains each."""

    # Of rows and documents. The topic has the delete of a resurrected row, not of an extra one.
    MISSING = "missing"
    STALE = "stale"
    CONTENT = "content"
    EXTRA = "extra"
    RESURRECTED = "resurrected"
    # Of a column: no document has it, although rows have values.
    COLUMN_ABSENT = "column_absent"
    # Of events. A vanished row is neither in PostgreSQL nor in the topic.
    EVENT_MISSING = "event_missing"
    VANISHED = "vanished"
    DUPLICATE = "duplicate"
    REORDERED = "reordered"
    UNREADABLE = "unreadable"
    DEAD_LETTER = "dead_letter"


ROWS = (
    *(
        FindingKind.MISSING,
        FindingKind.STALE,
        FindingKind.CONTENT,
        FindingKind.EXTRA,
        FindingKind.RESURRECTED,
    ),
    FindingKind.COLUMN_ABSENT,
)
# Findings that count even if the measurement is in doubt. A repeated or late event may have done
# no harm: the rows show whether it did.
LOSSES = frozenset(
    (*ROWS, FindingKind.EVENT_MISSING, FindingKind.VANISHED, FindingKind.DEAD_LETTER)
)


class Scope(StrEnum):
    """The rows that were compared."""

    ALL = "all"
    # Those that the run wrote, by k6's ledger.
    RUN = "run"
    # Those that the topics have events of.
    TOPICS = "topics"


class SinkType(StrEnum):
    """What the rows were compared with: the sink's type in pipeline.toml."""

    MONGODB = "mongodb"
    POSTGRES = "postgres"
    KAFKA = "kafka"

    @property
    def several(self) -> str:
        """What it holds for rows: `documents`."""
        return HELD[self][1]


def sink_type(pipeline: Pipeline) -> SinkType:
    """Return the type of a pipeline's sink."""
    return SinkType(str(pipeline.sink.__struct_config__.tag))


class LastSeen(StrEnum):
    """A place on a row's path through the pipeline."""

    K6 = "k6"
    POSTGRES = "postgres"
    TOPIC = "topic"
    CONSUMER = "consumer"
    DEAD_LETTER = "dead-letter"
    MONGODB = "mongodb"
    # Any other sink.
    SINK = "sink"


class CauseCode(StrEnum):
    """A change of a table that has no event."""

    TRUNCATED = "truncated"
    ADDED_COLUMN = "added_column"
    DROPPED_COLUMN = "dropped_column"
    # The first column is the old name, the second the new one, if known.
    RENAMED_COLUMN = "renamed_column"
    # By ALTER COLUMN TYPE, or SET EXPRESSION of a generated column.
    REWRITTEN_COLUMN = "rewritten_column"


class Cause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why rows and documents differ although no event was lost.

    Attributes:
        code: The change of the table.
        count: The number of the finding's differences that it explains; causes may overlap.
        columns: The changed columns, if any.
        likely: Whether the cause is inferred; otherwise the system catalogs show it.
    """

    code: CauseCode
    count: int
    columns: tuple[str, ...] = ()
    likely: bool = False


class RowSample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row or record of a finding.

    Attributes:
        id: The document's `_id`, or partition and offset of a record that has none.
        last_seen: The last place where the expected state was seen.
        detail: What was seen there.
    """

    id: str
    last_seen: LastSeen
    detail: str


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wrong in one way with one table.

    Attributes:
        kind: What is wrong.
        table: The table, or the dead-letter topic of a dead letter.
        count: The number of rows or records.
        samples: Some of them.
        excused: Why the finding is expected and not a fault; else empty.
        causes: The known causes. The differences are still real, and a finding.
    """

    kind: FindingKind
    table: str
    count: int
    samples: tuple[RowSample, ...]
    excused: str = ""
    causes: tuple[Cause, ...] = ()


class Drain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The wait until everything that was written has passed the pipeline.

    Attributes:
        seconds: How long the wait took.
        outstanding: What was missing when the wait ended, one sentence each.
        connector: The state of a connector that did not run then, such as `failed`; else empty.
    """

    seconds: float
    outstanding: tuple[str, ...] = ()
    connector: str = ""


class TableCompared(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table and its collection.

    Attributes:
        table: The table.
        rows: The number of compared rows in PostgreSQL.
        documents: The number of compared live documents, rows, or records in the sink, without
            delete markers.
        not_compared: Columns whose values are not compared, and why; in schema version 1, one text
            per column.
        row_filter: The publication's row filter: only rows that match it are compared.
        ordered_by_lsn: The number of documents that an earlier version of cdc-consumer wrote. Their
            next change is compared with them by LSN, which is not the order of the commits.
    """

    table: str
    rows: int
    documents: int
    not_compared: tuple[NotCompared | str, ...] = ()
    row_filter: str = ""
    ordered_by_lsn: int = 0


class TopicRead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The records of a topic in the judged window.

    Attributes:
        topic: The topic.
        events: The number of events, including repeated ones.
        keys: The number of different rows.
        tombstones: The number of records without a value, one for each delete.
    """

    topic: str
    events: int
    keys: int
    tombstones: int


class Cut(StrEnum):
    """Why records of a topic are missing."""

    RETENTION = "retention"
    COMPACTION = "compaction"
    RECREATED = "recreated"


class TopicCut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A partition that lost records of the judged window.

    Attributes:
        topic: The topic.
        partition: The partition.
        why: Why the records are missing.
        offsets: The number of offsets without a record.
    """

    topic: str
    partition: int
    why: Cut
    offsets: int


class FindingTimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the changes behind the findings were made, in microseconds since the epoch.

    Attributes:
        lost_us: For each lost row or event: when k6's last write of the row was acknowledged; null
            if k6 did not write it.
        repeated_us: For each repetition of an event in its topic: the timestamp of the record.
    """

    lost_us: tuple[int | None, ...] = ()
    repeated_us: tuple[int, ...] = ()


class Integrity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The result of the data-loss check: `<run>/<scenario>/integrity.json`.

    Attributes:
        schema_version: The version of this schema.
        checked: When the check began, UTC.
        seconds: How long it took, including the drain.
        drain: The drain; null if nothing was checked.
        tables: The compared tables.
        topics: The topics that were read.
        acknowledged: The number of row writes in k6's ledger, by operation (`c`, `u`, `d`); null if
            there is no ledger.
        findings: What is wrong.
        unchecked: Why nothing could be checked; else empty.
        cuts: The partitions that lost records: no event is reported missing in their topics.
        scope: The rows that were compared; older files, which lack it, compared all.
        sink: What they were compared with; in files of earlier versions `mongodb`, whatever it was.
        times: When the changes behind the findings were made; null if nothing
            was checked, and in files of earlier versions.
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
    scope: Scope = Scope.ALL
    sink: SinkType = SinkType.MONGODB
    times: FindingTimes | None = None

    @property
    def drained(self) -> bool:
        """Whether everything that was written passed the pipeline in time."""
        return self.drain is not None and not self.drain.outstanding

    def count(self, kinds: Iterable[FindingKind]) -> int:
        """Return the number of rows or records of these kinds, including excused ones."""
        wanted = frozenset(kinds)
        return sum(finding.count for finding in self.findings if finding.kind in wanted)
