"""What processes of this machine use, with all that they started."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import psutil


@dataclass(frozen=True)
class Usage:
    """What a component has used so far.

    Attributes:
        cpu_seconds: Processor time since its start, of its children too, those that ended included.
        memory: Resident bytes; what its processes share is counted once.
        at: When that was so, in seconds of whatever clock the source has; it only goes forward.
    """

    cpu_seconds: float
    memory: int
    at: float = field(default_factory=time.monotonic)


def usage_of(pids: Mapping[str, int]) -> dict[str, Usage]:
    """Return what each process uses with its descendants; one that has ended is left out.

    Args:
        pids: Process ids by name.
    """
    children = _children() if pids else {}
    found = {}
    for name, pid in pids.items():
        with suppress(psutil.Error):
            found[name] = _of_family(psutil.Process(pid), _descendants(pid, children))
    return found


def _children() -> Mapping[int, list[int]]:
    """Return the children of every process, in one pass: psutil makes one for each question."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            children[process.ppid()].append(process.pid)
    return children


def _descendants(pid: int, children: Mapping[int, list[int]]) -> Iterable[int]:
    for child in children.get(pid, ()):
        yield child
        yield from _descendants(child, children)


def _of_family(top: psutil.Process, descendants: Iterable[int]) -> Usage:
    """Add up a family, whose first member must be alive.

    PostgreSQL's backends map the same shared buffers: their resident sizes do not add up.
    """
    cpu, own, shared = _of_process(top)
    for pid in descendants:
        with suppress(psutil.Error):
            more, theirs, also_shared = _of_process(psutil.Process(pid))
            cpu, own, shared = cpu + more, own + theirs, max(shared, also_shared)
    return Usage(cpu, own + shared)


def _of_process(process: psutil.Process) -> tuple[float, int, int]:
    """Return processor seconds, those of ended children included, own bytes and shared bytes."""
    with process.oneshot():
        times, memory = process.cpu_times(), process.memory_info()
    # Only Linux tells the two apart.
    ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    shared = getattr(memory, "shared", 0)
    return times.user + times.system + ended, memory.rss - shared, shared
