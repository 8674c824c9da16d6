"""supervisord: its settings file, its start and end, and what it knows of the programs.

Each program runs in a process group of its own and is started again when it ends by itself, as it
would be in production; what ended by itself during a run stands in supervisord's log.
"""

import http.client
import re
import shlex
import socket
import sys
import time
import xmlrpc.client
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import Faults

from scripts import marks, process
from scripts.errors import StackFailure
from scripts.files import write_atomically
from scripts.stack.component import ComponentEvent, State
from scripts.stack.local import symptoms
from scripts.stack.local.layout import Layout
from scripts.stack.local.program import Program
from scripts.waiting import NotReady, wait_until

_STATES: dict[str, State] = {
    "RUNNING": "running",
    "STARTING": "starting",
    "STOPPING": "stopping",
    "BACKOFF": "failed",
    "EXITED": "failed",
    "FATAL": "failed",
}
_LAST_LINES = 8
# The cause stands above the stack traces of its consequences.
_LAST_WORDS = 200
# It answers at once, whatever it does; a machine that is out of breath may take longer.
_ANSWER_SECONDS = 10.0
# It kills what does not end in its time; the longest is that of a JVM that writes its cache.
_STOP_SECONDS = 200.0
_SHUTDOWN_SECONDS = 60.0
# supervisord's own words, from its process.py: "exited" was not asked for, "stopped" was.
_AT = r"^(?P<at>[0-9-]{10} [0-9:]{8},[0-9]{3}) [A-Z]+"
_EVENT = re.compile(
    rf"{_AT} (?P<verb>exited|stopped): (?P<name>\S+) \((?P<how>[^;)]*)", re.MULTILINE
)
_BEGUN = re.compile(rf"{_AT} spawned: '(?P<name>[^']+)'", re.MULTILINE)


# Its parser takes what follows a space and one of these signs for a comment, wherever it stands.
_UNSAYABLE = re.compile(r"\s[;#]|[\r\n]")


