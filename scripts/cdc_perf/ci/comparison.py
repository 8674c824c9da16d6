"""The default branch's judgment on the comparison of two versions that a workflow run measured.

The run's own answer does not count: this code judges the measured slices, and shows nothing of the
results except numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cdc_perf.ci.comparison_plan import minutes_of
from cdc_perf.ci.judge_context import JudgeContext
from cdc_perf.ci.problems import Problem, ProblemKind
from cdc_perf.errors import ExitCode
from cdc_perf.perf.comparison.settings import EFFECT, MINUTES, RATE, SLICE_SECONDS
from cdc_perf.publish.acceptances import Entry
from cdc_perf.publish.commits import foreign
from cdc_perf.publish.fetch_comparison import FetchedComparison, fetch_comparison, numbers_only
from cdc_perf.publish.jobs import FAILURE, SUCCESS
from cdc_perf.publish.labels import LABEL, LabelReading, read_label
from cdc_perf.publish.merge_queue import pull_requests_of_group
from cdc_perf.publish.names import COMPARE_JOB
from cdc_perf.publish.pulls import PullRequest
from cdc_perf.publish.runner import WorkflowRun
from cdc_perf.report.markdown import quoted
from cdc_perf.report.version_comparison import comparison_markdown, headline
from cdc_perf.results.comparison import Comparison, ComparisonStatus, Version
from cdc_perf.verdict.comparison import ComparisonAnswer, judge_comparison

SUBJECT = "comparison"
_ENDED = (ComparisonStatus.SETTLED, ComparisonStatus.COMPLETE)
# The label accepts what a comparison shows, or that there is none. It accepts no results that
# cannot be trusted.
_ACCEPTABLE = frozenset(
    {
        ProblemKind.WORSE,
        ProblemKind.MISSING,
        ProblemKind.JOB,
        ProblemKind.UNFINISHED,
        ProblemKind.VERDICT,
    }
)


@dataclass(frozen=True)
class Compared:
    """The default branch's judgment on a comparison.

    Attributes:
        problems: Why the status fails; empty if it does not.
        note: The result for the status, with nothing from the results except numbers; empty if
            comparisons are turned off.
        text: The result for the comment, as blocks of Markdown.
        accepted: What the label accepted; None if nothing.
    """

    problems: tuple[Problem, ...] = ()
    note: str = ""
    text: tuple[str, ...] = ()
    accepted: Entry | None = None


def judge_compared(
    context: JudgeContext,
    run: WorkflowRun,
    pulls: tuple[PullRequest, ...],
    ended: Mapping[str, str],
) -> Compared:
    """Return the judgment on the comparison of a workflow run.

    Args:
        context: The repository, and where to link to.
        run: The workflow run.
        pulls: The pull requests whose head is its commit; empty for the merge queue.
        ended: The conclusion of each job of the run, by name.

    Raises:
        ApiFailure: GitHub returned an error.
        UsageFailure: The repository variable has no possible value.
    """
    minutes = _minutes(context, pulls)
    if not minutes:
        return Compared()
    measured = _measured(context, run, pulls)
    problems = tuple(_problems(measured, ended.get(COMPARE_JOB, ""), minutes))
    acceptable = bool(problems) and all(x.kind in _ACCEPTABLE for x in problems)
    label = _label(context, run, pulls) if acceptable else LabelReading(None)
    text = [*_text(context, run, measured, problems)]
    if acceptable:
        text.append(_label_line(label, run.head_sha))
    note = f"{SUBJECT}: {'none' if measured.answer is None else measured.answer.answer.value}"
    if label.acceptance is None:
        return Compared(problems, note, tuple(text))
    return Compared(
        note=f"{note}, accepted by {label.acceptance.by} ({LABEL})",
        text=tuple(text),
        accepted=Entry(label.acceptance, "; ".join(x.ours for x in problems)),
    )


@dataclass(frozen=True)
class _Measured:
    """What a run measured.

    Attributes:
        fetched: The comparison as the run left it; untrusted.
        wrong: Why its commits are not those of the run; empty if they are.
        numbers: Its numbers; None if there is no comparison of the run's commits.
        answer: Our answer; None as for `numbers`.
    """

    fetched: FetchedComparison
    wrong: str = ""
    numbers: Comparison | None = None
    answer: ComparisonAnswer | None = None


def _measured(context: JudgeContext, run: WorkflowRun, pulls: tuple[PullRequest, ...]) -> _Measured:
    fetched = fetch_comparison(context.github, run, context.temporary)
    if fetched.comparison is None:
        return _Measured(fetched)
    wrong = foreign(context.github, run, pulls, fetched.comparison)
    if wrong:
        return _Measured(fetched, wrong)
    numbers = _numbers(fetched.comparison)
    return _Measured(fetched, "", numbers, judge_comparison(numbers))


def _minutes(context: JudgeContext, pulls: tuple[PullRequest, ...]) -> int:
    """Return the time limit that the run should have had: a fork's run does not see variables."""
    minutes = minutes_of(context.inputs.minutes, context.inputs.stack)
    repositories = {pull.head.repo.full_name for pull in pulls if pull.head.repo is not None}
    is_fork = bool(repositories - {context.github.repository})
    return MINUTES if minutes and is_fork else minutes


