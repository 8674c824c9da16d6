"""What was started for a folder, known by a variable in its environment.

Whoever finds what a killed process left can trust neither a process id, which is used again, nor a
time, because clocks are stepped, nor a log, which may be lost. What a process was started with
stays with it, and with all that it starts itself.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_VARIABLE = "CDC_PERF_STARTED_FOR"
# A process that is asked to end tidies up: PostgreSQL frees its shared memory, for one.
_TERMINATION_SECONDS = 3.0
_KILL_SECONDS = 10.0


def tag(folder: Path) -> dict[str, str]:
    """Return what to add to the environment of a process that is started for the folder."""
    return {_VARIABLE: str(folder)}


def tagged_processes(folder: Path) -> tuple[psutil.Process, ...]:
    """Return the processes that run and were started for the folder, or for one inside it."""
    return tuple(_marked(str(folder)))


def _marked(folder: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        # Another user's process, or one that has just ended, cannot be asked.
        with suppress(psutil.Error, OSError):
            value = process.environ().get(_VARIABLE, "")
            if value == folder or value.startswith(folder + os.sep):
                yield process


def end_tagged_processes(folder: Path) -> bool:
    """End what was started for the folder, and wait until it is gone; False if nothing was."""
    found = tagged_processes(folder)
    # PostgreSQL's backends write over their environment; they are found as children.
    family = dict.fromkeys(found)
    for process in found:
        with suppress(psutil.Error):
            family.update(dict.fromkeys(process.children(recursive=True)))
    for process in family:
        with suppress(psutil.Error):
            process.terminate()
    _, stubborn = psutil.wait_procs(family, timeout=_TERMINATION_SECONDS)
    for process in stubborn:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(stubborn, timeout=_KILL_SECONDS)
    return bool(found)
