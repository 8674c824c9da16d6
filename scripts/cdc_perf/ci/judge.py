"""Judge a finished performance test: set the required status of its commit, then comment."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cdc_perf.ci.influence import influence
from cdc_perf.ci.plan import MERGE_GROUP, PULL_REQUEST
from cdc_perf.ci.relevance import relevant
from cdc_perf.ci.required_status import Judgement, Rules, judge, nothing_to_run
from cdc_perf.publish.api_errors import ApiFailure
from cdc_perf.publish.comment import Findings, Links, comment
from cdc_perf.publish.content import changed_between
from cdc_perf.publish.fetch import Fetched, fetch
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.jobs import conclusions
from cdc_perf.publish.names import STATUS_CONTEXT, WORKFLOW_PATH
from cdc_perf.publish.pulls import PullRequest, pull_request_of, pull_requests_of
from cdc_perf.publish.runner import WorkflowRun
from cdc_perf.publish.status import State, Status, set_status
from cdc_perf.report.markdown import quoted
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios

# https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
# #merge_group: the name of the queue's branch ends with the group's base commit.
_QUEUE = re.compile(r"gh-readonly-queue/.+/pr-[0-9]+-(?P<base>[0-9a-f]{40})")
_BROKEN = Status(State.ERROR, "the results could not be judged: see the log of this job")


@dataclass(frozen=True)
class JudgeContext:
    """The context for judging a run.

    Attributes:
        github: The repository.
        checkout: A checkout of its default branch.
        links: The addresses to link to.
        temporary: The parent of temporary folders; empty: the system's default.
    """

    github: GitHub
    checkout: Checkout
    links: Links
    temporary: str


def judge_run(place: JudgeContext, run: WorkflowRun) -> Iterator[str]:
    """Set the status of a run's commit, then comment; yield what was done.

    Raises:
        ApiFailure: GitHub returned an error.
        UsageFailure: A settings file of the default branch is wrong.
    """
    if run.workflow_path != WORKFLOW_PATH:
        # Another workflow file can have the same name, and start this.
        yield f"ignored: this is not a run of {WORKFLOW_PATH}"
        return
    if run.event not in (PULL_REQUEST, MERGE_GROUP):
        yield f"ignored: {run.event} has neither a status nor a comment"
        return
    page = place.links.run(run.id)
    try:
        result = _result(place, run)
    except BaseException:
        # Whatever the error, an earlier status must not pass for the status of these results.
        set_status(place.github, run.head_sha, _BROKEN, page)
        raise
    if result is None:
        yield "no open pull request has this commit as its head: a newer push has its own run"
        return
    status = result.judgement.status
    set_status(place.github, run.head_sha, status, page)
    yield f"{STATUS_CONTEXT}: {status.state}: {status.description}"
    if result.pulls:
        yield _comment(place, run, result)


@dataclass(frozen=True)
class _Result:
    """The data on a run.

    Attributes:
        pulls: The open pull requests of its commit; empty for the merge queue.
        changed: The changed files, by pull request; None if there are too many to list.
        fetched: Its results.
        ended: The conclusions of its jobs.
        judgement: The default branch's judgment.
    """

    pulls: tuple[PullRequest, ...]
    changed: Mapping[int, tuple[str, ...] | None]
    fetched: Fetched
    ended: Mapping[str, str]
    judgement: Judgement


def _result(place: JudgeContext, run: WorkflowRun) -> _Result | None:
    """Return the data on a run; None if its commit is no longer the head of a pull request."""
    pulls = pull_requests_of(place.github, run) if run.event == PULL_REQUEST else ()
    if run.event == PULL_REQUEST and not pulls:
        return None
    known = load_scenarios(place.checkout).names
    changed = _changed(place.github, run, pulls)
    ended = conclusions(place.github, run)
    fetched = fetch(place.github, run, known, place.temporary)
    judgement = _judgement(place.checkout, changed, fetched, ended)
    return _Result(pulls, changed, fetched, ended, judgement)


def _changed(
    github: GitHub, run: WorkflowRun, pulls: tuple[PullRequest, ...]
) -> Mapping[int, tuple[str, ...] | None]:
    """Return the changed files of each pull request, by number; a merge group has the number 0.

    A status belongs to a commit, and so to every pull request that has it as its head.
    """
    if pulls:
        return {pull.number: changed_between(github, pull.base.sha, run.head_sha) for pull in pulls}
    queue = _QUEUE.fullmatch(run.head_branch or "")
    return {0: changed_between(github, queue["base"], run.head_sha) if queue else None}


def _judgement(
    checkout: Checkout,
    changed: Mapping[int, tuple[str, ...] | None],
    fetched: Fetched,
    ended: Mapping[str, str],
) -> Judgement:
    if not any(paths is None or relevant(paths) for paths in changed.values()):
        return nothing_to_run()
    return judge(Rules.of(checkout), fetched.recorded, ended)


def _comment(place: JudgeContext, run: WorkflowRun, result: _Result) -> str:
    pull = pull_request_of(run, result.pulls)
    if pull is None:
        numbers = ", ".join(f"#{x.number}" for x in result.pulls)
        return f"no comment: the run's name does not say which of {numbers} it was"
    findings = Findings(
        status=result.judgement.status,
        problems=tuple(_line(x.sentence, x.theirs) for x in result.judgement.problems),
        influence=_influence(place, run, result.changed[pull.number]),
        ended=result.ended,
        needed=result.judgement.needed,
    )
    known = load_scenarios(place.checkout).names
    return comment(
        place.github, run, pull, result.fetched, findings, place.links, known, place.temporary
    )


def _influence(
    place: JudgeContext, run: WorkflowRun, changed: tuple[str, ...] | None
) -> tuple[str, ...]:
    if changed is None:
        return ("- GitHub does not list all changed files: any part may be affected.",)
    try:
        return influence(place.github, place.checkout, changed, run.head_sha, place.temporary)
    except ApiFailure as failure:
        return (f"- Cannot show the effects of the changed files: {quoted(failure.message)}",)


def _line(ours: str, theirs: str) -> str:
    return f"- {ours}: {quoted(theirs)}" if theirs else f"- {ours}"
