"""Whether the pipeline kept what was entrusted to it."""

from collections.abc import Iterable, Sequence

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.causes import sentence
from cdc_perf.integrity.records import Cut, Finding, Integrity, Kind, TopicCut
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.verdict.gates import Gate, open_gate, shut_gate
from cdc_perf.verdict.verdict import worst
from cdc_perf.wording import counted

ROWS = (
    *(Kind.MISSING, Kind.STALE, Kind.CONTENT, Kind.EXTRA, Kind.RESURRECTED),
    Kind.COLUMN_ABSENT,
)
EVENTS = (
    *(Kind.EVENT_MISSING, Kind.VANISHED),
    *(Kind.DUPLICATE, Kind.REORDERED, Kind.UNREADABLE),
)
# What no doubt about the measurement takes back. A repeated or late event may have done no harm:
# whether it did shows in the rows.
LOSSES = frozenset((*ROWS, Kind.EVENT_MISSING, Kind.VANISHED, Kind.DEAD_LETTER))
_INSERTED = "pg_records_inserted"
_WRITES = "pg_write_duration"
_WRITE_ERRORS = "pg_write_errors"
# Of one, and of any other number.
_WORDS = {
    Kind.MISSING: ("row is missing in MongoDB", "rows are missing in MongoDB"),
    Kind.STALE: (
        "document is of an older version of its row",
        "documents are of an older version of their row",
    ),
    Kind.CONTENT: (
        "document has other content than its row",
        "documents have other content than their row",
    ),
    Kind.EXTRA: ("document has no row", "documents have no row"),
    Kind.RESURRECTED: (
        "document lives although its row was deleted",
        "documents live although their row was deleted",
    ),
    Kind.COLUMN_ABSENT: (
        "row has a value in a column that no document has",
        "rows have a value in a column that no document has",
    ),
    Kind.EVENT_MISSING: (
        "acknowledged write has no event in the topic",
        "acknowledged writes have no event in the topic",
    ),
    Kind.VANISHED: (
        "acknowledged row is neither in PostgreSQL nor in the topic",
        "acknowledged rows are neither in PostgreSQL nor in the topic",
    ),
    Kind.DUPLICATE: (
        "change is in the topic more than once",
        "changes are in the topic more than once",
    ),
    Kind.REORDERED: (
        "change comes after a later change of the same row",
        "changes come after a later change of the same row",
    ),
    Kind.UNREADABLE: ("record is no event of a row", "records are no events of a row"),
    Kind.DEAD_LETTER: (
        "record was given up by the consumer",
        "records were given up by the consumer",
    ),
}


def drain_gate(
    integrity: Integrity | None, events: Sequence[ComponentEvent] | None = ()
) -> Gate | None:
    """Everything that was written got through in time; None where nobody was to look.

    It is waited for after the load: no starved generator holds the pipeline up, an operator may.
    """
    if integrity is None:
        return None
    name, limit = "drained", "every hop is past what was written"
    if integrity.drain is not None and integrity.drain.outstanding:
        return shut_gate(
            name,
            limit,
            f"not after {integrity.drain.seconds:.1f} s",
            code=ExitCode.FAIL,
            certain=not any(event.by_operator for event in events or ()),
            reason=f"the pipeline does not drain: after {integrity.drain.seconds:.0f} s, "
            + "; ".join(integrity.drain.outstanding),
        )
    if integrity.unchecked:
        return shut_gate(
            name,
            limit,
            "unknown",
            code=ExitCode.INVALID,
            reason=f"the integrity could not be checked: {integrity.unchecked}",
        )
    if integrity.drain is None:
        return open_gate(name, limit, "unknown", ok=None)
    return open_gate(name, limit, f"after {integrity.drain.seconds:.1f} s")


def rows_gate(integrity: Integrity | None) -> Gate | None:
    """MongoDB holds what PostgreSQL holds; cannot be told while anything is on its way."""
    if integrity is None:
        return None
    rows = sum(table.rows for table in integrity.tables)
    documents = sum(table.documents for table in integrity.tables)
    observed = f"{counted(rows, 'row')}, {counted(documents, 'document')}"
    return _gate(integrity, "rows", "MongoDB holds what PostgreSQL holds", observed, ROWS)


def events_gate(integrity: Integrity | None) -> Gate | None:
    """Every acknowledged write is in its topic, once and in order.

    A topic that has lost records to retention or compaction shows neither a loss nor that there is
    none: NO-DATA, because what was measured is good and the proof alone is missing.
    """
    if integrity is None:
        return None
    events = sum(topic.events for topic in integrity.topics)
    observed = counted(events, "event")
    if integrity.acknowledged is not None:
        observed += f", {counted(sum(integrity.acknowledged.values()), 'acknowledged write')}"
    limit = "every acknowledged write is in its topic, once and in order"
    gate = _gate(integrity, "events", limit, observed, EVENTS)
    if gate.result.ok is not True or not integrity.cuts:
        return gate
    return shut_gate(
        "events",
        limit,
        gate.result.observed,
        code=ExitCode.NO_DATA,
        reason="; ".join(cut_sentence(each) for each in integrity.cuts),
    )


