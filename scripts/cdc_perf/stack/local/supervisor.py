"""supervisord: its start, its end, and the state of its programs.

Each program runs in its own process group. supervisord restarts a program that ends by itself, as
in production, and records the end in its log.
"""

import sys
import time
import xmlrpc.client
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psutil
from supervisor.xmlrpc import Faults

from cdc_perf import process, process_tags
from cdc_perf.errors import StackFailure
from cdc_perf.files import PRIVATE, write_atomically
from cdc_perf.stack.component import State
from cdc_perf.stack.local import known_errors
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.logs import last_lines
from cdc_perf.stack.local.program import Program
from cdc_perf.stack.local.rpc import Hung, call, hung
from cdc_perf.stack.local.supervisor_settings import settings_text
from cdc_perf.waiting import NotReady, wait_until

_STATES: dict[str, State] = {
    "RUNNING": "running",
    "STARTING": "starting",
    "STOPPING": "stopping",
    "BACKOFF": "failed",
    "EXITED": "failed",
    "FATAL": "failed",
}
# supervisord kills a program that does not end in time; a JVM that writes its cache takes longest.
_STOP_SECONDS = 200.0
_SHUTDOWN_SECONDS = 60.0
_INTERVAL_SECONDS = 0.02
# A supervisord that hung is not called for this long, because a command calls it many times.
_SILENT_SECONDS = 30.0


class Supervisor:
    """The supervisord of one stack, running or not."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._silent_until = 0.0

    def start(self, programs: Sequence[Program]) -> None:
        """Start supervisord with the programs, but do not start the programs yet.

        Raises:
            StackFailure: It did not answer within 10 s.
        """
        layout = self._layout
        layout.logs.mkdir(parents=True, exist_ok=True)
        settings = settings_text(layout, programs)
        write_atomically(layout.supervisor_settings, settings, mode=PRIVATE)
        layout.log("supervisord").unlink(missing_ok=True)
        self._silent_until = 0.0
        try:
            process.run(
                [sys.executable, "-m", "supervisor.supervisord", "-c", layout.supervisor_settings],
                env=process_tags.tag(layout.root),  # the programs inherit it
                timeout_seconds=20,
            )
        except StackFailure as failure:
            raise StackFailure(
                "supervisord does not start",
                hint=known_errors.remedy(failure.detail),
                detail=(failure.message, *failure.detail),
            ) from None
        wait_until(
            self._ping,
            what="supervisord",
            deadline_seconds=10,
            explain=lambda: last_lines(layout.log("supervisord")),
        )

    def _ping(self) -> None:
        if not self.alive():
            raise NotReady("it does not answer")

    def alive(self) -> bool:
        """Whether a supervisord answers on the socket."""
        try:
            self._call("getState")
        except StackFailure:
            return False
        return True

    def start_program(self, name: str) -> None:
        """Start a program without waiting for it."""
        self._call("startProcess", name, False)  # noqa: FBT003 - positional in XML-RPC

    def stop_program(self, name: str) -> None:
        """Stop a program and wait for its end; supervisord kills it if it takes too long.

        Raises:
            StackFailure: The program does not end.
        """
        if not self._ask_to_stop(name):
            return

        def probe() -> None:
            state = self.state(name)
            if state not in ("stopped", "failed"):
                raise NotReady(f"it is {state}")

        # Each call wakes supervisord, which otherwise checks for ended programs once per second.
        wait_until(
            probe,
            what=f"the end of {name}",
            deadline_seconds=_STOP_SECONDS,
            interval_seconds=_INTERVAL_SECONDS,
        )

    def kill_program(self, name: str, number: str) -> None:
        """End a program at once with a signal, so that supervisord does not restart it."""
        if self._ask_to_stop(name):
            with suppress(xmlrpc.client.Fault):
                self._call("signalProcess", name, number)

    def _ask_to_stop(self, name: str) -> bool:
        """Ask supervisord to stop a program; return False if it does not run."""
        try:
            self._call("stopProcess", name, False)  # noqa: FBT003 - positional in XML-RPC
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != Faults.NOT_RUNNING:
                raise
            return False
        return True

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return supervisord's process information by program; empty if it does not run."""
        try:
            answer = self._call("getAllProcessInfo")
        except StackFailure:
            return {}
        return {info["name"]: info for info in answer}

    def state(self, name: str) -> State:
        """Return the state of a program."""
        return _STATES.get(self.processes().get(name, {}).get("statename", ""), "stopped")

    def shut_down(self) -> None:
        """End supervisord and all its programs, and wait until they are gone.

        If supervisord was killed or hangs, kill it with everything that it started.
        """
        try:
            supervisord = psutil.Process(self._call("getPID"))
            self._call("shutdown")
            self._wait_ended(supervisord)
        except psutil.NoSuchProcess:
            return
        except StackFailure:
            process_tags.end_tagged_processes(self._layout.root)

    def _wait_ended(self, supervisord: psutil.Process) -> None:
        def probe() -> None:
            # Each call wakes supervisord, which otherwise takes a step per second.
            with suppress(StackFailure):
                self._call("getState")
            # Its parent may take its time to remove what is left of an ended process.
            if supervisord.status() != psutil.STATUS_ZOMBIE:
                raise NotReady("it runs")

        wait_until(
            probe,
            what="the end of supervisord",
            deadline_seconds=_SHUTDOWN_SECONDS,
            interval_seconds=_INTERVAL_SECONDS,
        )

    def expect_answer(self) -> None:
        """Return if supervisord answers or does not run.

        Raises:
            StackFailure: It hangs, so the state of its programs is unknown.
        """
        try:
            self._call("getState")
        except Hung:
            raise
        except StackFailure:
            return

    def left_running(self) -> bool:
        """Whether programs still run although supervisord does not answer."""
        return not self.alive() and bool(process_tags.tagged_processes(self._layout.root))

    def _call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - XML-RPC is untyped
        if time.monotonic() < self._silent_until:
            raise hung()
        try:
            return call(self._layout.supervisor_socket, method, *arguments)
        except Hung:
            self._silent_until = time.monotonic() + _SILENT_SECONDS
            raise


def uptime(info: dict[str, Any]) -> float | None:
    """Return a program's uptime in seconds from supervisord's answer; None if it does not run."""
    return max(0.0, time.time() - info["start"]) if info.get("pid") else None
