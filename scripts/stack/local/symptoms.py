"""Faults of the machine that components report in their own words, and their remedies."""

import re
from collections.abc import Sequence

_SYMPTOMS = {
    r"No space left on device|Disk quota exceeded": "the disk is full: free some space",
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
    """Return what to do about what the lines of a log complain of; nothing if that is unknown."""
    text = "\n".join(log)
    return next((found for words, found in _SYMPTOMS.items() if re.search(words, text)), "")
