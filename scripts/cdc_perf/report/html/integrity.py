"""The page's part about a scenario's data-loss check."""

from dataclasses import dataclass

from cdc_perf.integrity.causes import sentence
from cdc_perf.integrity.records import LOSSES, Finding, FindingKind, Integrity
from cdc_perf.report.integrity import left_out
from cdc_perf.verdict.integrity_gates import cut_sentence, of_scope
from cdc_perf.wording import HELD, counted

_MOST_ROWS = 50


@dataclass(frozen=True)
class FindingRow:
    """One sample of a finding; the first sample has the finding's own columns."""

    table: str
    kind: str
    count: str
    id: str
    last_seen: str
    detail: str


@dataclass(frozen=True)
class IntegrityView:
    """What was compared and what was found.

    Attributes:
        held: What the sink holds for rows: `documents`.
        tables: Of each table its name, its rows, how many the sink holds, and the columns that were
            not compared.
        findings: Samples of the findings.
        more: The number of samples that are not shown.
        notes: Further notes, one sentence each.
        absent: Why there is nothing to show; else empty.
    """

    held: str = ""
    tables: tuple[tuple[str, str, str, str], ...] = ()
    findings: tuple[FindingRow, ...] = ()
    more: int = 0
    notes: tuple[str, ...] = ()
    absent: str = ""


def integrity_view(found: Integrity | str) -> IntegrityView:
    """Return the page's part; a text is the reason why no check ran."""
    if isinstance(found, str):
        return IntegrityView(absent=found)
    if found.unchecked:
        return IntegrityView(absent=found.unchecked)
    rows = [row for finding in found.findings for row in _rows(finding)]
    notes = [*(found.drain.outstanding if found.drain else ())]
    notes += [
        f"{finding.table}: {finding.kind}: {sentence(cause, finding.table, found.sink)}"
        for finding in found.findings
        for cause in finding.causes
    ]
    notes += [
        f"{finding.table}: {finding.kind} is not an error: {finding.excused}"
        for finding in found.findings
        if finding.excused
    ]
    notes += [cut_sentence(cut) for cut in found.cuts]
    return IntegrityView(
        held=found.sink.several,
        tables=tuple(
            (t.table, f"{t.rows:,}", f"{t.documents:,}", "; ".join(left_out(t)) or "none")
            for t in found.tables
        ),
        findings=tuple(rows[:_MOST_ROWS]),
        more=max(0, len(rows) - _MOST_ROWS),
        notes=tuple(notes),
    )


def _rows(finding: Finding) -> list[FindingRow]:
    lead = (finding.table, str(finding.kind), f"{finding.count:,}")
    rows = []
    for sample in finding.samples:
        rows.append(FindingRow(*lead, sample.id, str(sample.last_seen), sample.detail))
        lead = ("", "", "")
    return rows


def integrity_sentence(found: Integrity) -> str:
    """Return whether anything was lost, and what was compared."""
    rows, events = sum(t.rows for t in found.tables), sum(t.events for t in found.topics)
    held = counted(sum(t.documents for t in found.tables), *HELD[found.sink])
    if not found.drained:
        return "Unknown: the pipeline did not drain."
    compared = f"Compared {counted(rows, 'row')}{of_scope(found)} with {held}"
    compared += f", read {counted(events, 'event')}"
    if found.acknowledged is not None:
        writes = sum(found.acknowledged.values())
        compared += f", looked up {counted(writes, 'acknowledged write')}"
    lost = found.count(LOSSES)
    others = found.count(set(FindingKind) - LOSSES)
    outcome = "nothing was lost or changed"
    if found.acknowledged is not None and not any(found.acknowledged.values()):
        outcome = "no write was acknowledged, so none could be lost"
    if found.cuts:
        outcome = "the remaining records of the topics show no loss"
    if lost:
        outcome = counted(lost, "was lost or changed", "were lost or changed")
    if others:
        count = counted(others, "event was", "events were")
        outcome += f", {count} repeated, out of order, or unreadable"
    return f"{compared}: {outcome}."
