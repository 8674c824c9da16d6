"""What a leak of a Java process moves: its live heap after a collection, and all beside the heap.

The resident size of a JVM shows neither: it grows until the heap is full, leak or not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cdc_perf.stack.backend import JvmMemory
from cdc_perf.stack.local.attach import jcmd
from cdc_perf.waiting import NotReady

JVMS = ("kafka", "connect")
_KIB = 1024
# GC.heap_info of the serial collector, a line a generation:
# `DefNew   total 116416K, used 3759K [0x00000000e0000000, 0x00000000e7e50000, 0x00000000eaaa0000)`
_GENERATION = re.compile(
    r"^\s*\S.*? total \d+K, used (\d+)K \[0x([0-9a-f]+), 0x[0-9a-f]+, 0x([0-9a-f]+)\)", re.MULTILINE
)
_MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) ")


def collected(pids: Mapping[str, int]) -> dict[str, JvmMemory]:
    """Let each JVM collect its garbage, and return what is left of those that answer.

    A full collection of 60 MB of live objects stops a JVM for about 0.1 s.

    Args:
        pids: Process ids of components, of which those of `JVMS` are looked at.
    """
    found = {}
    for name in JVMS:
        pid = pids.get(name)
        if pid is None:
            continue
        try:
            jcmd(pid, "GC.run")
            heap = heap_of(jcmd(pid, "GC.heap_info"))
            smaps = Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8", errors="replace")
        except (NotReady, OSError):
            continue
        if heap is not None:
            found[name] = JvmMemory(heap.used, resident_outside(smaps, heap))
    return found


@dataclass(frozen=True)
class Heap:
    """A heap: bytes in use, and where it begins and ends."""

    used: int
    begin: int
    end: int


def heap_of(heap_info: str) -> Heap | None:
    """Return what `GC.heap_info` of the serial collector says; None if it says something else."""
    found = _GENERATION.findall(heap_info)
    if not found:
        return None
    return Heap(
        used=sum(int(used) for used, _, _ in found) * _KIB,
        begin=min(int(begin, 16) for _, begin, _ in found),
        end=max(int(end, 16) for _, _, end in found),
    )


def resident_outside(smaps: str, heap: Heap) -> int:
    """Return the resident bytes of a process that are not of its heap.

    https://docs.kernel.org/filesystems/proc.html
    """
    total, counts = 0, True
    for line in smaps.splitlines():
        if mapping := _MAPPING.match(line):
            begin = int(mapping[1], 16)
            counts = not heap.begin <= begin < heap.end
        elif counts and line.startswith("Rss:"):
            total += int(line.split()[1]) * _KIB
    return total
