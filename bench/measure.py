"""What a command costs: time, processor time and memory of it alone."""

import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a command cost from its start to its end.

    Attributes:
        seconds: On the wall.
        processor_seconds: Of all its threads.
        peak_bytes: The most memory that it had at a time (resident).
    """

    seconds: float
    processor_seconds: float
    peak_bytes: int


def cost(argv: tuple[str, ...], output: Path) -> Cost:
    """Run a command to its end and return what it cost.

    The kernel's own account of the process (wait4), which a runner of commands does not hand on.

    Raises:
        RuntimeError: It failed; what it printed is in `output`.
    """
    began = time.perf_counter()
    write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    pid = os.posix_spawnp(
        argv[0],
        argv,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, str(output), write, 0o644)],
    )
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise RuntimeError(f"{argv[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
