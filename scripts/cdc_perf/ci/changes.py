"""The files that a pull request or a group of the merge queue changes, from what is checked out."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from cdc_perf import process
from cdc_perf.errors import UsageFailure


def changed_paths(root: Path) -> tuple[str, ...]:
    """Return the paths that the checked-out merge changes against the base branch.

    For a pull request GitHub checks out a merge of its head into the base, a fork's too, so the
    first parent is the base (https://docs.github.com/en/actions/reference/workflows-and-actions/
    events-that-trigger-workflows#pull_request). A renamed file counts under both its names.

    Raises:
        UsageFailure: HEAD is no merge, or git has not got its parents.
    """
    if _git(root, "rev-parse", "--quiet", "--verify", "HEAD^2") is None:
        raise UsageFailure(
            "the checkout of the pull request is no merge commit whose parents are here",
            hint="check it out with fetch-depth: 2",
        )
    listed = _git(root, "diff", "--name-only", "--no-renames", "HEAD^1", "HEAD")
    if listed is None:
        raise UsageFailure("git cannot compare the pull request with its base branch")
    return _paths(listed)


def _paths(listed: str) -> tuple[str, ...]:
    # git puts a name beyond ASCII into quotes, its letters as octal numbers; the folders that
    # matter here have plain names.
    return tuple(line.strip('"') for line in listed.splitlines() if line)


class _MergeGroup(msgspec.Struct, frozen=True):
    base_sha: str


class _Event(msgspec.Struct, frozen=True):
    merge_group: _MergeGroup


def merge_group_base(environment: Mapping[str, str]) -> str:
    """Return the commit that a group of the merge queue is put upon.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#merge_group

    Raises:
        UsageFailure: The event in GITHUB_EVENT_PATH does not say.
    """
    try:
        content = Path(environment.get("GITHUB_EVENT_PATH", "")).read_bytes()
        return msgspec.json.decode(content, type=_Event).merge_group.base_sha
    except (OSError, msgspec.DecodeError) as error:
        raise UsageFailure(f"the event in GITHUB_EVENT_PATH cannot be read: {error}") from None


def changed_since(root: Path, base: str) -> tuple[str, ...]:
    """Return the paths in which what is checked out differs from a commit.

    The merge queue squashes, rebases or merges, so the first parent need not be the base.

    Raises:
        UsageFailure: git does not have the commit.
    """
    listed = _git(root, "diff", "--name-only", "--no-renames", "--end-of-options", base, "HEAD")
    if listed is None:
        raise UsageFailure(
            f"git cannot compare what is checked out with {base}, the merge group's base",
            hint="check it out with fetch-depth: 0",
        )
    return _paths(listed)


def _git(root: Path, *words: str) -> str | None:
    completed = process.run(["git", "-C", root, *words], check=False, timeout_seconds=60)
    return completed.output if completed.exit_code == 0 else None
