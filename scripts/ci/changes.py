"""The files that a pull request changes, from the merge commit that GitHub checks out."""

from pathlib import Path

from scripts import process
from scripts.errors import UsageFailure


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
    # git puts a name beyond ASCII into quotes, its letters as octal numbers; the folders that
    # matter here have plain names.
    return tuple(line.strip('"') for line in listed.splitlines() if line)


def _git(root: Path, *words: str) -> str | None:
    completed = process.run(["git", "-C", root, *words], check=False, timeout_seconds=60)
    return completed.output if completed.exit_code == 0 else None
