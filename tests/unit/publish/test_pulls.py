from typing import Any

import pytest
import responses

from cdc_perf.publish.github import GitHub
from cdc_perf.publish.pulls import (
    PullRequest,
    PullRequestBase,
    PullRequestHead,
    last_run_of,
    pull_request_of,
)
from cdc_perf.publish.runner import Account, Repository, WorkflowRun

HEAD = "a" * 40
REPOSITORY = Repository("octo/cdc-perf", Account("octo"))


def pull(number: int) -> PullRequest:
    return PullRequest(
        number, PullRequestHead(HEAD, REPOSITORY), PullRequestBase(f"release-{number}", "b" * 40)
    )


def run(name: str) -> WorkflowRun:
    return WorkflowRun(1, 1, "pull_request", "success", HEAD, "change", REPOSITORY, name)


@pytest.mark.parametrize(
    ("name", "numbers", "found"),
    [
        ("Pull request #7", (7, 8), 7),
        ("Pull request #8", (7, 8), 8),
        ("Pull request #7", (7,), 7),
        # Of a workflow from before its runs had such names.
        ("Make it fast", (7,), 7),
        ("Make it fast", (7, 8), None),
        ("", (7, 8), None),
        # A name that a fork has chosen leads to none but its own pull requests.
        ("Pull request #9", (7, 8), None),
        ("Pull request #9", (7,), None),
        ("Pull request #7 and more", (7, 8), None),
    ],
)
def test_of_pull_requests_with_one_head_the_runs_name_tells(
    name: str, numbers: tuple[int, ...], found: int | None
) -> None:
    chosen = pull_request_of(run(name), tuple(map(pull, numbers)))
    assert (chosen.number if chosen else None) == found


API = "https://api.example/repos/octo/cdc-perf"


def listed(number: int, title: str, hour: int) -> dict[str, Any]:
    return {
        "id": number,
        "run_attempt": 1,
        "event": "pull_request",
        "conclusion": "failure",
        "head_sha": HEAD,
        "head_branch": "change",
        "head_repository": {"full_name": "octo/cdc-perf", "owner": {"login": "octo"}},
        "display_title": title,
        "created_at": f"2026-11-29T{hour:02}:00:00Z",
    }


@pytest.mark.parametrize(
    ("runs", "found"),
    [
        ([], None),
        ([listed(1, "Pull request #7", 9)], 1),
        ([listed(1, "Pull request #7", 9), listed(2, "Pull request #7", 10)], 2),
        ([listed(2, "Pull request #7", 10), listed(1, "Pull request #7", 9)], 2),
        # Of another pull request with the same head.
        ([listed(1, "Pull request #7", 9), listed(2, "Pull request #8", 10)], 1),
        ([listed(2, "Pull request #8", 10)], None),
    ],
)
def test_the_last_run_of_a_pull_request_is_the_newest_of_its_head(
    runs: list[dict[str, Any]], found: int | None
) -> None:
    head = {"sha": HEAD, "repo": {"full_name": "octo/cdc-perf", "owner": {"login": "octo"}}}
    pulls = [{"number": x, "head": head, "base": {"ref": "main", "sha": HEAD}} for x in (7, 8)]
    with responses.RequestsMock() as api:
        api.get(f"{API}/pulls/7", json=pulls[0])
        api.get(f"{API}/actions/workflows/performance-test.yml/runs", json={"workflow_runs": runs})
        if runs:
            api.get(f"{API}/pulls", json=pulls)
        last = last_run_of(GitHub("https://api.example", "octo/cdc-perf", "sesame"), 7)
    assert (last.id if last else None) == found
