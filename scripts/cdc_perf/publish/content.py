"""What a pull request changes, according to GitHub: file names, and a file's content."""

import base64
import binascii

import msgspec

from cdc_perf.publish.api_errors import ApiFailure
from cdc_perf.publish.github import GitHub

# https://docs.github.com/en/rest/commits/commits#compare-two-commits
_MOST_FILES = 300
_NOT_FOUND = 404


class _File(msgspec.Struct, frozen=True):
    filename: str
    previous_filename: str = ""


class _Comparison(msgspec.Struct, frozen=True):
    files: tuple[_File, ...] = ()


class _Content(msgspec.Struct, frozen=True):
    content: str
    encoding: str


def changed_between(github: GitHub, base: str, head: str) -> tuple[str, ...] | None:
    """Return the paths that a commit changes since it forked from another; None if too many.

    A renamed file counts under both names.

    Args:
        github: The repository.
        base: A commit.
        head: Another commit; it may be a fork's if it is the head of a pull request.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    found = github.get(f"/compare/{base}...{head}", _Comparison).files
    if len(found) >= _MOST_FILES:
        return None
    return tuple(path for file in found for path in (file.filename, file.previous_filename) if path)


def file_at(github: GitHub, path: str, commit: str) -> bytes | None:
    """Return a file's content in a commit; None if it does not exist or exceeds 1 MB.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    try:
        found = github.get(f"/contents/{path}", _Content, {"ref": commit})
        return base64.b64decode(found.content) if found.encoding == "base64" else None
    except ApiFailure as failure:
        if failure.status == _NOT_FOUND:
            return None
        raise
    except binascii.Error:
        return None
