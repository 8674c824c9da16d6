"""Results as one text, from any number of run folders."""

from collections.abc import Collection
from pathlib import Path

from cdc_perf.report.markdown import quoted, run_markdown, settings_line
from cdc_perf.report.version_comparison import comparison_markdown
from cdc_perf.runs.comparisons import last_comparison
from cdc_perf.runs.loader import UnreadableRun, read_attempts
from cdc_perf.runs.resolve import results_folder
from cdc_perf.runs.run_set import RunSet
from cdc_perf.verdict.comparison import judge_comparison


def summary_of(recorded: RunSet) -> str:
    """Return the verdict, the table, the reasons, and the circumstances as Markdown."""
    measured = recorded.measured()
    manifests = {x.run.manifest.run_id: x.run.manifest for x in measured.values()}.values()
    text = run_markdown(
        recorded.verdict(),
        [x.row for x in measured.values()],
        settings=[settings_line(manifest) for manifest in manifests],
        notes=dict.fromkeys(note for manifest in manifests for note in manifest.notes),
    )
    faults = "\n".join(f"- {quoted(fault)}" for fault in recorded.unreadable)
    return f"Some results cannot be read:\n\n{faults}\n\n{text}" if faults else text


def comparison_summary(results: Path) -> str:
    """Return the newest comparison of two versions in a folder as Markdown; empty without any."""
    try:
        comparison = last_comparison(results)
    except UnreadableRun as fault:
        return f"The comparison of two versions cannot be read: {quoted(str(fault))}\n\n"
    if comparison is None:
        return ""
    text = comparison_markdown(comparison, judge_comparison(comparison))
    return text.rstrip("\n") + "\n\n"


def local_results(results: Path, run: str, scenarios: Collection[str]) -> RunSet:
    """Return the results of a run ID, `latest`, a run folder, or a folder of run folders.

    Raises:
        UsageFailure: There is no such run; the message lists the closest run IDs.
    """
    return read_attempts(results_folder(results, run), scenarios)
