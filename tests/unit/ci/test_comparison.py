"""The default branch's judgment on a comparison that a stranger may have invented."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from cdc_perf.ci import comparison as module
from cdc_perf.ci.comparison import Compared, judge_compared
from cdc_perf.ci.judge_context import JudgeContext, JudgeInputs
from cdc_perf.ci.problems import ProblemKind
from cdc_perf.errors import UsageFailure
from cdc_perf.publish.comment import Links
from cdc_perf.publish.fetch import Artifact
from cdc_perf.publish.fetch_comparison import FetchedComparison
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.labels import LABEL, Acceptance, LabelReading
from cdc_perf.publish.pulls import PullRequest, PullRequestBase, PullRequestHead
from cdc_perf.publish.runner import Account, Repository, WorkflowRun
from cdc_perf.results.comparison import Comparison, ComparisonStatus, Version
from cdc_perf.settings.paths import Checkout
from tests.unit.recorded_comparisons import FEW, comparison, without_valid_slices

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD, NAME, FORK = "a" * 40, "octo/cdc-perf", "stranger/cdc-perf"
GITHUB = GitHub("https://api.example", NAME, "sesame")
ARTIFACT = Artifact(id=9, name="k6-comparison-1-1", size_in_bytes=1, expired=False)
ACCEPTED = LabelReading(Acceptance(HEAD, 7, "alice", datetime(2026, 11, 29, tzinfo=UTC)))
WORSE, BETTER, SAME = comparison(1.2), comparison(0.8), comparison()


def pull(number: int = 7, of: str = NAME) -> PullRequest:
    head = PullRequestHead(HEAD, Repository(of, Account(of.partition("/")[0])))
    return PullRequest(number, head, PullRequestBase("main", "b" * 40))


class Given:
    """What GitHub has: the comparison, and the labels by pull request."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fetched = FetchedComparison(SAME, "", ARTIFACT)
        self.foreign = ""
        self.labels: Mapping[int, LabelReading] = {}
        self.group: tuple[PullRequest, ...] = ()
        self.asked: list[int] = []
        for name, stand_in in {
            "fetch_comparison": lambda *_: self.fetched,
            "foreign": lambda *_: self.foreign,
            "read_label": self._label,
            "pull_requests_of_group": lambda *_: self.group,
        }.items():
            monkeypatch.setattr(module, name, stand_in)

    def _label(self, _: GitHub, pull: PullRequest) -> LabelReading:
        self.asked.append(pull.number)
        return self.labels.get(pull.number, LabelReading(None))

    def judged(
        self,
        found: Comparison | None = None,
        ended: str = "success",
        *pulls: PullRequest,
        minutes: str = "",
    ) -> Compared:
        if found is not None:
            self.fetched = FetchedComparison(found, "", ARTIFACT)
        links = Links("https://github.example", NAME)
        context = JudgeContext(GITHUB, Checkout.here(), links, "", JudgeInputs(minutes=minutes))
        run = WorkflowRun(1, 1, "pull_request", "success", HEAD, "change", None)
        return judge_compared(context, run, pulls or (pull(),), {"Compare": ended})

    def queued(self, found: Comparison) -> Compared:
        """Judge the comparison of a merge group."""
        self.fetched = FetchedComparison(found, "", ARTIFACT)
        context = JudgeContext(GITHUB, Checkout.here(), Links("x", NAME), "", JudgeInputs())
        run = WorkflowRun(1, 1, "merge_group", "failure", HEAD, "queue", None)
        return judge_compared(context, run, (), {"Compare": "failure"})


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Given:
    return Given(monkeypatch)


def kinds(found: Compared) -> set[ProblemKind]:
    return {problem.kind for problem in found.problems}


@pytest.mark.parametrize(
    ("found", "note"),
    [
        (SAME, "comparison: same"),
        (BETTER, "comparison: better"),
        (comparison(starts=FEW), "comparison: inconclusive"),
    ],
)
def test_what_is_not_worse_passes_and_is_shown(given: Given, found: Comparison, note: str) -> None:
    judged = given.judged(found)
    assert (judged.problems, judged.note, judged.accepted) == ((), note, None)
    assert judged.text
    assert given.asked == []


def test_what_is_worse_fails_and_says_how_to_accept_it(given: Given) -> None:
    judged = given.judged(WORSE, "failure")
    assert kinds(judged) == {ProblemKind.WORSE}
    assert LABEL in judged.text[-1]
    assert HEAD[:12] in judged.text[-1]


def test_worse_is_our_answer_whatever_the_job_says(given: Given) -> None:
    assert kinds(given.judged(WORSE, "success")) == {ProblemKind.WORSE}


def test_the_label_accepts_what_is_worse(given: Given) -> None:
    given.labels = {7: ACCEPTED}
    judged = given.judged(WORSE, "failure")
    assert judged.problems == ()
    assert judged.note == f"comparison: worse, accepted by alice ({LABEL})"
    assert judged.accepted is not None
    assert judged.accepted.acceptance == ACCEPTED.acceptance
    assert "`alice`" in judged.text[-1]


def test_a_label_that_does_not_count_is_explained(given: Given) -> None:
    given.labels = {7: LabelReading(None, "it is too old")}
    judged = given.judged(WORSE, "failure")
    assert kinds(judged) == {ProblemKind.WORSE}
    assert judged.text[-1].endswith(": it is too old.")


