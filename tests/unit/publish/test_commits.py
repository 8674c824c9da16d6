"""A comparison counts only for the commits of its run."""

from collections.abc import Iterator

import pytest
import responses
from msgspec.structs import replace

from cdc_perf.publish.api_errors import ApiFailure
from cdc_perf.publish.commits import foreign
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.pulls import PullRequest, PullRequestBase, PullRequestHead
from cdc_perf.publish.runner import Account, Repository, WorkflowRun
from cdc_perf.results.comparison import Comparison, Version
from tests.unit.recorded_comparisons import comparison

API, NAME = "https://api.example", "octo/cdc-perf"
REPOSITORY = f"{API}/repos/{NAME}"
BASE, MERGE, HEAD = "b" * 40, "c" * 40, "a" * 40
GITHUB = GitHub(API, NAME, "sesame")
QUEUE = f"gh-readonly-queue/main/pr-7-{BASE}"
OURS = Repository(NAME, Account("octo"))
PULL = PullRequest(7, PullRequestHead(HEAD, OURS), PullRequestBase("release/1.0", "0" * 40))


def run(branch: str = "change") -> WorkflowRun:
    return WorkflowRun(1, 1, "pull_request", "success", HEAD, branch, OURS)


def compared(base: str = BASE, head: str = MERGE) -> Comparison:
    return replace(
        comparison(), base=Version(name="x", commit=base), head=Version(name="y", commit=head)
    )


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def merge_of(api: responses.RequestsMock, *parents: str) -> None:
    api.get(
        f"{REPOSITORY}/git/commits/{MERGE}", json={"parents": [{"sha": sha} for sha in parents]}
    )


def base_is(api: responses.RequestsMock, status: str) -> None:
    api.get(f"{REPOSITORY}/compare/{BASE}...release%2F1.0", json={"status": status})


@pytest.mark.parametrize("status", ["ahead", "identical"])
def test_the_merge_of_the_head_and_its_first_parent_are_those_of_the_run(
    api: responses.RequestsMock, status: str
) -> None:
    merge_of(api, BASE, HEAD)
    base_is(api, status)
    assert foreign(GITHUB, run(), (PULL,), compared()) == ""


@pytest.mark.parametrize(
    "parents",
    [(HEAD, BASE), (BASE,), (BASE, "d" * 40), ("d" * 40, HEAD), (BASE, HEAD, "d" * 40), ()],
)
def test_another_commit_is_not(api: responses.RequestsMock, parents: tuple[str, ...]) -> None:
    merge_of(api, *parents)
    assert foreign(GITHUB, run(), (PULL,), compared())


def test_a_commit_that_github_does_not_know_is_not(api: responses.RequestsMock) -> None:
    api.get(f"{REPOSITORY}/git/commits/{MERGE}", status=404)
    assert foreign(GITHUB, run(), (PULL,), compared())


@pytest.mark.parametrize("status", ["diverged", "behind"])
def test_a_base_that_is_not_in_the_base_branch_is_not(
    api: responses.RequestsMock, status: str
) -> None:
    merge_of(api, BASE, HEAD)
    base_is(api, status)
    assert foreign(GITHUB, run(), (PULL,), compared())


def test_an_api_that_fails_does_not_pass_for_an_answer(api: responses.RequestsMock) -> None:
    api.get(f"{REPOSITORY}/git/commits/{MERGE}", status=500)
    with pytest.raises(ApiFailure):
        foreign(GITHUB, run(), (PULL,), compared())


@pytest.mark.parametrize("commit", ["", "HEAD", "b" * 39, "../../x", BASE.upper()])
def test_what_is_no_commit_is_not_asked_for(commit: str) -> None:
    assert foreign(GITHUB, run(), (PULL,), compared(base=commit))
    assert foreign(GITHUB, run(), (PULL,), compared(head=commit))


def test_a_checkout_with_changes_is_no_commit() -> None:
    changed = replace(compared(), head=Version(name="y", commit=MERGE, changed=True))
    assert foreign(GITHUB, run(), (PULL,), changed)


def test_a_merge_group_has_the_base_in_its_branch_and_its_own_head() -> None:
    assert foreign(GITHUB, run(QUEUE), (), compared(head=HEAD)) == ""
    assert foreign(GITHUB, run(QUEUE), (), compared())
    assert foreign(GITHUB, run(QUEUE), (), compared(base="d" * 40, head=HEAD))
    assert foreign(GITHUB, run("main"), (), compared(head=HEAD))
