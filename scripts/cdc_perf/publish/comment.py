"""Write the comment on a pull request."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cdc_perf.publish import sticky
from cdc_perf.publish.acceptances import Entry, entries_in, record_line, record_markdown, with_entry
from cdc_perf.publish.api_errors import ApiFailure
from cdc_perf.publish.baseline import BaselineComparison, compare
from cdc_perf.publish.fetch import Fetched
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.jobs import SUCCESS
from cdc_perf.publish.names import GATE_JOB, REPORT_JOB, STATUS_CONTEXT
from cdc_perf.publish.pulls import PullRequest
from cdc_perf.publish.runner import WorkflowRun
from cdc_perf.publish.status import State, Status
from cdc_perf.publish.summary import summary_of
from cdc_perf.report.changes import changes_table
from cdc_perf.report.hops import changed_hop
from cdc_perf.report.markdown import quoted

_MOST_PROBLEMS = 20
_WORDS = {State.SUCCESS: "PASS", State.FAILURE: "FAIL", State.ERROR: "ERROR"}


@dataclass(frozen=True)
class Links:
    """Addresses on GitHub, built from numbers and the runner's variables, never from artifacts."""

    server: str
    repository: str

    def run(self, run_id: int) -> str:
        """Return the page of a workflow run, with its logs, job summary, and artifacts."""
        return f"{self.server}/{self.repository}/actions/runs/{run_id}"

    def pull_request(self, number: int) -> str:
        """Return the page of a pull request."""
        return f"{self.server}/{self.repository}/pull/{number}"

    def artifact(self, run_id: int, artifact_id: int) -> str:
        """Return the download address of an artifact."""
        return f"{self.run(run_id)}/artifacts/{artifact_id}"


@dataclass(frozen=True)
class Findings:
    """The default branch's findings on a pull request.

    Attributes:
        status: The required status that was set.
        problems: Why it failed, as lines of Markdown.
        influence: How the changed files affect the result, as blocks of Markdown.
        ended: The conclusion of each job of the workflow run, by name.
        needed: Whether a scenario had to run.
        comparison: The comparison with the base, as blocks of Markdown; empty if it is turned off.
        accepted: What the label on the pull request accepted; None if nothing.
    """

    status: Status
    problems: tuple[str, ...]
    influence: tuple[str, ...]
    ended: Mapping[str, str]
    needed: bool
    comparison: tuple[str, ...] = ()
    accepted: Entry | None = None


def comment(
    github: GitHub,
    run: WorkflowRun,
    pull: PullRequest,
    fetched: Fetched,
    findings: Findings,
    links: Links,
    scenarios: Collection[str],
    temporary: str,
) -> str:
    """Comment on the pull request of a workflow run; return what was done.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    measured = fetched.recorded.measured()
    comparison: BaselineComparison | str = "nothing was measured"
    if measured:
        try:
            comparison = compare(github, pull.base.ref, measured, scenarios, temporary)
        except ApiFailure as failure:
            # The verdict is still worth a comment without the comparison.
            comparison = failure.message
    record = entries_in(sticky.current(github, pull.number))
    if findings.accepted is not None:
        record = with_entry(record, findings.accepted)
    body = render(run, fetched, findings, links, comparison, record)
    return sticky.publish(github, pull.number, body, only_edit=not findings.needed)


def render(
    run: WorkflowRun,
    fetched: Fetched,
    findings: Findings,
    links: Links,
    comparison: BaselineComparison | str,
    record: tuple[Entry, ...] = (),
) -> str:
    """Return the comment as Markdown.

    Args:
        run: The workflow run.
        fetched: Its results.
        findings: The default branch's findings on them.
        links: The addresses to link to.
        comparison: The scenarios next to those of the base branch, or why there are none.
        record: The changes that were accepted so far.
    """
    status = findings.status
    blocks = [
        *([record_line(record)] if record else []),
        "## Performance",
        *findings.comparison,
        f"**{_WORDS[status.state]}**: required status `{STATUS_CONTEXT}`: {status.description}.",
    ]
    if findings.problems:
        blocks.append("\n".join(findings.problems[:_MOST_PROBLEMS]))
    if record:
        blocks.append(record_markdown(record))
    if findings.influence:
        blocks += ["### How this change affects the result", *findings.influence]
    blocks += [
        "### Results from this pull request's own code",
        *_own(run, fetched, findings, links),
    ]
    if fetched.recorded.runs:
        blocks.append(
            f"### Changes since the base branch's last comparable run\n\n"
            f"{_changes(comparison, links)}"
        )
    blocks.append(_links_line(run, fetched, links))
    return "\n\n".join(blocks) + "\n"


def _own(run: WorkflowRun, fetched: Fetched, findings: Findings, links: Links) -> list[str]:
    """Return the verdict of the pull request's own workflow, and how its jobs ended."""
    if not findings.needed and not fetched.recorded.runs:
        return ["No scenario ran."]
    gate, report = (findings.ended.get(name, "") for name in (GATE_JOB, REPORT_JOB))
    blocks = [f"Job {GATE_JOB} ended with {quoted(gate or 'nothing')}."]
    if report != SUCCESS:
        blocks.append(
            f"Job {REPORT_JOB} ended with {quoted(report or 'nothing')}: the job summary or "
            "the combined report is missing. This does not change the verdict."
        )
    if not fetched.recorded.runs and not fetched.recorded.unreadable:
        return [*blocks, f"**No results**: see the [log]({links.run(run.id)})."]
    return [*blocks, summary_of(fetched.recorded).rstrip("\n")]


def _changes(comparison: BaselineComparison | str, links: Links) -> str:
    if isinstance(comparison, str):
        return f"Cannot show changes: {quoted(comparison)}"
    blocks = []
    if comparison.pairs:
        links_to = ", ".join(f"[{run}]({links.run(run)})" for run in comparison.runs)
        note = f"One run compared with one run of {links_to}. A difference can be noise."
        hop_changes = [
            f"- {scenario}: {sentence}"
            for scenario, (before, now) in comparison.pairs.items()
            if (sentence := changed_hop(before.row.hops, now.row.hops))
        ]
        blocks.append("\n\n".join([changes_table(comparison.pairs), *hop_changes, note]))
    if comparison.missing:
        blocks.append(_missing(comparison.missing))
    return "\n\n".join(blocks)


def _missing(missing: Mapping[str, str]) -> str:
    return "\n".join(f"- {name}: no baseline run: {why}" for name, why in missing.items())


def _links_line(run: WorkflowRun, fetched: Fetched, links: Links) -> str:
    parts = [f"[Job summary, logs, and all artifacts]({links.run(run.id)})"]
    if fetched.artifact is not None:
        address = links.artifact(run.id, fetched.artifact.id)
        parts.insert(0, f"[Results and report]({address})")
    return f"{' · '.join(parts)} · commit {quoted(run.head_sha[:12])}"
