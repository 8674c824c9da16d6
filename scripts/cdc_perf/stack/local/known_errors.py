"""Problems of the machine that components report in their logs, and their remedies."""

import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_FULL_DISK = "the disk is full: free some space"
# With less free space, a component that needs a new file or segment fails.
_FULL_BELOW_BYTES = 16 * 1024**2
_SYMPTOMS = {
    r"No space left on device|Disk quota exceeded": _FULL_DISK,
    r"Cannot allocate memory|Could not (reserve|allocate)|insufficient memory|OutOfMemoryError": (
        "there is too little memory: free some (a run wants 3 GiB), or raise the limit (ulimit -v)"
    ),
    r"Address already in use|BindException": "another program took the port: run it again",
    r"Too many open files|file descriptors": "raise the limit of open files: ulimit -n 4096",
    r"couldn't exec|error while loading shared libraries|Could not find or load main class": (
        "the tool cache is damaged: inv tools.clean, then run it again"
    ),
}


def remedy(log: Sequence[str]) -> str:
    """Return the remedy for a problem in the lines of a log; empty if unknown."""
    text = "\n".join(log)
    return next((found for words, found in _SYMPTOMS.items() if re.search(words, text)), "")


def remedy_for_disk(folder: Path) -> str:
    """Return the remedy if the disk of a folder is full; else an empty string.

    The components' logs are on that disk: once it is full, they cannot report it.
    """
    with suppress(OSError):
        if shutil.disk_usage(folder).free < _FULL_BELOW_BYTES:
            return _FULL_DISK
    return ""
