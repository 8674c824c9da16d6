"""Check against GitHub which commits a comparison measured."""

import re
from typing import TypeVar
from urllib.parse import quote

import msgspec

from cdc_perf.publish.api_errors import ApiFailure
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.merge_queue import merge_group_of
from cdc_perf.publish.pulls import PullRequest
from cdc_perf.publish.runner import Commit, WorkflowRun
from cdc_perf.results.comparison import Comparison, Version

T = TypeVar("T")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_UNKNOWN = frozenset({404, 422})
# How a branch relates to a commit that it contains.
_CONTAINED = frozenset({"ahead", "identical"})


class _Parents(msgspec.Struct, frozen=True):
    parents: tuple[Commit, ...]


class _Relation(msgspec.Struct, frozen=True):
    status: str


def foreign(
    github: GitHub, run: WorkflowRun, pulls: tuple[PullRequest, ...], comparison: Comparison
) -> str:
    """Return why the compared commits are not those of a workflow run; empty if they are.

    For a pull request they are the merge of its head into its base branch, and that merge's first
    parent. For a group of the merge queue they are the group's head and its base.

    Args:
        github: The repository.
        run: The workflow run.
        pulls: The pull requests whose head is its commit; empty for the merge queue.
        comparison: The untrusted comparison.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    base, head = comparison.base, comparison.head
    if not (_is_commit(base) and _is_commit(head)):
        return "a version is not an unchanged commit"
    if not pulls:
        group = merge_group_of(run)
        if group is None or (base.commit, head.commit) != (group.base, run.head_sha):
            return "the commits are not the base and the head of the merge group"
        return ""
    if _parents(github, head.commit) != (base.commit, run.head_sha):
        return "the head is not a merge of the pull request's head into the base"
    if not any(_contains(github, pull.base.ref, base.commit) for pull in pulls):
        return "the base is not a commit of the base branch"
    return ""


def _is_commit(version: Version) -> bool:
    return not version.changed and _COMMIT.fullmatch(version.commit) is not None


def _parents(github: GitHub, commit: str) -> tuple[str, ...]:
    found = _known(github, f"/git/commits/{commit}", _Parents)
    return () if found is None else tuple(parent.sha for parent in found.parents)


def _contains(github: GitHub, branch: str, commit: str) -> bool:
    found = _known(github, f"/compare/{commit}...{quote(branch, safe='')}", _Relation)
    return found is not None and found.status in _CONTAINED


def _known(github: GitHub, path: str, kind: type[T]) -> T | None:
    """Return what GitHub says of a commit; None if it has no such commit."""
    try:
        return github.get(path, kind)
    except ApiFailure as failure:
        if failure.status in _UNKNOWN:
            return None
        raise
