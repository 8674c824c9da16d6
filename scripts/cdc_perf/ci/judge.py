"""Judge a finished performance test: set the required status of its commit, then comment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cdc_perf.ci.comparison import judge_compared
from cdc_perf.ci.influence import influence
from cdc_perf.ci.judge_context import JudgeContext
from cdc_perf.ci.plan import MERGE_GROUP, PULL_REQUEST
from cdc_perf.ci.required_status import Judgement, Rules, judge, nothing_to_run
from cdc_perf.publish.api_errors import ApiFailure
from cdc_perf.publish.comment import Findings, comment
from cdc_perf.publish.content import changed_between
from cdc_perf.publish.fetch import Fetched, fetch
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.jobs import conclusions
from cdc_perf.publish.merge_queue import merge_group_of
from cdc_perf.publish.names import STATUS_CONTEXT, WORKFLOW_PATH
from cdc_perf.publish.pulls import PullRequest, last_run_of, pull_request_of, pull_requests_of
from cdc_perf.publish.runner import LabeledPullRequest, WorkflowRun
from cdc_perf.publish.status import State, Status, set_status
from cdc_perf.report.markdown import quoted
from cdc_perf.settings.scenarios import load_scenarios

_BROKEN = Status(State.ERROR, "the results could not be judged: see the log of this job")


def judge_run(context: JudgeContext, run: WorkflowRun) -> Iterator[str]:
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
    page = context.links.run(run.id)
    try:
        result = _result(context, run)
    except BaseException:
        # Whatever the error, an earlier status must not pass for the status of these results.
        set_status(context.github, run.head_sha, _BROKEN, page)
        raise
    if result is None:
        yield "no open pull request has this commit as its head: a newer push has its own run"
        return
    status = result.judgement.status
    set_status(context.github, run.head_sha, status, page)
    yield f"{STATUS_CONTEXT}: {status.state}: {status.description}"
    if result.pulls:
        yield _comment(context, run, result)


def judge_again(context: JudgeContext, labeled: LabeledPullRequest) -> Iterator[str]:
    """Judge the last run of a pull request, whose label changed; yield what was done.

    Nothing is measured again. A run that is not over reads the labels when it ends.

    Args:
        context: The context.
        labeled: The pull request.

    Raises:
        ApiFailure: GitHub returned an error.
        UsageFailure: A settings file of the default branch is wrong.
    """
    number = labeled.number
    try:
        run = last_run_of(context.github, number)
    except BaseException:
        # The status may be one that a label allowed which is gone now.
        page = context.links.pull_request(number)
        set_status(context.github, labeled.head.sha, _BROKEN, page)
        raise
    if run is None:
        yield f"#{number}: there is no run of its head commit"
    elif run.conclusion is None:
        yield f"#{number}: its run is not over; it is judged when it ends"
    else:
        yield from judge_run(context, run)


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


def _result(context: JudgeContext, run: WorkflowRun) -> _Result | None:
    """Return the data on a run; None if its commit is no longer the head of a pull request."""
    pulls = pull_requests_of(context.github, run) if run.event == PULL_REQUEST else ()
    if run.event == PULL_REQUEST and not pulls:
        return None
    known = load_scenarios(context.checkout).names
    changed = _changed(context.github, run, pulls)
    ended = conclusions(context.github, run)
    fetched = fetch(context.github, run, known, context.temporary)
    judgement = _judgement(context, run, pulls, changed, fetched, ended)
    return _Result(pulls, changed, fetched, ended, judgement)


def _changed(
    github: GitHub, run: WorkflowRun, pulls: tuple[PullRequest, ...]
) -> Mapping[int, tuple[str, ...] | None]:
    """Return the changed files of each pull request, by number; a merge group has the number 0.

    A status belongs to a commit, and so to every pull request that has it as its head.
    """
    if pulls:
        return {pull.number: changed_between(github, pull.base.sha, run.head_sha) for pull in pulls}
    group = merge_group_of(run)
    return {0: changed_between(github, group.base, run.head_sha) if group else None}


def _judgement(
    context: JudgeContext,
    run: WorkflowRun,
    pulls: tuple[PullRequest, ...],
    changed: Mapping[int, tuple[str, ...] | None],
    fetched: Fetched,
    ended: Mapping[str, str],
) -> Judgement:
    if not any(paths is None or context.relevance.relevant(paths) for paths in changed.values()):
        return nothing_to_run()
    compared = judge_compared(context, run, pulls, ended)
    return judge(Rules.of(context.checkout, context.inputs), fetched.recorded, ended, compared)


def _comment(context: JudgeContext, run: WorkflowRun, result: _Result) -> str:
    pull = pull_request_of(run, result.pulls)
    if pull is None:
        numbers = ", ".join(f"#{x.number}" for x in result.pulls)
        return f"no comment: the run's name does not say which of {numbers} it was"
    findings = Findings(
        status=result.judgement.status,
        problems=tuple(_line(x.sentence, x.theirs) for x in result.judgement.problems),
        influence=_influence(context, run, result.changed[pull.number]),
        ended=result.ended,
        needed=result.judgement.needed,
        comparison=result.judgement.compared.text,
        accepted=result.judgement.compared.accepted,
    )
    known = load_scenarios(context.checkout).names
    return comment(
        context.github, run, pull, result.fetched, findings, context.links, known, context.temporary
    )


def _influence(
    context: JudgeContext, run: WorkflowRun, changed: tuple[str, ...] | None
) -> tuple[str, ...]:
    if changed is None:
        return ("- GitHub does not list all changed files: any part may be affected.",)
    try:
        return influence(context, changed, run.head_sha)
    except ApiFailure as failure:
        return (f"- Cannot show the effects of the changed files: {quoted(failure.message)}",)


def _line(ours: str, theirs: str) -> str:
    return f"- {ours}: {quoted(theirs)}" if theirs else f"- {ours}"
