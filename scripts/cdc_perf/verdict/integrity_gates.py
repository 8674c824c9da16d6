"""Gates and thresholds on the data-loss check."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.causes import sentence
from cdc_perf.integrity.records import (
    LOSSES,
    ROWS,
    Cut,
    Finding,
    FindingKind,
    Integrity,
    Scope,
    SinkType,
    TopicCut,
)
from cdc_perf.reasons import findings as finding_reasons
from cdc_perf.reasons import gates as reasons
from cdc_perf.reasons.reason import Reason
from cdc_perf.reasons.thresholds import not_counted
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate, unknown_gate
from cdc_perf.verdict.threshold_result import JudgedThreshold, judge_value, result_of
from cdc_perf.verdict.verdict import worst
from cdc_perf.wording import HELD, counted

EVENTS = (
    *(FindingKind.EVENT_MISSING, FindingKind.VANISHED),
    *(FindingKind.DUPLICATE, FindingKind.REORDERED, FindingKind.UNREADABLE),
)
_INSERTED = "pg_records_inserted"
_WRITES = "pg_write_duration"
_WRITE_ERRORS = "pg_write_errors"
INTEGRITY_METRICS: Mapping[str, tuple[FindingKind, ...]] = MappingProxyType(
    {
        "rows_lost": (FindingKind.MISSING, FindingKind.VANISHED),
        "rows_stale": (FindingKind.STALE, FindingKind.CONTENT, FindingKind.COLUMN_ABSENT),
        "rows_extra": (FindingKind.EXTRA, FindingKind.RESURRECTED),
        "events_lost": (FindingKind.EVENT_MISSING,),
        "events_duplicated": (FindingKind.DUPLICATE,),
        "events_reordered": (FindingKind.REORDERED,),
        "dead_letters": (FindingKind.DEAD_LETTER,),
    }
)


def of_scope(integrity: Integrity) -> str:
    """Return the words after the number of compared rows; "" if all were compared."""
    match integrity.scope:
        case Scope.ALL:
            return ""
        case Scope.RUN:
            return " of this run"
        case Scope.TOPICS:
            return " with events in the topics"


def drain_gate(
    integrity: Integrity | None, events: Sequence[ComponentEvent] | None = ()
) -> Gate | None:
    """Check that everything written passed each hop in time; None if no check ran.

    The drain is timed after the load. A starved load generator cannot slow it down; an operator
    can.
    """
    if integrity is None:
        return None
    name, condition = "drained", "every hop has processed what was written"
    if integrity.drain is not None and integrity.drain.outstanding:
        return failed_gate(
            name,
            condition,
            f"not after {integrity.drain.seconds:.1f} s",
            code=ExitCode.FAIL,
            overrides_invalid=not any(event.by_operator for event in events or ()),
            reasons=[
                reasons.not_drained(
                    seconds=integrity.drain.seconds, outstanding=integrity.drain.outstanding
                )
            ],
        )
    if integrity.unchecked:
        return failed_gate(
            name,
            condition,
            "unknown",
            code=ExitCode.INVALID,
            reasons=[reasons.data_loss_check_failed(why=integrity.unchecked)],
        )
    if integrity.drain is None:
        return unknown_gate(name, condition, "unknown")
    return passed_gate(name, condition, f"after {integrity.drain.seconds:.1f} s")


def rows_gate(integrity: Integrity | None) -> Gate | None:
    """Check that the sink holds what PostgreSQL holds; unknown until the pipeline has drained."""
    if integrity is None:
        return None
    rows = sum(table.rows for table in integrity.tables)
    held = counted(sum(table.documents for table in integrity.tables), *HELD[integrity.sink])
    observed = f"{counted(rows, 'row')}{of_scope(integrity)}, {held}"
    return _gate(integrity, "rows", "the sink holds what PostgreSQL holds", observed, ROWS)


def events_gate(integrity: Integrity | None) -> Gate | None:
    """Check that every acknowledged write is in its topic, once and in order.

    A topic that lost records to retention or compaction proves neither a loss nor the absence of
    one: NO-DATA, because the measurement is good and only the proof is missing.
    """
    if integrity is None:
        return None
    events = sum(topic.events for topic in integrity.topics)
    observed = counted(events, "event")
    if integrity.acknowledged is not None:
        observed += f", {counted(sum(integrity.acknowledged.values()), 'acknowledged write')}"
    condition = "every acknowledged write is in its topic, once and in order"
    gate = _gate(integrity, "events", condition, observed, EVENTS)
    if gate.result.ok is not True or not integrity.cuts:
        return gate
    return failed_gate(
        "events",
        condition,
        gate.result.observed,
        code=ExitCode.NO_DATA,
        reasons=[_cut(each) for each in integrity.cuts],
    )


def dead_letters_gate(integrity: Integrity | None) -> Gate | None:
    """Check that the consumer sent no record to the dead-letter queue."""
    if integrity is None:
        return None
    observed = f"{integrity.count((FindingKind.DEAD_LETTER,)):,}"
    return _gate(
        integrity, "dead_letters", "no record is given up", observed, (FindingKind.DEAD_LETTER,)
    )


def ledger_gate(integrity: Integrity | None, summary: Summary | NoSummary) -> Gate | None:
    """Check that the ledger has every write that k6 counts: an incomplete one proves nothing.

    Every successful write is a transaction with at least one row, and every inserted row is a line.
    Without either, no loss can be detected, and the result is NO-DATA.

    None if no check ran.
    """
    if integrity is None or isinstance(summary, NoSummary) or integrity.unchecked:
        return None
    inserted = int(summary.observed(_INSERTED, "count") or 0)
    failed = int(summary.observed(_WRITE_ERRORS, "count") or 0)
    written = max(0, summary.samples(_WRITES) - failed)
    lines = sum((integrity.acknowledged or {}).values())
    in_ledger = (integrity.acknowledged or {}).get("c", 0)
    name = "ledger"
    condition = f"the {counted(inserted, 'inserted row')} and {counted(written, 'write')} of k6"
    observed = f"{counted(in_ledger, 'inserted row')} of {counted(lines, 'row')} noted"
    if in_ledger < inserted or lines < written:
        return failed_gate(
            name,
            condition,
            observed,
            code=ExitCode.INVALID,
            reasons=[
                reasons.ledger_incomplete(
                    inserted=inserted, writes=written, noted=in_ledger, lines=lines
                )
            ],
        )
    if lines:
        return passed_gate(name, condition, observed)
    if failed:
        # Every write failed: the success rate reports that.
        return unknown_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.NO_DATA,
        reasons=[reasons.ledger_empty()],
    )


def traffic_gate(integrity: Integrity | None, seconds: float) -> Gate:
    """Check that an observation saw an event: without traffic, it shows nothing.

    It is unknown if the topics were not read.
    """
    name, condition = "traffic", "at least 1 event in the topics"
    if integrity is None or integrity.unchecked:
        return unknown_gate(name, condition, "unknown")
    events = sum(topic.events for topic in integrity.topics)
    observed = counted(events, "event")
    if events:
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.NO_DATA,
        reasons=[reasons.no_traffic(seconds=seconds)],
    )


def exit_code_of(integrity: Integrity) -> ExitCode:
    """Return the exit code of a data-loss check that runs alone."""
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
    overrides_invalid = any(gate.result.overrides_invalid for gate in found)
    return worst((gate.code for gate in found), overrides_invalid=overrides_invalid)


def reason_of(finding: Finding, sink: SinkType) -> Reason:
    """Return a finding as a reason, with its known causes and its first sample."""
    first = finding.samples[0] if finding.samples else None
    return finding_reasons.rows_differ(
        kind=finding.kind,
        table=finding.table,
        count=finding.count,
        sample="" if first is None else first.id,
        last_seen="" if first is None else first.last_seen,
        detail="" if first is None else first.detail,
        causes=[sentence(cause, finding.table, sink) for cause in finding.causes],
        sink=sink,
    )


def cut_sentence(cut: TopicCut) -> str:
    """Return which records are gone, why, and what to do."""
    return _cut(cut).text


def _cut(cut: TopicCut) -> Reason:
    if cut.why is Cut.RECREATED:
        return finding_reasons.topic_recreated(topic=cut.topic, partition=cut.partition)
    return finding_reasons.topic_records_gone(
        topic=cut.topic, partition=cut.partition, records=cut.offsets, why=cut.why
    )


def _gate(
    integrity: Integrity, name: str, condition: str, observed: str, kinds: Iterable[FindingKind]
) -> Gate:
    wanted = frozenset(kinds)
    found = [each for each in integrity.findings if each.kind in wanted]
    faults = [each for each in found if not each.excused]
    if integrity.unchecked or not integrity.drained:
        return unknown_gate(name, condition, "unknown")
    for each in found:
        observed += f"; {each.count:,} {each.kind} in {each.table}"
        observed += f", excused: {each.excused}" if each.excused else ""
    if not faults:
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.FAIL,
        overrides_invalid=any(each.kind in LOSSES for each in faults),
        reasons=[reason_of(each, integrity.sink) for each in faults],
    )


def judge_integrity(threshold: Threshold, integrity: Integrity | None) -> JudgedThreshold:
    """Return whether a threshold on a count holds; `ok` is null if nothing was counted.

    There is one count per scenario, so every stat is that count.
    """
    if integrity is None or integrity.unchecked or not integrity.drained:
        why = not_counted(metric=threshold.metric)
        return result_of(threshold, None, 0, ok=None, reason=why)
    return judge_value(threshold, integrity.count(INTEGRITY_METRICS[threshold.metric]), 1)
