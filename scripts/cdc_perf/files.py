"""Files that are written completely or not at all, and folders that only their owner can write."""

import os
import secrets
import stat
from pathlib import Path

import msgspec

from cdc_perf.errors import StackFailure

# Only readable by its owner: for files that hold a secret.
PRIVATE = 0o600
_BY_UMASK = 0o666
# Errors of reading foreign JSON: not JSON of that form, not UTF-8, or nested too deep.
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def write_atomically(path: Path, content: str | bytes, *, mode: int = _BY_UMASK) -> None:
    """Write to a temporary file beside `path`, sync, rename: readers see the old or the new file.

    Args:
        path: The file.
        content: The whole content.
        mode: The permissions, reduced by the process's umask.

    Raises:
        OSError: The folder is not writable, or the disk is full; no partial file remains.
    """
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        # O_EXCL: do not follow a link that someone else put there.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            # The error of a failed write has no file name.
            error.filename = str(path)
        raise


def make_folder(path: Path) -> None:
    """Create a folder that git ignores, or reuse one as it is.

    A pipeline's folder may be in any repository, whose own .gitignore does not know our files.
    """
    if not path.exists():
        path.mkdir(parents=True, exist_ok=True)
        (path / ".gitignore").write_text("*\n", encoding="utf-8")


def own_folder(path: Path) -> None:
    """Create a folder in a folder that others can write to, such as /tmp, or reuse this user's.

    The name may be predictable, so another user may have put a folder or a link there.

    Raises:
        StackFailure: The path is not a folder that only this user can write to.
    """
    parent = path.parent.stat().st_mode
    if parent & _OTHERS_WRITE and not parent & stat.S_ISVTX:
        raise _unsafe(path.parent, "other users can rename its files")
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if not is_own_folder(path):
            raise _unsafe(path, "it is not a folder that only you can write to") from None


def is_own_folder(path: Path) -> bool:
    """Return whether the path is a folder, not a link, of this user, writable by no one else."""
    try:
        found = path.lstat()
    except OSError:
        return False
    mine = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return mine and not found.st_mode & _OTHERS_WRITE


def _unsafe(path: Path, why: str) -> StackFailure:
    return StackFailure(
        f"{path} is not safe to use: {why}",
        hint="remove it, or set TMPDIR to your own folder",
    )


def json_text(content: object) -> str:
    """Return `readable_json` as text, for printing."""
    return readable_json(content).decode().rstrip("\n")


def readable_json(content: object) -> bytes:
    """Return indented JSON with a final newline."""
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
