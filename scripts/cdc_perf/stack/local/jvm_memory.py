"""The memory of a Java process that reveals a leak: the live heap, and all memory outside the heap.

Resident size does not reveal one: it grows until the heap is full, with or without a leak.
"""

import os
import re
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cdc_perf.errors import StackFailure
from cdc_perf.stack.backend import JvmMemory
from cdc_perf.stack.component_specs import JVMS
from cdc_perf.waiting import NotReady, wait_until

_KIB = 1024
# GC.heap_info of the serial collector, one line per generation:
# `DefNew   total 116416K, used 3759K [0x00000000e0000000, 0x00000000e7e50000, 0x00000000eaaa0000)`
_GENERATION = re.compile(
    r"^\s*\S.*? total \d+K, used (\d+)K \[0x([0-9a-f]+), 0x[0-9a-f]+, 0x([0-9a-f]+)\)", re.MULTILINE
)
_MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) ")
_LISTEN_SECONDS = 2.0
_ANSWER_SECONDS = 5.0
_POLL_SECONDS = 0.01
_CHUNK = 65_536


def collected(pids: Mapping[str, int]) -> dict[str, JvmMemory]:
    """Run a full collection in each JVM; return the memory of those that answer.

    A full collection with 60 MB of live objects pauses a JVM for about 0.1 s.

    Args:
        pids: Process ids by component; only those of `JVMS` are used.
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
    """A heap: bytes in use, start address, and end address."""

    used: int
    begin: int
    end: int


def heap_of(heap_info: str) -> Heap | None:
    """Parse `GC.heap_info` of the serial collector; return None if it has another format."""
    found = _GENERATION.findall(heap_info)
    if not found:
        return None
    return Heap(
        used=sum(int(used) for used, _, _ in found) * _KIB,
        begin=min(int(begin, 16) for _, begin, _ in found),
        end=max(int(end, 16) for _, _, end in found),
    )


def resident_outside(smaps: str, heap: Heap) -> int:
    """Return the resident bytes of a process outside its heap.

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


def jcmd(pid: int, command: str) -> str:
    """Return a JVM's answer to a command such as `GC.heap_info`.

    Args:
        pid: The process id.
        command: The command, without arguments.

    Raises:
        NotReady: It does not answer.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            connection.connect(str(_listening(pid)))
            connection.sendall(b"1\0jcmd\0" + command.encode() + b"\0\0\0")
            answer = b"".join(iter(lambda: connection.recv(_CHUNK), b""))
    except OSError as error:
        raise NotReady(f"the JVM {pid} does not answer: {error}") from None
    code, _, text = answer.decode(errors="replace").partition("\n")
    if code != "0":
        raise NotReady(f"the JVM {pid} rejects {command}: {code}")
    return text


def _listening(pid: int) -> Path:
    """Return the socket of a JVM; ask the JVM to listen if it does not."""
    path = Path(f"/proc/{pid}/root/tmp/.java_pid{pid}")
    if path.exists():
        return path

    def probe() -> None:
        if not path.exists():
            raise NotReady("it does not listen")

    if not _catches(pid, signal.SIGQUIT):
        raise NotReady(f"the JVM {pid} does not handle SIGQUIT yet, which would kill it")
    asking = Path(f"/proc/{pid}/cwd/.attach_pid{pid}")
    asking.touch(mode=0o600)
    try:
        os.kill(pid, signal.SIGQUIT)
        wait_until(
            probe,
            what=f"the JVM {pid}",
            deadline_seconds=_LISTEN_SECONDS,
            interval_seconds=_POLL_SECONDS,
        )
    except StackFailure as failure:
        raise NotReady(failure.message) from None
    finally:
        asking.unlink(missing_ok=True)
    return path


def _catches(pid: int, number: signal.Signals) -> bool:
    """Return whether a process handles a signal: a bit of SigCgt in /proc/<pid>/status.

    https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    """
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    mask = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), "0")
    return bool(int(mask, 16) >> (number - 1) & 1)
