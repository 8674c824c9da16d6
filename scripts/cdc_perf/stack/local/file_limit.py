"""A full disk for one process: the limit of the size of the files that it writes, set to 0.

A write then fails with EFBIG, as it would with ENOSPC on a full file system; the programs of the
stack handle both alike. It needs no file system of the process's own.
https://man7.org/linux/man-pages/man2/getrlimit.2.html (RLIMIT_FSIZE)
"""

from pathlib import Path

import psutil

from cdc_perf import process
from cdc_perf.errors import StackFailure

_NAME = "Max file size"


def is_full(target: psutil.Process) -> bool:
    """Return whether a process cannot write to files; False if it is gone."""
    return _limits(target)[0] == "0"


def fill(target: psutil.Process) -> None:
    """Keep a process from writing to files; do nothing if it cannot, or if it is gone.

    Raises:
        StackFailure: The process belongs to another user, who may not set it either.
    """
    if not is_full(target):
        _set(target, "0")


def free(target: psutil.Process) -> None:
    """Let a process write as much as it may.

    Raises:
        StackFailure: As in `fill`.
    """
    if is_full(target):
        _set(target, _limits(target)[1])


def _limits(target: psutil.Process) -> tuple[str, str]:
    """Return the soft and the hard limit as the kernel writes them, or empty texts."""
    try:
        lines = Path(f"/proc/{target.pid}/limits").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return "", ""
    line = next(line for line in lines if line.startswith(_NAME))
    soft, hard = line.removeprefix(_NAME).split()[:2]
    return soft, hard


def _set(target: psutil.Process, limit: str) -> None:
    """Set the soft limit.

    psutil would do as well for a process of the same user. For others, even root needs
    CAP_SYS_RESOURCE, which containers lack, and their user needs nothing.
    """
    try:
        uid = target.uids().real
    except psutil.NoSuchProcess:
        return
    words = ["prlimit", "--pid", str(target.pid), f"--fsize={limit}:"]
    own = uid == psutil.Process().uids().real
    try:
        process.run(words, uid=None if own else uid, timeout_seconds=10)
    except StackFailure:
        # It may have ended meanwhile, such as a worker of PostgreSQL.
        if target.is_running():
            raise
