from collections.abc import Iterator

import pytest
import responses

from cdc_perf.publish.github import GitHub
from cdc_perf.publish.merge_queue import MergeGroup, merge_group_of, pull_requests_of_group
from cdc_perf.publish.runner import Account, Repository, WorkflowRun

API, NAME = "https://api.example", "octo/cdc-perf"
REPOSITORY = f"{API}/repos/{NAME}"
BASE, HEAD, FIRST = "b" * 40, "a" * 40, "c" * 40


def run(branch: str | None) -> WorkflowRun:
    repository = Repository(NAME, Account("octo"))
    return WorkflowRun(1, 1, "merge_group", "success", HEAD, branch, repository)


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.mark.parametrize(
    ("branch", "group"),
    [
        (f"gh-readonly-queue/main/pr-8-{BASE}", MergeGroup("main", 8, BASE)),
        (f"gh-readonly-queue/release/1.0/pr-8-{BASE}", MergeGroup("release/1.0", 8, BASE)),
        (f"gh-readonly-queue/main/pr-8-{BASE[1:]}", None),
        (f"x/gh-readonly-queue/main/pr-8-{BASE}", None),
        ("change", None),
        (None, None),
    ],
)
def test_a_group_is_what_the_name_of_its_branch_says(
    branch: str | None, group: MergeGroup | None
) -> None:
    assert merge_group_of(run(branch)) == group


def test_the_pull_requests_of_a_group_are_those_whose_branches_end_within_it(
    api: responses.RequestsMock,
) -> None:
    branches = {"pr-7": FIRST, "pr-8": HEAD, "pr-9": "d" * 40}
    api.get(
        f"{REPOSITORY}/compare/{BASE}...{HEAD}", json={"commits": [{"sha": FIRST}, {"sha": HEAD}]}
    )
    prefix = "heads/gh-readonly-queue/main/"
    refs = [
        {"ref": f"refs/{prefix}{name}-{BASE}", "object": {"sha": sha}}
        for name, sha in branches.items()
    ]
    strange = {"ref": f"refs/{prefix}strange", "object": {"sha": FIRST}}
    api.get(f"{REPOSITORY}/git/matching-refs/{prefix}", json=[*refs, strange])
    for number in (7, 8):
        head = {"sha": str(number) * 40, "repo": None}
        base = {"ref": "main", "sha": BASE}
        api.get(
            f"{REPOSITORY}/pulls/{number}",
            json={"number": number, "head": head, "base": base, "labels": [{"name": "bug"}]},
        )
    found = pull_requests_of_group(
        GitHub(API, NAME, "sesame"), run(f"gh-readonly-queue/main/pr-8-{BASE}")
    )
    assert [pull.number for pull in found] == [7, 8]
    assert found[0].labels[0].name == "bug"


def test_another_branch_has_no_pull_requests() -> None:
    assert pull_requests_of_group(GitHub(API, NAME, "sesame"), run("main")) == ()
