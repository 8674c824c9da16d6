"""What still runs of a stack whose supervisord was killed, known from supervisord's own log."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import psutil

from scripts.identity import ProcessIdentity

# supervisord's words, from its process.py; the time is local.
_SPAWNED = re.compile(r"^(\S+ [0-9:]+),\d+ INFO spawned: '[^']+' with pid (\d+)$", re.MULTILINE)
# The log tells the second in which a process was spawned, a moment before it began.
_TOLERANCE_SECONDS = 3.0
_DEADLINE_SECONDS = 10.0


def left_running(log: Path) -> tuple[psutil.Process, ...]:
    """Return the processes that the log says were started, as far as they still run."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(_alive(text))


def _alive(text: str) -> Iterator[psutil.Process]:
    for when, pid in _SPAWNED.findall(text):
        spawned = ProcessIdentity(int(pid), datetime.fromisoformat(when).timestamp())
        process = spawned.running(_TOLERANCE_SECONDS)
        if process is not None:
            yield process


def end(processes: tuple[psutil.Process, ...]) -> None:
    """Kill the processes and all that they started, and wait until they are gone."""
    family = list(processes)
    for process in processes:
        with suppress(psutil.Error):
            family += process.children(recursive=True)
    for process in family:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(family, timeout=_DEADLINE_SECONDS)
