"""The pull requests of a group of the merge queue, from GitHub's own branches.

https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
#merge_group
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from cdc_perf.publish.github import GitHub
from cdc_perf.publish.pulls import PullRequest
from cdc_perf.publish.runner import Commit, WorkflowRun

_PREFIX = "gh-readonly-queue"
_BRANCH = re.compile(rf"{_PREFIX}/(?P<target>.+)/pr-(?P<number>[0-9]+)-(?P<base>[0-9a-f]{{40}})")


@dataclass(frozen=True)
class MergeGroup:
    """A group, as the name of its branch describes it.

    Attributes:
        target: The branch to merge into.
        number: Its last pull request.
        base: The commit that the group is put on.
    """

    target: str
    number: int
    base: str


class _Ref(msgspec.Struct, frozen=True):
    ref: str
    object: Commit


class _Range(msgspec.Struct, frozen=True):
    commits: tuple[Commit, ...] = ()


def merge_group_of(run: WorkflowRun) -> MergeGroup | None:
    """Return the group of a workflow run; None if its branch is not one of the merge queue."""
    return _group(run.head_branch or "")


def pull_requests_of_group(github: GitHub, run: WorkflowRun) -> tuple[PullRequest, ...]:
    """Return the pull requests of the group that a workflow run measured.

    The name of a group's branch has only its last pull request. Those before it in the queue have
    branches of their own, whose tips are within the group. Commit messages name pull requests too,
    but their authors write them.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    group = merge_group_of(run)
    if group is None:
        return ()
    within = github.get(f"/compare/{group.base}...{run.head_sha}", _Range).commits
    commits = {commit.sha for commit in within}
    target = quote(group.target, safe="/")
    listed = github.get(f"/git/matching-refs/heads/{_PREFIX}/{target}/", tuple[_Ref, ...])
    others = (_group(x.ref.removeprefix("refs/heads/")) for x in listed if x.object.sha in commits)
    numbers = {group.number, *(x.number for x in others if x is not None)}
    return tuple(github.get(f"/pulls/{number}", PullRequest) for number in sorted(numbers))


def _group(branch: str) -> MergeGroup | None:
    found = _BRANCH.fullmatch(branch)
    if found is None:
        return None
    return MergeGroup(found["target"], int(found["number"]), found["base"])
