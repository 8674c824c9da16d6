"""Find the processes that were started for a folder, by a variable in their environment.

After a killed process, its children cannot be found by process IDs, which are reused, nor by times,
because clocks are stepped, nor by a log, which may be lost. The environment stays with a process,
and with all its children.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_VARIABLE = "CDC_PERF_STARTED_FOR"
# A terminated process cleans up: for example, PostgreSQL frees its shared memory.
_TERMINATION_SECONDS = 3.0
_KILL_SECONDS = 10.0


def tag(folder: Path) -> dict[str, str]:
    """Return the variable to add to the environment of a process that is started for the folder."""
    return {_VARIABLE: str(folder)}


def tagged_processes(folder: Path) -> tuple[psutil.Process, ...]:
    """Return the running processes that were started for the folder, or for one inside it."""
    return tuple(_tagged(str(folder)))


def _tagged(folder: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        # The environment of another user's process, or of one that has just ended, is unreadable.
        with suppress(psutil.Error, OSError):
            value = process.environ().get(_VARIABLE, "")
            if value == folder or value.startswith(folder + os.sep):
                yield process


def end_tagged_processes(folder: Path) -> bool:
    """End the processes that were started for the folder, and wait; False if there were none."""
    found = tagged_processes(folder)
    # PostgreSQL's backends overwrite their environment; they are found as children.
    family = dict.fromkeys(found)
    for process in found:
        with suppress(psutil.Error):
            family.update(dict.fromkeys(process.children(recursive=True)))
    for process in family:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(family, timeout=_TERMINATION_SECONDS)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=_KILL_SECONDS)
    return bool(found)