def settings_text(layout: Layout, programs: Sequence[Program]) -> str:
    """Return supervisord.conf; `%` is doubled because its parser expands it.

    Raises:
        StackFailure: A path or a value cannot be written there.
    """
    sections = [
        "[supervisord]",
        f"logfile={_value(layout.log('supervisord'))}",
        "logfile_maxbytes=0",
        f"pidfile={_value(layout.root / 'supervisord.pid')}",
        f"directory={_value(layout.root)}",
        "nocleanup=true",
        "[unix_http_server]",
        f"file={_value(layout.supervisor_socket)}",
        "chmod=0700",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs:
        environment = ",".join(f'{k}="{_quotable(v)}"' for k, v in program.environment.items())
        sections += [
            f"[program:{program.name}]",
            f"command={_value(shlex.join(str(word) for word in program.argv))}",
            f"environment={environment}",
            *([f"user={program.user}"] if program.user else []),
            # This one it expands twice.
            f"stdout_logfile={_value(_value(layout.log(program.name)))}",
            "stdout_logfile_maxbytes=0",
            "redirect_stderr=true",
            "autostart=false",
            "autorestart=true",
            "startretries=20",
            "startsecs=1",
            f"stopsignal={program.stop_signal}",
            f"stopwaitsecs={program.stop_seconds}",
            "killasgroup=true",
        ]
    return "\n".join(sections) + "\n"


def _value(value: str | Path) -> str:
    text = str(value)
    if _UNSAYABLE.search(text):
        raise _unsayable(text)
    return text.replace("%", "%%")


def _quotable(value: str) -> str:
    # Its parser knows no escapes, and strips quotes of both kinds from the ends.
    if '"' in value or value != value.strip("'"):
        raise _unsayable(value)
    return _value(value)


def _unsayable(text: str) -> StackFailure:
    return StackFailure(
        f"supervisord's settings cannot hold {text!r}",
        hint="take quotes, line breaks and a space before ; or # out of it; is it a folder's name?",
    )


class Supervisor:
    """The supervisord of one stack, running or not."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def start(self, programs: Sequence[Program]) -> None:
        """Start supervisord with the programs, none of which it starts yet.

        Raises:
            StackFailure: It did not answer within ten seconds.
        """
        layout = self._layout
        layout.logs.mkdir(parents=True, exist_ok=True)
        write_atomically(layout.supervisor_settings, settings_text(layout, programs))
        layout.log("supervisord").unlink(missing_ok=True)
        try:
            process.run(
                [sys.executable, "-m", "supervisor.supervisord", "-c", layout.supervisor_settings],
                env=marks.mark(layout.root),  # and the programs inherit it
                timeout_seconds=20,
            )
        except StackFailure as failure:
            raise StackFailure(
                "supervisord does not start",
                hint=symptoms.remedy(failure.detail),
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
        """Start a program, without waiting."""
        self._call("startProcess", name, False)  # noqa: FBT003 - positional in XML-RPC

    def stop_program(self, name: str) -> None:
        """Stop a program and wait for its end; supervisord kills it if it takes too long.

        Raises:
            StackFailure: It does not end.
        """
        if not self._ask_to_stop(name):
            return

        def probe() -> None:
            state = self.state(name)
            if state not in ("stopped", "failed"):
                raise NotReady(f"it is {state}")

        # Each question wakes supervisord, which by itself looks once a second for what has ended.
        wait_until(
            probe,
            what=f"the end of {name}",
            deadline_seconds=_STOP_SECONDS,
            interval_seconds=0.02,
        )

    def kill_program(self, name: str, number: str) -> None:
        """Send a program a signal that ends it at once, so that it is not started again."""
        if self._ask_to_stop(name):
            with suppress(xmlrpc.client.Fault):
                self._call("signalProcess", name, number)

    def _ask_to_stop(self, name: str) -> bool:
        """Ask supervisord to end a program; False if it does not run."""
        try:
            self._call("stopProcess", name, False)  # noqa: FBT003 - positional in XML-RPC
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != Faults.NOT_RUNNING:
                raise
            return False
        return True

    def processes(self) -> dict[str, dict[str, Any]]:
        """Return what supervisord knows, by program; empty when it is not running."""
        try:
            answer = self._call("getAllProcessInfo")
        except StackFailure:
            return {}
        return {info["name"]: info for info in answer}

    def state(self, name: str) -> State:
        """Return the state of a program."""
        return _STATES.get(self.processes().get(name, {}).get("statename", ""), "stopped")

    def shut_down(self) -> None:
        """End supervisord and what it still runs, and wait until all of it is gone.

        If supervisord was killed, what it left is killed too.
        """
        try:
            pid = self._call("getPID")
            self._call("shutdown")
        except StackFailure:
            marks.end_started_for(self._layout.root)
            return
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).wait(timeout=_SHUTDOWN_SECONDS)

    def left_running(self) -> bool:
        """Whether something still runs although supervisord does not answer."""
        return not self.alive() and bool(marks.started_for(self._layout.root))

    def events_since(self, offset: int) -> tuple[ComponentEvent, ...]:
        """Return what ended, by itself or on demand, since that offset of supervisord's log."""
        try:
            with self._layout.log("supervisord").open(encoding="utf-8") as log:
                log.seek(offset)
                lines = log.read()
        except FileNotFoundError:
            return ()
        return tuple(
            ComponentEvent(
                component=match["name"],
                what=f"ended ({match['how'].strip()})",
                by_operator=match["verb"] == "stopped",
                log=last_lines(self._layout.log(match["name"])),
                remedy=symptoms.remedy(last_lines(self._layout.log(match["name"]), _LAST_WORDS)),
                at=_time(match["at"]),
                back=_begun_again(match["name"], lines[match.end() :]),
            )
            for match in _EVENT.finditer(lines)
        )

    def _call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - XML-RPC is untyped
        transport = _Transport(self._layout.supervisor_socket)
        try:
            with xmlrpc.client.ServerProxy("http://localhost/RPC2", transport) as server:
                return getattr(server.supervisor, method)(*arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise StackFailure(f"supervisord does not answer: {error}") from None


class _Transport(xmlrpc.client.Transport):
    """XML-RPC over a unix socket; supervisor's own would wait for ever."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ANN401 - the base's
        """Return a connection to the socket, whatever host is asked for."""
        connection = _UnixConnection(self._path)
        self._connection = (host, connection)  # which is what the base class closes
        return connection


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_ANSWER_SECONDS)
        self.sock.connect(str(self._path))


def _begun_again(name: str, lines: str) -> datetime | None:
    begun = (match for match in _BEGUN.finditer(lines) if match["name"] == name)
    again = next(begun, None)
    return None if again is None else _time(again["at"])


def _time(text: str) -> datetime:
    """Return a time of supervisord's log, which is this machine's local time, in UTC."""
    local = datetime.strptime(text, "%Y-%m-%d %H:%M:%S,%f")  # noqa: DTZ007 - it has no zone
    return local.astimezone(UTC)


def last_lines(log: Path, count: int = _LAST_LINES) -> tuple[str, ...]:
    """Return the last lines of a log file, or none where there is no file."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - 65_536))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ()
    return tuple(line for line in text.splitlines() if line.strip())[-count:]


def uptime(info: dict[str, Any]) -> float | None:
    """Return how long a program has been running, in seconds, from supervisord's answer."""
    return max(0.0, time.time() - info["start"]) if info.get("pid") else None
