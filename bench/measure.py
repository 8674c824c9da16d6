"""The cost of one command: time, CPU time, and memory."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """The cost of a command from its start to its end.

    Attributes:
        seconds: Elapsed time.
        processor_seconds: CPU time of all its threads.
        peak_bytes: Its peak resident memory.
    """

    seconds: float
    processor_seconds: float
    peak_bytes: int


def module(name: str, *words: str) -> tuple[str, ...]:
    """Return the command line of a Python module that finds the same modules as this process."""
    # `environment.adopt` has removed PYTHONPATH from the environment.
    path = f"PYTHONPATH={os.pathsep.join(sys.path)}"
    return ("env", path, sys.executable, "-m", name, *words)


def cost(argv: tuple[str, ...], output: Path) -> Cost:
    """Run a command to its end and return its cost.

    The figures are the kernel's (wait4), which `cdc_perf.process` does not return.

    Raises:
        RuntimeError: The command failed; its output is in `output`.
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
        raise RuntimeError(f"{argv[0]} exited with {os.waitstatus_to_exitcode(status)}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