def _numbers(comparison: Comparison) -> Comparison:
    """Return the numbers of a comparison whose commits are checked."""
    base, head = (
        Version(name=name, commit=version.commit)
        for name, version in (("base", comparison.base), ("merge", comparison.head))
    )
    return numbers_only(comparison, base, head)


def _problems(measured: _Measured, ended: str, minutes: int) -> Iterator[Problem]:
    """Yield why the status fails.

    Args:
        measured: What the run measured.
        ended: The conclusion of the job.
        minutes: The time limit that it should have had.
    """
    fetched, answer = measured.fetched, measured.answer
    if fetched.fault:
        yield _problem(ProblemKind.UNREADABLE, f"its results cannot be read: {fetched.fault}")
    elif measured.wrong:
        yield _problem(
            ProblemKind.COMMITS, f"it is not one of this run's commits: {measured.wrong}"
        )
    elif measured.numbers is None or answer is None:
        yield _problem(ProblemKind.MISSING, "it has no results")
    else:
        yield from _problems_measured(measured.numbers, answer, minutes)
    # A comparison that is worse, or has no valid slice, ends its job with a failure.
    if ended != SUCCESS and (
        ended != FAILURE or answer is None or answer.exit_code == ExitCode.PASS
    ):
        yield _problem(ProblemKind.JOB, "its job did not end with success", ended)


def _problems_measured(
    comparison: Comparison, answer: ComparisonAnswer, minutes: int
) -> Iterator[Problem]:
    if answer.exit_code == ExitCode.FAIL:
        yield _problem(ProblemKind.WORSE, headline(answer))
    elif answer.exit_code != ExitCode.PASS:
        yield _problem(ProblemKind.VERDICT, "it has no valid slice")
    if comparison.status not in _ENDED:
        yield _problem(ProblemKind.UNFINISHED, "it did not finish")
    had = (comparison.effect, comparison.rate, comparison.slice_seconds)
    if comparison.minutes < minutes or had != (EFFECT, RATE, SLICE_SECONDS):
        required = _settings(minutes, EFFECT, RATE, SLICE_SECONDS)
        yield _problem(
            ProblemKind.LOAD,
            f"it had {_settings(comparison.minutes, *had)}; the default branch requires {required}",
        )


def _settings(minutes: float, effect: float, rate: float, seconds: float) -> str:
    load = f"{rate:g} changes per second, slices of {seconds:g} s"
    return f"{minutes:g} minutes for {effect:.1%}, {load}"


def _problem(kind: ProblemKind, ours: str, theirs: str = "") -> Problem:
    return Problem(kind, SUBJECT, ours, theirs)


def _label(context: JudgeContext, run: WorkflowRun, pulls: tuple[PullRequest, ...]) -> LabelReading:
    """Return whether the run's commit is accepted.

    A status belongs to a commit, so each pull request with this head must have the label. In a
    merge group one is enough: each of its pull requests had a comparison and a status of its own.
    """
    if pulls:
        readings = [read_label(context.github, pull) for pull in pulls]
        missing = [each for each in readings if each.acceptance is None]
        return missing[0] if missing else readings[0]
    group = pull_requests_of_group(context.github, run)
    readings = [read_label(context.github, pull) for pull in group]
    return next((x for x in readings if x.acceptance is not None), LabelReading(None))


def _text(
    context: JudgeContext, run: WorkflowRun, measured: _Measured, problems: tuple[Problem, ...]
) -> Iterator[str]:
    """Yield the result for the comment, as blocks of Markdown."""
    if measured.numbers is not None and measured.answer is not None:
        yield comparison_markdown(measured.numbers, measured.answer).rstrip("\n")
    else:
        yield f"**No comparison**: {problems[0].ours}."
    artifact = measured.fetched.artifact
    if artifact is not None:
        yield f"[Report of the comparison]({context.links.artifact(run.id, artifact.id)})"


def _label_line(label: LabelReading, commit: str) -> str:
    name, short = quoted(LABEL), quoted(commit[:12])
    if label.acceptance is not None:
        by, at = quoted(label.acceptance.by), f"{label.acceptance.at:%Y-%m-%d %H:%M} UTC"
        return f"**Accepted** by {by} on {at} with the label {name}, for commit {short} only."
    if label.why:
        return f"The label {name} does not count for commit {short}: {label.why}."
    return f"To accept this for commit {short} only, add the label {name}. A push asks again."
