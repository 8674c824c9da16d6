"""Problems of the machine that components report in their logs, and their remedies."""

import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cdc_perf.reasons import hints

# With less free space, a component that needs a new file or segment fails.
_FULL_BELOW_BYTES = 16 * 1024**2
_SYMPTOMS = {
    r"No space left on device|Disk quota exceeded": hints.disk_full,
    r"Cannot allocate memory|Could not (reserve|allocate)|insufficient memory|OutOfMemoryError": (
        hints.memory_too_small
    ),
    r"Address already in use|BindException": hints.port_taken,
    r"Too many open files|file descriptors": hints.open_files_exhausted,
    r"couldn't exec|error while loading shared libraries|Could not find or load main class": (
        hints.tool_cache_damaged
    ),
}


def remedy(log: Sequence[str]) -> str:
    """Return the remedy for a problem in the lines of a log; empty if unknown."""
    text = "\n".join(log)
    return next((hint().text for words, hint in _SYMPTOMS.items() if re.search(words, text)), "")


def remedy_for_disk(folder: Path) -> str:
    """Return the remedy if the disk of a folder is full; else an empty string.

    The components' logs are on that disk: once it is full, they cannot report it.
    """
    with suppress(OSError):
        if shutil.disk_usage(folder).free < _FULL_BELOW_BYTES:
            return hints.disk_full().text
    return ""
