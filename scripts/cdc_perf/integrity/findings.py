"""Turn differences and anomalies into findings."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from cdc_perf.integrity.causes import Explanation, ordered
from cdc_perf.integrity.differences import RowDifference
from cdc_perf.integrity.events import Anomaly, Events, MissingEvent
from cdc_perf.integrity.records import (
    MOST_SAMPLES,
    Finding,
    FindingKind,
    LastSeen,
    RowSample,
    TopicCut,
)
from cdc_perf.integrity.trace import RowTrace
from cdc_perf.settings.pipeline import Pipeline

Explain = Callable[[str, FindingKind, Sequence[RowDifference]], Explanation]
_OPERATIONS = {"c": "insert", "u": "update", "d": "delete"}


def row_findings(
    differences: Iterable[RowDifference], trail: RowTrace, explain: Explain
) -> Iterator[Finding]:
    """Return the findings on rows and documents.

    Args:
        differences: The differences.
        trail: Knows where each row was last seen.
        explain: Returns the causes of the differences of one kind in a table.
    """
    groups: defaultdict[tuple[str, FindingKind], list[RowDifference]] = defaultdict(list)
    for each in differences:
        groups[each.table, trail.kind(each)].append(each)
    for (table, kind), group in groups.items():
        if kind is FindingKind.COLUMN_ABSENT:
            continue
        explanation = explain(table, kind, group)
        absent = {each.id: each for each in groups.get((table, FindingKind.COLUMN_ABSENT), ())}
        rows, missed = _folded(ordered(group, explanation), explanation, absent)
        found = ((kind, rows, explanation.causes), (FindingKind.COLUMN_ABSENT, missed, ()))
        for each_kind, each_group, causes in found:
            if each_group:
                yield Finding(
                    kind=each_kind,
                    table=table,
                    count=sum(each.count for each in each_group),
                    samples=tuple(trail.sample(each) for each in each_group[:MOST_SAMPLES]),
                    causes=causes,
                )


def _folded(
    group: Sequence[RowDifference], explanation: Explanation, absent: Mapping[str, RowDifference]
) -> tuple[list[RowDifference], list[RowDifference]]:
    """Report a column that no document has as one difference instead of one per row.

    Args:
        group: Differences of one kind in a table.
        explanation: Their causes. Explained differences stay as they are.
        absent: The columns that no document has, by name.

    Returns:
        The rest of the group, and the columns that its rows lack.
    """
    rows, missed = [], set()
    # A column that was added later: its rows have their own cause.
    known = {name for each in group if each.id in explanation.explained for name in each.absent}
    for each in group:
        names = (absent.keys() - known) & set(each.absent)
        if each.id in explanation.explained or not names:
            rows.append(each)
            continue
        missed |= names
        described = {text for name in names for text in absent[name].columns}
        if left := tuple(text for text in each.columns if text not in described):
            rows.append(replace(each, columns=left, fields=each.fields - names))
    return rows, [absent[name] for name in sorted(missed)]


def event_findings(events: Events, pipeline: Pipeline, excused: str) -> Iterator[Finding]:
    """Return the findings on the topics' records.

    Args:
        events: The records.
        pipeline: The pipeline.
        excused: Why repeated events are expected, or "".
    """
    yield from _anomaly_findings(FindingKind.DUPLICATE, events.duplicates(), pipeline, excused)
    yield from _anomaly_findings(FindingKind.REORDERED, events.reordered(), pipeline)
    yield from _anomaly_findings(FindingKind.UNREADABLE, events.unreadable(), pipeline)
    letters = events.dead_letters()
    if letters:
        samples = tuple(
            RowSample(
                id=identity,
                last_seen=LastSeen.DEAD_LETTER,
                detail=f"{reason}; read from {topic}, partition {partition}, offset {position}"
                if topic
                else f"{reason}; its origin is unknown (no headers); in the dead-letter topic: "
                f"partition {partition}, offset {position}",
            )
            for identity, reason, topic, partition, position in letters[:MOST_SAMPLES]
        )
        topic = pipeline.kafka.dead_letter_topic
        yield Finding(
            kind=FindingKind.DEAD_LETTER, table=topic, count=len(letters), samples=samples
        )


def missed_for_sure(
    missing: Iterable[MissingEvent], tables: Mapping[str, str], cuts: Iterable[TopicCut]
) -> tuple[MissingEvent, ...]:
    """Return the acknowledged writes whose topic still has all of its records.

    Args:
        missing: The acknowledged writes without an event.
        tables: The table of each topic.
        cuts: The partitions that lost records, and with them perhaps the event.
    """
    cut = {tables.get(each.topic) for each in cuts}
    return tuple(each for each in missing if each.table not in cut)


class Rows(Protocol):
    """Queries about the rows of PostgreSQL."""

    def has(self, table: str, key: str) -> bool:
        """Return whether a table has the row."""

    def must_arrive(self, table: str, key: str) -> bool:
        """Return whether a write of the row must have an event in the topic."""


def ledger_findings(missing: Sequence[MissingEvent], lookup: Rows) -> Iterator[Finding]:
    """Return the findings on acknowledged writes that lack an event although they must have one."""
    groups: defaultdict[tuple[str, FindingKind], list[MissingEvent]] = defaultdict(list)
    for each in missing:
        if not lookup.must_arrive(each.table, each.id):
            continue
        # An updated row that does not exist may have been deleted since.
        gone = each.op == "c" and not lookup.has(each.table, each.id)
        groups[each.table, FindingKind.VANISHED if gone else FindingKind.EVENT_MISSING].append(each)
    for (table, kind), group in groups.items():
        place = LastSeen.K6 if kind is FindingKind.VANISHED else LastSeen.POSTGRES
        samples = tuple(
            RowSample(
                id=each.id,
                last_seen=place,
                detail=f"{_OPERATIONS[each.op]} acknowledged by PostgreSQL, missing in the topic",
            )
            for each in group[:MOST_SAMPLES]
        )
        yield Finding(
            kind=kind, table=table, count=sum(each.count for each in group), samples=samples
        )


def _anomaly_findings(
    kind: FindingKind, found: Iterable[Anomaly], pipeline: Pipeline, excused: str = ""
) -> Iterator[Finding]:
    tables = {pipeline.topic(table): table.table for table in pipeline.tables}
    for each in found:
        yield Finding(
            kind=kind,
            table=tables.get(each.topic, each.topic),
            count=each.count,
            samples=tuple(
                RowSample(id=identity, last_seen=LastSeen.TOPIC, detail=detail)
                for identity, detail in each.samples
            ),
            excused=excused,
        )
