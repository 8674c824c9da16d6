"""The result of the data-loss check for the terminal."""

from tabulate import tabulate

from cdc_perf.integrity.causes import sentence
from cdc_perf.integrity.columns import NotCompared, Why
from cdc_perf.integrity.records import Integrity, TableCompared
from cdc_perf.report.rows import printable
from cdc_perf.verdict.integrity_gates import cut_sentence, exit_code_of, of_scope
from cdc_perf.verdict.verdict import verdict_of
from cdc_perf.wording import counted

_WHY = {
    Why.TYPE: "the form of this type in the sink is unknown",
    Why.VIRTUAL: "PostgreSQL never publishes a virtual generated column",
    Why.GENERATED: "the publication does not publish this generated column",
    Why.UNPUBLISHED: "it is not in the publication's column list",
    Why.EXCLUDED: "the connector excludes it",
    Why.MASKED: "the connector masks or truncates it",
    Why.DECLARED: "pipeline.toml lists it in not_compared",
}
_FINDINGS = ("table", "finding", "count", "id", "last seen", "details")


def integrity_text(integrity: Integrity) -> str:
    """Return what was compared and what was found; the last line is the verdict."""
    blocks = []
    if integrity.tables:
        headers = ("table", "rows", integrity.sink.several)
        cells = [[t.table, f"{t.rows:,}", f"{t.documents:,}"] for t in integrity.tables]
        blocks.append(tabulate(cells, headers=headers, colalign=("left", "right", "right")))
    events = sum(topic.events for topic in integrity.topics)
    rows = counted(sum(table.rows for table in integrity.tables), "row")
    compared = f"only {rows}{words} compared; " if (words := of_scope(integrity)) else ""
    took = f"{compared}{counted(events, 'event')} read; checked in {integrity.seconds:.1f} s"
    blocks.append(took)
    if integrity.drain is not None and integrity.drain.outstanding:
        blocks.append("\n".join(printable(line) for line in integrity.drain.outstanding))
    if integrity.unchecked:
        blocks.append(printable(integrity.unchecked))
    if integrity.findings:
        blocks.append(tabulate(_finding_rows(integrity), headers=_FINDINGS, disable_numparse=True))
        blocks += [
            printable(
                f"{finding.table}: {finding.kind}: {sentence(cause, finding.table, integrity.sink)}"
            )
            for finding in integrity.findings
            for cause in finding.causes
        ]
        blocks += [
            printable(f"{finding.table}: {finding.kind} is not an error: {finding.excused}")
            for finding in integrity.findings
            if finding.excused
        ]
    blocks += [printable(cut_sentence(cut)) for cut in integrity.cuts]
    lines = [f"{t.table}: {line}" for t in integrity.tables for line in left_out(t)]
    if lines:
        blocks.append("\n".join(printable(line) for line in lines))
    code = exit_code_of(integrity)
    blocks.append(f"{verdict_of(code)}: exit {code:d}")
    return "\n\n".join(blocks)


def left_out(table: TableCompared) -> list[str]:
    """Return what was not compared in a table or is unreliable, and why, one line each."""
    lines = [_not_compared(each) for each in table.not_compared]
    if table.row_filter:
        lines.append(f"only rows that match the publication's filter {table.row_filter}")
    if table.ordered_by_lsn:
        number = counted(table.ordered_by_lsn, "document")
        lines.append(f"{number} of an earlier cdc-consumer: LSNs order their next change")
    return lines


def _not_compared(column: NotCompared | str) -> str:
    """Return a column that was not compared, and why."""
    if isinstance(column, str):
        return f"{column} not compared: {_WHY[Why.TYPE]}"
    return f"{column.column} {column.type} not compared: {_WHY[column.why]}"


def _finding_rows(integrity: Integrity) -> list[list[str]]:
    """Return a row for each sample; the first one has the finding's own columns."""
    rows = []
    for finding in integrity.findings:
        lead = [finding.table, str(finding.kind), f"{finding.count:,}"]
        for sample in finding.samples:
            details = (sample.id, sample.last_seen, sample.detail)
            rows.append([*lead, *(printable(each) for each in details)])
            lead = ["", "", ""]
    return rows