def test_each_pull_request_with_this_head_needs_the_label(given: Given) -> None:
    both = (pull(7), pull(8))
    given.labels = {7: ACCEPTED}
    assert given.judged(WORSE, "failure", *both).problems
    given.labels = {7: ACCEPTED, 8: ACCEPTED}
    assert not given.judged(WORSE, "failure", *both).problems


def test_of_a_merge_group_one_label_is_enough(given: Given) -> None:
    given.group = (pull(7), pull(8))
    assert kinds(given.queued(WORSE)) == {ProblemKind.WORSE}
    assert given.asked == [7, 8]
    given.labels = {8: ACCEPTED}
    assert given.queued(WORSE).problems == ()


UNFINISHED = [
    replace(SAME, status=status)
    for status in (ComparisonStatus.RUNNING, ComparisonStatus.INTERRUPTED)
]


@pytest.mark.parametrize(
    ("fetched", "ended", "expected"),
    [
        (FetchedComparison(None), "failure", {ProblemKind.MISSING, ProblemKind.JOB}),
        (FetchedComparison(None), "", {ProblemKind.MISSING, ProblemKind.JOB}),
        (FetchedComparison(None), "success", {ProblemKind.MISSING}),
        (FetchedComparison(SAME), "failure", {ProblemKind.JOB}),
        (FetchedComparison(SAME), "cancelled", {ProblemKind.JOB}),
        (FetchedComparison(WORSE), "cancelled", {ProblemKind.JOB, ProblemKind.WORSE}),
        (FetchedComparison(UNFINISHED[0]), "success", {ProblemKind.UNFINISHED}),
        (FetchedComparison(UNFINISHED[1]), "success", {ProblemKind.UNFINISHED}),
        (FetchedComparison(without_valid_slices(SAME)), "failure", {ProblemKind.VERDICT}),
        (FetchedComparison(replace(SAME, starts=())), "failure", {ProblemKind.VERDICT}),
    ],
)
def test_no_answer_is_no_pass_unless_the_label_accepts_it(
    given: Given, fetched: FetchedComparison, ended: str, expected: set[ProblemKind]
) -> None:
    given.fetched = fetched
    assert kinds(given.judged(None, ended)) == expected
    given.labels = {7: ACCEPTED}
    judged = given.judged(None, ended)
    assert judged.problems == ()
    assert judged.accepted is not None


@pytest.mark.parametrize(
    ("fetched", "foreign", "expected"),
    [
        (FetchedComparison(None, "no zip file", ARTIFACT), "", ProblemKind.UNREADABLE),
        (FetchedComparison(SAME), "another commit", ProblemKind.COMMITS),
        (FetchedComparison(replace(SAME, minutes=1.0)), "", ProblemKind.LOAD),
        (FetchedComparison(replace(SAME, effect=0.5)), "", ProblemKind.LOAD),
        (FetchedComparison(replace(SAME, rate=1.0)), "", ProblemKind.LOAD),
        (FetchedComparison(replace(SAME, slice_seconds=0.1)), "", ProblemKind.LOAD),
        (FetchedComparison(replace(WORSE, minutes=1.0)), "", ProblemKind.LOAD),
    ],
)
def test_the_label_accepts_no_results_that_cannot_be_trusted(
    given: Given, fetched: FetchedComparison, foreign: str, expected: ProblemKind
) -> None:
    given.fetched, given.foreign, given.labels = fetched, foreign, {7: ACCEPTED}
    judged = given.judged()
    assert expected in kinds(judged)
    assert judged.accepted is None
    assert given.asked == []
    assert LABEL not in "".join(judged.text)


def test_a_comparison_that_is_turned_off_is_not_judged(given: Given) -> None:
    given.fetched = FetchedComparison(None)
    assert given.judged(None, "", minutes="0") == Compared()
    assert given.judged(None, "", pull(of=FORK), minutes="0") == Compared()


def test_the_minutes_are_those_of_the_variable_except_for_a_fork(given: Given) -> None:
    # A fork's run does not see the variable, so it has the default time.
    assert kinds(given.judged(SAME, minutes="20")) == {ProblemKind.LOAD}
    assert kinds(given.judged(SAME, "success", pull(of=FORK), minutes="20")) == set()
    assert kinds(given.judged(replace(SAME, minutes=5.0), minutes="5")) == set()


def test_a_variable_without_a_possible_value_is_no_pass(given: Given) -> None:
    with pytest.raises(UsageFailure):
        given.judged(minutes="soon")


def test_the_words_of_the_results_are_not_shown(given: Given) -> None:
    evil = "@everyone https://evil.example"
    version = Version(name=evil, commit="c" * 40, settings={evil: "1"}, components={evil: "2"})
    spoilt = replace(
        without_valid_slices(WORSE, evil),
        starts=(*WORSE.starts, *without_valid_slices(WORSE, evil).starts),
        base=version,
        head=version,
        workload=evil,
        pipeline=evil,
    )
    judged = given.judged(spoilt, "failure")
    assert kinds(judged) == {ProblemKind.WORSE}
    everything = (judged.note, *judged.text, *(x.sentence for x in judged.problems))
    assert "evil" not in "".join(everything)


def test_both_commits_and_the_report_are_named(given: Given) -> None:
    text = "\n".join(given.judged(SAME).text)
    for part in (
        "a" * 12,
        "b" * 12,
        "https://github.example/octo/cdc-perf/actions/runs/1/artifacts/9",
    ):
        assert part in text