def dead_letters_gate(integrity: Integrity | None) -> Gate | None:
    """The consumer gave no record up."""
    if integrity is None:
        return None
    observed = f"{integrity.count((Kind.DEAD_LETTER,)):,}"
    return _gate(integrity, "dead_letters", "no record is given up", observed, (Kind.DEAD_LETTER,))


def ledger_gate(integrity: Integrity | None, summary: Summary | NoSummary) -> Gate | None:
    """The ledger has every write that k6 counts: one that lacks some proves nothing.

    Every write that succeeded is a transaction with at least one row, and every inserted row is a
    line. Without either there is nothing that could be missed, and the result is NO-DATA.

    None where nobody was to look.
    """
    if integrity is None or isinstance(summary, NoSummary) or integrity.unchecked:
        return None
    inserted = int(summary.observed(_INSERTED, "count") or 0)
    failed = int(summary.observed(_WRITE_ERRORS, "count") or 0)
    written = max(0, summary.samples(_WRITES) - failed)
    lines = sum((integrity.acknowledged or {}).values())
    noted = (integrity.acknowledged or {}).get("c", 0)
    name = "ledger"
    limit = f"the {counted(inserted, 'inserted row')} and {counted(written, 'write')} of k6"
    observed = f"{counted(noted, 'inserted row')} of {counted(lines, 'row')} noted"
    if noted < inserted or lines < written:
        return shut_gate(
            name,
            limit,
            observed,
            code=ExitCode.INVALID,
            reason=f"k6 counts {counted(inserted, 'inserted row')} and {counted(written, 'write')}"
            f", and its ledger has {counted(noted, 'inserted row')} of {counted(lines, 'row')}: "
            "see that the disk has room, and that each statement of the script names its row",
        )
    if lines:
        return open_gate(name, limit, observed)
    if failed:
        # Every write was refused: the success rate says so.
        return open_gate(name, limit, observed, ok=None)
    return shut_gate(
        name,
        limit,
        observed,
        code=ExitCode.NO_DATA,
        reason="the ledger of k6 is empty, so nothing says which rows must arrive: let the script "
        "write with iterate(), and name the row of each statement",
    )


def exit_code_of(integrity: Integrity) -> ExitCode:
    """Return what a check that stands alone exits with."""
    found = [
        gate
        for gate in (
            drain_gate(integrity),
            rows_gate(integrity),
            events_gate(integrity),
            dead_letters_gate(integrity),
        )
        if gate is not None
    ]
    certain = any(gate.result.certain for gate in found)
    return worst((gate.code for gate in found), certain=certain)


def reason_of(finding: Finding) -> str:
    """Return a finding in a sentence, with its causes, if they are known, and its first sample."""
    lead = f"{finding.table}: {counted(finding.count, *_WORDS[finding.kind])}"
    causes = "".join(f"; {sentence(cause, finding.table)}" for cause in finding.causes)
    if not finding.samples:
        return lead + causes
    first = finding.samples[0]
    return f"{lead}, such as {first.id}, last seen in {first.last_seen} ({first.detail}){causes}"


def cut_sentence(cut: TopicCut) -> str:
    """Return which records are gone, why, and what to do."""
    place = f"{cut.topic}, partition {cut.partition}"
    if cut.why is Cut.RECREATED:
        return f"{place}: the topic was created again, so its events are unknown: run again"
    return (
        f"{place}: {counted(cut.offsets, 'record')} of this run are gone by {cut.why}, so nothing "
        "says that every write was there: keep the topic's records for longer than the run"
    )


def _gate(
    integrity: Integrity, name: str, limit: str, observed: str, kinds: Iterable[Kind]
) -> Gate:
    wanted = frozenset(kinds)
    found = [each for each in integrity.findings if each.kind in wanted]
    faults = [each for each in found if not each.excused]
    if integrity.unchecked or not integrity.drained:
        return open_gate(name, limit, "cannot be told", ok=None)
    for each in found:
        observed += f"; {each.count:,} {each.kind} in {each.table}"
        observed += f", excused: {each.excused}" if each.excused else ""
    if not faults:
        return open_gate(name, limit, observed)
    return shut_gate(
        name,
        limit,
        observed,
        code=ExitCode.FAIL,
        certain=any(each.kind in LOSSES for each in faults),
        reason="; ".join(reason_of(each) for each in faults),
    )
