"""A run as Markdown: summary.md, the job summary, and the first half of the comment.

Text from files is in code spans that it cannot leave: a reason quotes logs, which must not become
links, mentions, or images in a comment.
"""

from collections.abc import Iterable, Sequence

from tabulate import tabulate

from cdc_perf.errors import ExitCode
from cdc_perf.faults.recovery import Recovery
from cdc_perf.reasons.reason import Reason
from cdc_perf.report.hops import HopRow, hop_rows, hop_sentences
from cdc_perf.report.integrity_line import no_loss_lines
from cdc_perf.report.recoveries import COLUMNS as RECOVERY_COLUMNS
from cdc_perf.report.recoveries import recovery_cells
from cdc_perf.report.rows import COLUMNS, cells, printable, scenario_word, word
from cdc_perf.results.manifest import Manifest
from cdc_perf.runs.row import Row
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.hops import TOTAL
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict
from cdc_perf.verdict.verdict import Verdict
from cdc_perf.wording import counted

_MAX_QUOTE = 300
_MAX_REASONS = 20

_VERDICTS = {
    Verdict.PASS: "all thresholds, checks, and gates hold",
    Verdict.FAIL: "a threshold or a gate of the pipeline is broken",
    Verdict.NO_DATA: "there is too little data to judge a threshold or a gate",
    Verdict.INVALID: "the measurement cannot be trusted",
}
_CAUSES = {
    ExitCode.INTERRUPTED: "the run was interrupted",
    ExitCode.LOAD: "k6 failed",
    ExitCode.STACK: "the stack is unavailable or did not become ready",
}


def run_markdown(
    run: RunVerdict, rows: Sequence[Row], *, settings: Sequence[str] = (), notes: Iterable[str] = ()
) -> str:
    """Return the verdict in a sentence, the table, the reasons, then the settings and notes.

    Args:
        run: The verdict on the run.
        rows: The scenarios, in order.
        settings: Lines of Markdown about the run's settings, from `settings_line`.
        notes: Sentences to show with the results.
    """
    blocks = [f"**{word(run.verdict, run.exit_code)}**: {sentence(run.verdict, run.exit_code)}."]
    if rows:
        blocks.append(table(list(COLUMNS), [cells(row) for row in rows], list(COLUMNS.values())))
    if kept := no_loss_lines((row.verdict for row in rows), quoted):
        blocks.append("\n".join(f"- {line}" for line in kept))
    # The hops of a scenario with faults are those of its outages.
    blocks += _hops([row for row in rows if not row.recoveries])
    blocks += _recoveries(rows)
    blocks += [_reasons(row.verdict) for row in rows if row.verdict.reasons]
    scenario_reasons = {
        f"{row.verdict.scenario}: {x.text}" for row in rows for x in row.verdict.reasons
    }
    own = [reason for reason in run.reasons if reason.text not in scenario_reasons]
    if own:
        blocks.append(_list(own))
    circumstances = [*settings, *(quoted(note) for note in notes)]
    if circumstances:
        blocks.append("\n".join(f"- {line}" for line in circumstances))
    return "\n\n".join(blocks) + "\n"


def settings_line(manifest: Manifest) -> str:
    """Return a run's settings, in a line of Markdown."""
    machine, versions, overrides = manifest.machine, manifest.versions, manifest.overrides
    words = [f"run {quoted(manifest.run_id)}", f"stack {quoted(manifest.stack)}"]
    if overrides.environment:
        words.append(f"thresholds of {quoted(overrides.environment)}")
    if overrides.duration_seconds is not None:
        words.append(f"{format_duration(overrides.duration_seconds)} each")
    if versions.commit:
        changed = " with uncommitted changes" if versions.changed else ""
        words.append(f"commit {quoted(versions.commit[:12])}{changed}")
    words.append(f"{quoted(machine.cpu)}, {counted(machine.cores, 'core')}")
    return ", ".join(words)


def sentence(verdict: Verdict, code: ExitCode) -> str:
    """Return the meaning of a verdict."""
    return _CAUSES.get(code, _VERDICTS[verdict])


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], sides: Sequence[str]) -> str:
    """Return a table; from files, its cells may contain only figures and known names."""
    return tabulate(rows, headers, tablefmt="github", colalign=sides, disable_numparse=True)


def quoted(text: str) -> str:
    """Return text as a code span that it cannot leave, cut to 300 characters.

    A span ends at as many backticks as it began with, so backticks are replaced; newlines are
    replaced because they would end the list around the span.
    """
    plain = " ".join(printable(text).replace("`", "'").split()) or " "
    cut = plain if len(plain) <= _MAX_QUOTE else plain[: _MAX_QUOTE - 1] + "…"
    return f"`{cut}`"


def _recoveries(rows: Sequence[Row]) -> list[str]:
    """Return the recovery from each fault, a table for each scenario with faults."""
    headers = ["recovery", *RECOVERY_COLUMNS.values()]
    sides = ["left", *("right" for _ in RECOVERY_COLUMNS)]
    return [
        table(headers, [_recovery(each) for each in row.recoveries], sides)
        for row in rows
        if row.recoveries
    ]


def _recovery(recovery: Recovery) -> list[str]:
    fault, *measures = recovery_cells(recovery)
    return [quoted(fault), *measures]


def _hops(rows: Sequence[Row]) -> list[str]:
    """Return the hops as a table with a line for each scenario, and the findings; may be empty."""
    found = {row.verdict.scenario: hop_rows(row.hops) for row in rows}
    # The scenarios of a run have the same pipeline, and so the same hops.
    measured = max((tuple(row.hop for row in hops) for hops in found.values()), key=len, default=())
    cells = [
        [name, f"{hops[-1].figures.events:,}", *(" ".join(_hop(row)) for row in hops)]
        for name, hops in found.items()
        if hops and tuple(row.hop for row in hops) == measured
    ]
    if not cells:
        return []
    headers = ["latency by hop, ms", "events", *(hop.title for hop in measured)]
    findings = [
        f"- {row.verdict.scenario}: {sentence}"
        for row in rows
        for sentence in hop_sentences(row.hops, row.summary)
    ]
    remarks = [
        f"- {row.verdict.scenario}: {quoted(text)}"
        for row in rows
        if row.hops is not None
        for text in (row.hops.missing, row.hops.note)
        if text
    ]
    note = "Each cell: mean (share of the total), then p50 / p95 / p99. Only means add up."
    sides = ["left", *["right"] * (len(headers) - 1)]
    return [table(headers, cells, sides), "\n".join([f"- {note}", *findings, *remarks])]


def _hop(row: HopRow) -> tuple[str, ...]:
    share = () if row.hop.name == TOTAL.name else (f"({row.percent})",)
    return row.mean, *share, " / ".join(row.percentiles)


def _reasons(verdict: ScenarioVerdict) -> str:
    judged = scenario_word(verdict)
    return f"{verdict.scenario}: **{judged}**\n\n{_list(verdict.reasons)}"


def _list(reasons: Sequence[Reason]) -> str:
    lines = [f"- {quoted(reason.text)}" for reason in reasons[:_MAX_REASONS]]
    left = len(reasons) - _MAX_REASONS
    return "\n".join([*lines, f"- and {left:,} more"] if left > 0 else lines)
