"""CPU time and memory of processes on this machine, descendants included."""

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
        cpu_seconds: CPU time since its start, including that of children and ended children.
        memory: Resident bytes; memory that its processes share counts once.
        at: Time of the sample in seconds, on any clock that only goes forward.
    """

    cpu_seconds: float
    memory: int
    at: float = field(default_factory=time.monotonic)


def usage_of(pids: Mapping[str, int]) -> dict[str, Usage]:
    """Return the usage of each process with its descendants; omit those that ended.

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
    """Return the children of every process in one pass; psutil makes a pass for each query."""
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
    """Add up a process and its descendants; the process itself must be alive.

    PostgreSQL's backends map the same shared buffers, so their resident sizes must not be added.
    """
    cpu, own, shared = _of_process(top)
    for pid in descendants:
        with suppress(psutil.Error):
            more, theirs, also_shared = _of_process(psutil.Process(pid))
            cpu, own, shared = cpu + more, own + theirs, max(shared, also_shared)
    return Usage(cpu, own + shared)


def _of_process(process: psutil.Process) -> tuple[float, int, int]:
    """Return CPU seconds (ended children included), private bytes, and shared bytes."""
    with process.oneshot():
        times, memory = process.cpu_times(), process.memory_info()
    # Only Linux reports ended children and shared bytes.
    ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    shared = getattr(memory, "shared", 0)
    return times.user + times.system + ended, memory.rss - shared, shared
