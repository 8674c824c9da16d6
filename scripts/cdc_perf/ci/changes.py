"""The files that a pull request or a merge group changes, from the checkout."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from cdc_perf import process
from cdc_perf.ci.comparison_plan import Commits
from cdc_perf.errors import UsageFailure


def changed_paths(root: Path) -> tuple[str, ...]:
    """Return the paths that the checked-out merge changes against the base branch.

    For a pull request, also from a fork, GitHub checks out a merge of its head into the base, so
    the first parent is the base
    (https://docs.github.com/en/actions/reference/workflows-and-actions/
    events-that-trigger-workflows#pull_request). A renamed file counts under both names.

    Raises:
        UsageFailure: HEAD is not a merge, or git does not have its parents.
    """
    if _git(root, "rev-parse", "--quiet", "--verify", "HEAD^2") is None:
        raise UsageFailure(
            "HEAD is not a merge commit, or its parents are missing",
            hint="check it out with fetch-depth: 2",
        )
    listed = _git(root, "diff", "--name-only", "--no-renames", "HEAD^1", "HEAD")
    if listed is None:
        raise UsageFailure("git cannot compare the pull request with its base branch")
    return _paths(listed)


def _paths(listed: str) -> tuple[str, ...]:
    # Git quotes a name with characters outside ASCII and writes them as octal numbers; the relevant
    # folders have plain names.
    return tuple(line.strip('"') for line in listed.splitlines() if line)


class _MergeGroup(msgspec.Struct, frozen=True):
    base_sha: str


class _Event(msgspec.Struct, frozen=True):
    merge_group: _MergeGroup


def merge_group_base(environment: Mapping[str, str]) -> str:
    """Return the commit that a merge group is based on.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#merge_group

    Raises:
        UsageFailure: The event in GITHUB_EVENT_PATH does not name it.
    """
    try:
        content = Path(environment.get("GITHUB_EVENT_PATH", "")).read_bytes()
        return msgspec.json.decode(content, type=_Event).merge_group.base_sha
    except (OSError, msgspec.DecodeError) as error:
        raise UsageFailure(f"the event in GITHUB_EVENT_PATH cannot be read: {error}") from None


def changed_since(root: Path, base: str) -> tuple[str, ...]:
    """Return the paths in which the checkout differs from a commit.

    The merge queue squashes, rebases, or merges, so the first parent need not be the base.

    Raises:
        UsageFailure: Git does not have the commit.
    """
    listed = _git(root, "diff", "--name-only", "--no-renames", "--end-of-options", base, "HEAD")
    if listed is None:
        raise UsageFailure(
            f"git cannot compare HEAD with {base}, the merge group's base",
            hint="check it out with fetch-depth: 0",
        )
    return _paths(listed)


def compared_commits(root: Path, base: str = "") -> Commits:
    """Return the commits to compare: the base, and the checkout.

    The base of a pull request is the first parent of the merge that is checked out. The event's
    `base.sha` may be older; the pull request would be blamed for what others merged since then.

    Args:
        root: The checkout.
        base: The base of a merge group; empty for a pull request.

    Raises:
        UsageFailure: Git does not have the commits.
    """
    found = [
        _git(root, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}")
        for name in (base or "HEAD^1", "HEAD")
    ]
    before, head = (None if text is None else text.strip() for text in found)
    if before is None or head is None:
        raise UsageFailure(
            f"git does not have {base or 'the first parent of HEAD'}, the base of the comparison",
            hint="check it out with its history",
        )
    return Commits(before, head)


def _git(root: Path, *words: str) -> str | None:
    completed = process.run(["git", "-C", root, *words], check=False, timeout_seconds=60)
    return completed.output if completed.exit_code == 0 else None
