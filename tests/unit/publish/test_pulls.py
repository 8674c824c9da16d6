import pytest

from cdc_perf.publish.pulls import PullRequest, PullRequestBase, PullRequestHead, pull_request_of
from cdc_perf.publish.runner import Owner, Repository, WorkflowRun

HEAD = "a" * 40
REPOSITORY = Repository("octo/cdc-perf", Owner("octo"))


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
