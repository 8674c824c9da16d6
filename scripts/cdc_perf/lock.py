"""Locks that the system releases when their holder dies: of a pipeline, and of a run's folder."""

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from cdc_perf.errors import StackFailure
from cdc_perf.files import make_folder, write_atomically


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file for the block; the system releases it if the process dies.

    Raises:
        StackFailure: Another process holds it; the message says which.
    """
    make_folder(path.parent)
    holder = path.with_name(f"{path.name}.holder")
    try:
        with filelock.FileLock(path, timeout=0):
            program = Path(sys.argv[0])
            # `python -m invoke` is `inv` too.
            name = "inv" if program.name == "__main__.py" else program.name
            command = " ".join([name, *sys.argv[1:]])
            write_atomically(holder, json.dumps({"pid": os.getpid(), "command": command}))
            yield
    except filelock.Timeout:
        raise StackFailure(
            f"this pipeline is in use{_describe(holder)}",
            hint="wait until it ends, or use another pipeline or checkout, with its own stack",
        ) from None


@contextmanager
def working_on(folder: Path) -> Iterator[None]:
    """Lock the folder itself for the block, which needs no file in it.

    Raises:
        BlockingIOError: Another process holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def is_worked_on(folder: Path) -> bool:
    """Return whether a process holds the folder's lock."""
    with suppress(BlockingIOError), working_on(folder):
        return False
    return True


def _describe(holder: Path) -> str:
    try:
        found = json.loads(holder.read_text(encoding="utf-8"))
        return f" by `{found['command']}` (process {found['pid']})"
    except (OSError, ValueError, LookupError, TypeError):
        return ""
