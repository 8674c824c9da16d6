"""Files written whole or not at all, and folders that only their owner can write to."""

import os
import secrets
import stat
from pathlib import Path

import msgspec

from cdc_perf.errors import StackFailure

# Only its owner may read it: a file that holds a secret.
PRIVATE = 0o600
_BY_UMASK = 0o666
# What reading JSON of others may raise: it is not JSON of that form, not UTF-8, or nested too deep.
NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def write_atomically(path: Path, content: str | bytes, *, mode: int = _BY_UMASK) -> None:
    """Write to a temporary name beside `path`, sync, rename: readers see the old or the new file.

    Args:
        path: The file.
        content: All of it.
        mode: Permissions, from which the process's umask takes away.

    Raises:
        OSError: The folder cannot be written to, or the disk is full; nothing half-written stays.
    """
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        # O_EXCL: never through a link that somebody else put there.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            # A write that fails does not say where.
            error.filename = str(path)
        raise


def own_folder(path: Path) -> None:
    """Make a folder in a folder that others may write to, such as /tmp, or take our own there.

    Its name may be known, so another user may have put a folder or a link in its place.

    Raises:
        StackFailure: It is not a folder that only we can write to.
    """
    parent = path.parent.stat().st_mode
    if parent & _OTHERS_WRITE and not parent & stat.S_ISVTX:
        raise _unsafe(path.parent, "others can rename what is in it")
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if not is_own_folder(path):
            raise _unsafe(path, "it is not a folder that only you can write to") from None


def is_own_folder(path: Path) -> bool:
    """Return whether it is a folder, not a link, that we own and only we can write to."""
    try:
        found = path.lstat()
    except OSError:
        return False
    mine = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return mine and not found.st_mode & _OTHERS_WRITE


def _unsafe(path: Path, why: str) -> StackFailure:
    return StackFailure(
        f"{path} is not safe to use: {why}",
        hint="remove it, or set TMPDIR to a folder of your own",
    )


def json_text(content: object) -> str:
    """Return the same JSON as a text to be printed."""
    return readable_json(content).decode().rstrip("\n")


def readable_json(content: object) -> bytes:
    """Return JSON as people read it: indented, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
