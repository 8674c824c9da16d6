"""What becomes of a run, whatever its results are; tests/workflow has the whole of it."""

from functools import partial
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from cdc_perf.ci import judge
from cdc_perf.ci.comparison import Compared
from cdc_perf.ci.judge import judge_again, judge_run
from cdc_perf.ci.judge_context import JudgeContext, JudgeInputs
from cdc_perf.publish.api_errors import ApiFailure
from cdc_perf.publish.comment import Links
from cdc_perf.publish.fetch import Fetched
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.pulls import PullRequest, PullRequestBase, PullRequestHead
from cdc_perf.publish.runner import (
    Account,
    Commit,
    LabeledPullRequest,
    Repository,
    WorkflowRun,
)
from cdc_perf.publish.status import State, Status
from cdc_perf.runs.run_set import RunSet
from cdc_perf.settings.paths import Checkout

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = "a" * 40
NAME = "octo/cdc-perf"
OURS = Repository(NAME, Account("octo"))
PATH = ".github/workflows/performance-test.yml"
PLACE = JudgeContext(
    GitHub("https://api.example", NAME, "sesame"),
    Checkout.here(),
    Links("https://github.example", NAME),
    "",
    JudgeInputs(),
)


def run(event: str = "pull_request", *, path: str = PATH, branch: str = "change") -> WorkflowRun:
    return WorkflowRun(1, 1, event, "success", HEAD, branch, OURS, "Pull request #7", path)


def pull(number: int, base: str) -> PullRequest:
    return PullRequest(number, PullRequestHead(HEAD, OURS), PullRequestBase(base, base[0] * 40))


def no_run() -> None:
    return None


def nothing() -> Fetched:
    return Fetched(RunSet((), ()), None)


class GitHubOfTest:
    """What the parts that ask GitHub answer, and the statuses that were set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statuses: list[Status] = []
        self.changed: dict[str, tuple[str, ...] | None] = {}
        self.fetch = nothing
        self.last_run: Callable[[], WorkflowRun | None] = run
        self.pulls: tuple[PullRequest, ...] = (pull(7, "main"),)
        for name, stand_in in {
            "pull_requests_of": lambda *_: self.pulls,
            "changed_between": lambda _, base, __: self.changed[base[0]],
            "conclusions": lambda *_: {},
            "fetch": lambda *_: self.fetch(),
            "set_status": lambda _, commit, status, ___: self._set(commit, status),
            "influence": lambda *_: (),
            "judge_compared": lambda *_: Compared(),
            "comment": lambda *_: "commented",
            "last_run_of": lambda *_: self.last_run(),
        }.items():
            monkeypatch.setattr(judge, name, stand_in)

    def _set(self, commit: str, status: Status) -> None:
        assert commit == HEAD
        self.statuses.append(status)

    @property
    def states(self) -> list[State]:
        return [status.state for status in self.statuses]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> GitHubOfTest:
    return GitHubOfTest(monkeypatch)


def test_whatever_goes_wrong_is_a_status_of_its_own(asked: GitHubOfTest) -> None:
    asked.changed = {"m": ("src/x.py",)}

    def break_down() -> Fetched:
        raise ZeroDivisionError

    asked.fetch = break_down
    with pytest.raises(ZeroDivisionError):
        list(judge_run(PLACE, run()))
    assert asked.states == [State.ERROR]


def test_a_commit_is_green_only_if_each_of_its_pull_requests_may_be(asked: GitHubOfTest) -> None:
    asked.pulls = (pull(7, "main"), pull(8, "release"))
    asked.changed = {"m": ("src/x.py",), "r": ("docs/x.md",)}
    list(judge_run(PLACE, run()))
    asked.changed = {"m": ("docs/x.md",), "r": ("docs/x.md",)}
    list(judge_run(PLACE, run()))
    assert asked.states == [State.FAILURE, State.SUCCESS]


def test_more_files_than_github_lists_may_be_any(asked: GitHubOfTest) -> None:
    asked.changed = {"m": None}
    list(judge_run(PLACE, run()))
    assert asked.states == [State.FAILURE]


def test_a_group_of_the_queue_is_compared_with_what_it_is_put_on(asked: GitHubOfTest) -> None:
    asked.changed = {"b": ("docs/x.md",)}
    queue = f"gh-readonly-queue/main/pr-7-{'b' * 40}"
    list(judge_run(PLACE, run("merge_group", branch=queue)))
    list(judge_run(PLACE, run("merge_group", branch="something else")))
    assert asked.states == [State.SUCCESS, State.FAILURE]


@pytest.mark.parametrize(
    "other",
    [
        run(path=".github/workflows/other.yml"),
        run(path=f"x/{PATH}"),
        run(path=""),
        run("push"),
        run("schedule"),
    ],
)
def test_another_run_changes_nothing(asked: GitHubOfTest, other: WorkflowRun) -> None:
    list(judge_run(PLACE, other))
    assert asked.states == []


def test_a_commit_that_is_not_a_head_now_gets_no_status(asked: GitHubOfTest) -> None:
    asked.pulls = ()
    list(judge_run(PLACE, run()))
    assert asked.states == []


LABELED = LabeledPullRequest(7, Commit(HEAD))


def test_a_changed_label_judges_the_last_run_again(asked: GitHubOfTest) -> None:
    asked.changed = {"m": ("docs/x.md",)}
    assert list(judge_again(PLACE, LABELED))[-1] == "commented"
    assert asked.states == [State.SUCCESS]


def test_a_run_that_is_not_over_or_not_there_is_not_judged(asked: GitHubOfTest) -> None:
    for last in (replace(run(), conclusion=None), None):
        asked.last_run = partial(replace, last) if last else no_run
        assert list(judge_again(PLACE, LABELED))
    assert asked.states == []


def test_a_label_that_is_gone_allows_nothing_while_github_does_not_answer(
    asked: GitHubOfTest,
) -> None:
    def break_down() -> WorkflowRun:
        raise ApiFailure("no answer", status=0)

    asked.last_run = break_down
    with pytest.raises(ApiFailure):
        list(judge_again(PLACE, LABELED))
    assert asked.states == [State.ERROR]
