"""Find the pull request of a workflow run from GitHub's data, not from its artifact."""

import re
from datetime import datetime

import msgspec

from cdc_perf.publish.github import GitHub
from cdc_perf.publish.names import PULL_REQUEST_RUN, WORKFLOW_FILE
from cdc_perf.publish.runner import Repository, WorkflowRun

_EVENT = "pull_request"


class PullRequestHead(msgspec.Struct, frozen=True):
    """The head commit of a pull request; its repository is null if a fork was deleted."""

    sha: str
    repo: Repository | None


class PullRequestBase(msgspec.Struct, frozen=True):
    """The target branch of a pull request, and the commit at its tip."""

    ref: str
    sha: str


class Label(msgspec.Struct, frozen=True):
    """A label of a pull request."""

    name: str


class PullRequest(msgspec.Struct, frozen=True):
    """A pull request."""

    number: int
    head: PullRequestHead
    base: PullRequestBase
    labels: tuple[Label, ...] = ()


def pull_request_of(run: WorkflowRun, candidates: tuple[PullRequest, ...]) -> PullRequest | None:
    """Return the one of several pull requests with the same head that a workflow run was for.

    They differ in their base, and so in what was measured. GitHub shows it only in the run's name,
    which a fork can choose. So a fork can choose only among pull requests with that head.

    Args:
        run: The workflow run.
        candidates: The pull requests with its head.
    """
    named = re.fullmatch(rf"{re.escape(PULL_REQUEST_RUN)}([0-9]+)", run.display_title.strip())
    if named is not None:
        return next((pull for pull in candidates if pull.number == int(named[1])), None)
    return candidates[0] if len(candidates) == 1 else None


def pull_requests_of(github: GitHub, run: WorkflowRun) -> tuple[PullRequest, ...]:
    """Return the open pull requests whose head is the commit of the workflow run.

    They are found by the head's repository, branch, and commit because the API's list of a commit's
    pull requests lacks forks. After a newer push there are none; the newer run comments.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    head = run.head_repository
    if head is None or run.head_branch is None:
        return ()
    wanted = {"state": "open", "head": f"{head.owner.login}:{run.head_branch}"}
    return tuple(
        pull
        for page in github.pages("/pulls", tuple[PullRequest, ...], wanted)
        for pull in page
        if pull.head.sha == run.head_sha
        and pull.head.repo is not None
        and pull.head.repo.full_name == head.full_name
    )


class _Page(msgspec.Struct, frozen=True):
    workflow_runs: tuple[WorkflowRun, ...]


def runs_of_head(github: GitHub, commit: str) -> tuple[WorkflowRun, ...]:
    """Return the performance tests of pull requests with this head, oldest first.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    query = {"head_sha": commit, "event": _EVENT}
    pages = github.pages(f"/actions/workflows/{WORKFLOW_FILE}/runs", _Page, query)
    return tuple(sorted((x for page in pages for x in page.workflow_runs), key=_created))


def last_run_of(github: GitHub, number: int) -> WorkflowRun | None:
    """Return the last performance test of a pull request's head; None without any.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    pull = github.get(f"/pulls/{number}", PullRequest)
    for run in reversed(runs_of_head(github, pull.head.sha)):
        found = pull_request_of(run, pull_requests_of(github, run))
        if found is not None and found.number == number:
            return run
    return None


def _created(run: WorkflowRun) -> datetime:
    return run.created_at
