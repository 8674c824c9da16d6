"""A process, told apart from a later one with the same id."""

import os
from contextlib import suppress

import msgspec
import psutil

# The system's clock of process starts is read in ticks; a hundredth of a second on Linux.
_TOLERANCE_SECONDS = 0.5


class ProcessIdentity(msgspec.Struct, frozen=True):
    """A process id, and when that process began (seconds since the epoch)."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "ProcessIdentity | None":
        """Return the identity of a process that runs."""
        with suppress(psutil.Error):
            return cls(pid, psutil.Process(pid).create_time())
        return None

    @classmethod
    def own(cls) -> "ProcessIdentity":
        """Return the identity of this process."""
        pid = os.getpid()
        return cls(pid, psutil.Process(pid).create_time())

    def running(self, tolerance_seconds: float = _TOLERANCE_SECONDS) -> psutil.Process | None:
        """Return the process if it is still this one, which began within the tolerance."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created) <= tolerance_seconds:
                return process
        return None
