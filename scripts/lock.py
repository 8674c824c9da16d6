"""One command at a time on a checkout."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from scripts.errors import StackFailure
from scripts.files import write_atomically


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file for the block; the system frees it when the process dies.

    Raises:
        StackFailure: Another process holds it; the line says which.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = path.with_name(f"{path.name}.holder")
    try:
        with filelock.FileLock(path, timeout=0):
            command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
            write_atomically(holder, json.dumps({"pid": os.getpid(), "command": command}))
            yield
    except filelock.Timeout:
        raise StackFailure(
            f"this checkout is in use{_describe(holder)}",
            hint="wait for its end, or use another checkout: each has a stack and ports of its own",
        ) from None


def _describe(holder: Path) -> str:
    try:
        found = json.loads(holder.read_text(encoding="utf-8"))
        return f" by `{found['command']}`, process {found['pid']}"
    except (OSError, ValueError, LookupError, TypeError):
        return ""
