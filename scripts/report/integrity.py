"""The pipeline's integrity on the terminal."""

from tabulate import tabulate

from scripts.integrity.causes import sentence
from scripts.integrity.records import Integrity
from scripts.report.rows import printable
from scripts.verdict.integrity_gates import exit_code_of
from scripts.verdict.verdict import verdict_of
from scripts.wording import counted

_TABLES = ("table", "rows", "documents")
_FINDINGS = ("table", "finding", "count", "id", "last seen", "how")


def integrity_text(integrity: Integrity) -> str:
    """Return what was compared and what was found; the last line is the verdict."""
    blocks = []
    if integrity.tables:
        rows = [[t.table, f"{t.rows:,}", f"{t.documents:,}"] for t in integrity.tables]
        blocks.append(tabulate(rows, headers=_TABLES, colalign=("left", "right", "right")))
    events = sum(topic.events for topic in integrity.topics)
    took = f"{counted(events, 'event')} read; checked in {integrity.seconds:.1f} s"
    blocks.append(took)
    if integrity.drain is not None and integrity.drain.outstanding:
        blocks.append("\n".join(printable(line) for line in integrity.drain.outstanding))
    if integrity.unchecked:
        blocks.append(printable(integrity.unchecked))
    if integrity.findings:
        blocks.append(tabulate(_finding_rows(integrity), headers=_FINDINGS, disable_numparse=True))
        blocks += [
            printable(f"{finding.table}: {finding.kind}: {sentence(cause, finding.table)}")
            for finding in integrity.findings
            for cause in finding.causes
        ]
        blocks += [
            printable(f"{finding.table}: {finding.kind} is no fault here: {finding.excused}")
            for finding in integrity.findings
            if finding.excused
        ]
    left_out = [f"{t.table}: {column}" for t in integrity.tables for column in t.not_compared]
    if left_out:
        blocks.append(f"not compared, for their type is not known: {', '.join(left_out)}")
    code = exit_code_of(integrity)
    blocks.append(f"{verdict_of(code)}: exit {code:d}")
    return "\n\n".join(blocks)


def _finding_rows(integrity: Integrity) -> list[list[str]]:
    """Return a row a sample; what belongs to the whole finding stands in its first."""
    rows = []
    for finding in integrity.findings:
        lead = [finding.table, str(finding.kind), f"{finding.count:,}"]
        for sample in finding.samples:
            told = (sample.id, sample.last_seen, sample.detail)
            rows.append([*lead, *(printable(each) for each in told)])
            lead = ["", "", ""]
    return rows
