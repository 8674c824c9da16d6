"""The comment on a pull request, and how it gets there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from scripts.publish import sticky
from scripts.publish.baseline import Comparison, compare
from scripts.publish.fetch import NOTHING, Fetched
from scripts.publish.github import GitHub
from scripts.publish.pulls import pull_request_of, pull_requests_of
from scripts.publish.refusals import ApiFailure
from scripts.publish.runner import WorkflowRun
from scripts.publish.summary import summary_of
from scripts.report.changes import changes_table
from scripts.report.hops import moved_hop
from scripts.report.markdown import quoted

_SUCCESS = "success"


@dataclass(frozen=True)
class Links:
    """Addresses on GitHub, made of numbers and of what the runner says, never of what was read."""

    server: str
    repository: str

    def run(self, run_id: int) -> str:
        """Return the page of a workflow run: its logs, its job summary, its artefacts."""
        return f"{self.server}/{self.repository}/actions/runs/{run_id}"

    def artefact(self, run_id: int, artefact_id: int) -> str:
        """Return the address at which a person downloads an artefact."""
        return f"{self.run(run_id)}/artifacts/{artefact_id}"


def comment(
    github: GitHub,
    run: WorkflowRun,
    fetched: Fetched,
    links: Links,
    scenarios: Collection[str],
    temporary: str,
) -> str:
    """Comment on the pull request that a workflow run was for; return what was done.

    Raises:
        ApiFailure: GitHub said no.
    """
    pulls = pull_requests_of(github, run)
    if not pulls:
        return "no open pull request has this commit as its head: a newer push has its own run"
    pull = pull_request_of(run, pulls)
    if pull is None:
        numbers = ", ".join(f"#{x.number}" for x in pulls)
        return f"no comment: the run's name does not say for which of {numbers} it was"
    measured = fetched.recorded.measured()
    comparison: Comparison | str = "nothing was measured"
    if measured:
        try:
            comparison = compare(github, pull.base.ref, measured, scenarios, temporary)
        except ApiFailure as failure:
            # The verdict is worth its comment without it.
            comparison = failure.message
    body = render(run, fetched, links, comparison)
    return sticky.publish(github, pull.number, body, only_edit=_nothing_to_run(run, fetched))


def render(run: WorkflowRun, fetched: Fetched, links: Links, comparison: Comparison | str) -> str:
    """Return the comment as Markdown.

    Args:
        run: The workflow run.
        fetched: Its results.
        links: Where they are.
        comparison: The scenarios beside those of the base branch; or why there is none.
    """
    blocks = ["## Performance", *_verdict(run, fetched, links)]
    if fetched.recorded.runs:
        blocks.append(
            f"### Changes since the base branch's last comparable run\n\n"
            f"{_changes(comparison, links)}"
        )
    blocks.append(_where(run, fetched, links))
    return "\n\n".join(blocks) + "\n"


def _verdict(run: WorkflowRun, fetched: Fetched, links: Links) -> list[str]:
    if _nothing_to_run(run, fetched):
        return ["Nothing that has a part in performance was changed: no scenario had to run."]
    blocks = []
    # Said by GitHub, and so the one thing here that the pull request cannot make up.
    if run.conclusion != _SUCCESS:
        blocks.append(
            f"The check did not pass: it ended with {quoted(run.conclusion or 'nothing')}."
        )
    if not fetched.recorded.runs and not fetched.recorded.unreadable:
        return [*blocks, f"**There are no results**: see the [log]({links.run(run.id)})."]
    return [*blocks, summary_of(fetched.recorded).rstrip("\n")]


def _changes(comparison: Comparison | str, links: Links) -> str:
    if isinstance(comparison, str):
        return f"None can be shown: {quoted(comparison)}"
    blocks = []
    if comparison.pairs:
        links_to = ", ".join(f"[{run}]({links.run(run)})" for run in comparison.runs)
        note = f"One run beside one of {links_to}: changes, not judged."
        moved = [
            f"- {scenario}: {sentence}"
            for scenario, (before, now) in comparison.pairs.items()
            if (sentence := moved_hop(before.row.hops, now.row.hops))
        ]
        blocks.append("\n\n".join([changes_table(comparison.pairs), *moved, note]))
    if comparison.missing:
        blocks.append(_missing(comparison.missing))
    return "\n\n".join(blocks)


def _missing(missing: Mapping[str, str]) -> str:
    return "\n".join(f"- {name}: nothing to compare with: {why}" for name, why in missing.items())


def _where(run: WorkflowRun, fetched: Fetched, links: Links) -> str:
    parts = [f"[Job summary, logs and all artefacts]({links.run(run.id)})"]
    if fetched.artefact is not None:
        address = links.artefact(run.id, fetched.artefact.id)
        parts.insert(0, f"[Results and report]({address})")
    return f"{' · '.join(parts)} · commit {quoted(run.head_sha[:12])}"


def _nothing_to_run(run: WorkflowRun, fetched: Fetched) -> bool:
    """Whether the check passed without a scenario; a run that broke leaves no results either."""
    return run.conclusion == _SUCCESS and fetched == NOTHING
