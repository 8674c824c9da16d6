"""Break the components of the embedded stack: signals to processes, requests to supervisord."""

from collections.abc import Sequence
from contextlib import suppress

import psutil

from cdc_perf.errors import StackFailure
from cdc_perf.stack.local import file_limit
from cdc_perf.stack.local.supervisor import Supervisor
from cdc_perf.waiting import NotReady, wait_until
from cdc_perf.wording import counted

_DEADLINE_SECONDS = 5.0
_INTERVAL_SECONDS = 0.01
_SHOWN = 6


class LocalControl:
    """Breaks the components of one supervisord."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def kill(self, component: str) -> str:
        """Kill every process of a component.

        It is stopped first, so that it starts no process after its processes were listed.
        PostgreSQL's processes are in sessions of their own: a signal to the first one's group would
        leave them, and one that is left blocks the restart.
        """
        family = self._stopped_family(component)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()

        def gone() -> None:
            if left := [each.pid for each in family if _lives(each)]:
                raise NotReady(f"process {left[0]} runs")

        wait_until(
            gone,
            what=f"the end of {component}",
            deadline_seconds=_DEADLINE_SECONDS,
            interval_seconds=_INTERVAL_SECONDS,
        )
        return f"{_named(family)} ended by SIGKILL"

    def freeze(self, component: str) -> str:
        """Stop every process of a component with SIGSTOP."""
        family = self._stopped_family(component)

        def still() -> None:
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    if (state := process.status()) not in (psutil.STATUS_STOPPED, "zombie"):
                        raise NotReady(f"process {process.pid} is {state}")

        wait_until(
            still,
            what=f"{component} to freeze",
            deadline_seconds=_DEADLINE_SECONDS,
            interval_seconds=_INTERVAL_SECONDS,
        )
        return f"{_named(family)} in state T (stopped)"

    def thaw(self, component: str) -> None:
        """Continue every process of a component with SIGCONT."""
        with suppress(StackFailure, psutil.NoSuchProcess):
            for process in reversed(_family(self._first(component))):
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def frozen(self, component: str) -> bool:
        """Return whether a component was frozen and not continued, as by a run that was killed."""
        with suppress(StackFailure, psutil.NoSuchProcess):
            return bool(self._first(component).status() == psutil.STATUS_STOPPED)
        return False

    def stop(self, component: str) -> str:
        """Have supervisord stop a component."""
        family = _family(self._first(component))
        self._supervisor.stop_program(component)
        if left := [each.pid for each in family if _lives(each)]:
            raise StackFailure(f"{component} was stopped, but its process {left[0]} runs")
        return f"{_named(family)} ended; supervisord reports {component} as stopped"

    def start(self, component: str) -> None:
        """Have supervisord start a component."""
        self._supervisor.start_program(component)

    def fill_disk(self, component: str) -> str:
        """Keep every process of a component from writing to files."""
        if not psutil.LINUX:
            raise StackFailure("a full disk needs Linux, which limits running processes (prlimit)")
        family = _family(self._first(component))
        for process in family:
            file_limit.fill(process)
        return f"{_named(family)} may write no byte to a file (RLIMIT_FSIZE 0)"

    def free_disk(self, component: str) -> None:
        """Let every process of a component write to files again; do nothing if none runs.

        One that starts again has no limit.
        """
        try:
            family = _family(self._first(component))
        except (StackFailure, psutil.NoSuchProcess):
            return
        for process in family:
            file_limit.free(process)

    def disk_full(self, component: str) -> bool:
        """Return whether a component cannot write to files, as after a run that was killed."""
        with suppress(StackFailure, psutil.NoSuchProcess):
            return psutil.LINUX and file_limit.is_full(self._first(component))
        return False

    def _first(self, component: str) -> psutil.Process:
        pid = self._supervisor.processes().get(component, {}).get("pid")
        if not pid:
            raise StackFailure(f"{component} does not run")
        return psutil.Process(pid)

    def _stopped_family(self, component: str) -> Sequence[psutil.Process]:
        """Stop the processes of a component, the first one first, and return them."""
        first = self._first(component)
        try:
            first.suspend()
            family = _family(first)
        except psutil.NoSuchProcess:
            raise StackFailure(f"{component} has just ended") from None
        for process in family[1:]:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        return family


def _family(first: psutil.Process) -> Sequence[psutil.Process]:
    """Return a process and its descendants, parents before children."""
    return (first, *first.children(recursive=True))


def _lives(process: psutil.Process) -> bool:
    # supervisord removes an ended process once a second.
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _named(family: Sequence[psutil.Process]) -> str:
    pids = [str(each.pid) for each in family]
    more = ", ..." if len(pids) > _SHOWN else ""
    return f"{counted(len(pids), 'process', 'processes')} ({', '.join(pids[:_SHOWN])}{more})"
