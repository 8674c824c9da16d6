"""Run commands; nothing else in the harness does.

Built on `sh`. Commands are lists of arguments, never shell text. Every command is logged at DEBUG
(`inv -d`), but never its environment, so secrets are passed only there. A variable of the shell
reaches a program only if it is a documented input (environment.py).
"""

import logging
import os
import shlex
import shutil
import signal
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import sh

from cdc_perf import environment
from cdc_perf.errors import StackFailure
from cdc_perf.redaction import redacted
from cdc_perf.signals import deferred

_log = logging.getLogger(__name__)
logging.getLogger("sh").setLevel(logging.WARNING)  # it logs every chunk that it reads
_KEPT_LINES = 200
_running: "set[Running]" = set()


@dataclass(frozen=True)
class Completed:
    """The result of a finished command; a negative exit code is the signal that ended it."""

    argv: tuple[str, ...]
    exit_code: int
    output: str
    last_lines: tuple[str, ...]


class Running:
    """A command that runs in the background, in its own process group."""

    def __init__(
        self,
        argv: Sequence[str],
        handle: sh.RunningCommand,
        lines: deque[str],
        sink: "_Sink",
    ) -> None:
        self._argv = tuple(argv)
        self._handle = handle
        self._lines = lines
        self._ended = threading.Event()
        self._sink = sink

    @property
    def pid(self) -> int:
        """The process ID, which is also the ID of its group."""
        return int(self._handle.pid)

    @property
    def alive(self) -> bool:
        """Whether it still runs, or one of its children still writes to its output."""
        return not self._ended.is_set()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal only to the command itself, if it still runs."""
        if self.alive:
            with suppress(ProcessLookupError):
                self._handle.signal(number)

    def kill_group(self) -> None:
        """Kill the command and all its children."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def ended_within(self, seconds: float) -> bool:
        """Wait for its end, at most that long; return whether it ended."""
        return self._ended.wait(seconds)

    def wait(self) -> Completed:
        """Wait for its end, and accept any exit code."""
        self._ended.wait()
        return Completed(self._argv, int(self._handle.exit_code), "", tuple(self._lines))

    def follow(self) -> None:
        """Wait for its end and record it; runs in its own thread."""
        try:
            # sh itself only polls once a second whether a command has ended.
            self._handle.wait()
        finally:
            _running.discard(self)
            self._sink.close()
            self._ended.set()


class _Sink:
    """The file for a command's output, as long as it is writable.

    A full disk must not end the thread that reads the output: the command would then block forever.
    """

    def __init__(self, path: Path | None) -> None:
        self._stream = path.open("a", encoding="utf-8") if path is not None else None

    def write(self, line: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(redacted(line))
            self._stream.flush()
        except OSError as error:
            _log.warning(f"cannot write {self._stream.name} any further: {error.strerror}")
            self.close()

    def close(self) -> None:
        if self._stream is not None:
            # Closing tries again to write the buffer.
            with suppress(OSError):
                self._stream.close()
            self._stream = None


def find(name: str) -> str:
    """Return the path of an executable on PATH.

    Raises:
        StackFailure: There is none; the hint says to install it.
    """
    found = shutil.which(name)
    if found is None:
        raise StackFailure(f"{name} is not on PATH", hint=f"install {name}")
    return found


def start(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
    output: Path | None = None,
    uid: int | None = None,
) -> Running:
    """Start a command in the background.

    Args:
        argv: Program and arguments; a program name without a slash is looked up on PATH.
        cwd: Working folder.
        env: Additions to the environment, passed on whatever their names.
        on_line: Called with each line of standard output and error, without its newline.
        output: A file that also receives the lines.
        uid: The user to run as; requires root.

    Raises:
        StackFailure: The program does not exist.
    """
    words = [str(word) for word in argv]
    program = words[0] if os.sep in words[0] else find(words[0])
    _log.debug("run: %s", shlex.join(words))
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    sink = _Sink(output)

    def take(line: str) -> None:
        lines.append(line.rstrip("\n"))
        sink.write(line)
        if on_line is not None:
            on_line(line.rstrip("\n"))

    try:
        # A signal between the start of the process and its registration would leave it behind.
        with deferred(), Path(os.devnull).open("rb") as nothing:
            handle = sh.Command(program)(
                *words[1:],
                _bg=True,
                _bg_exc=False,
                _cwd=str(cwd) if cwd is not None else None,
                _env={**environment.passed_on(os.environ), **(env or {})},
                _in=nothing,
                _out=take,
                _err_to_out=True,
                _tty_out=False,
                _new_session=True,
                _return_cmd=True,
                _ok_code=tuple(range(-64, 256)),
                _uid=uid,
            )
            running = Running(words, handle, lines, sink)
            _running.add(running)
            threading.Thread(target=running.follow, daemon=True).start()
    except sh.CommandNotFound:
        raise StackFailure(f"{program} does not exist or is not executable") from None
    return running


def kill_all() -> None:
    """Kill every command that still runs, with its children, when the harness fails."""
    for running in tuple(_running):
        running.kill_group()


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
    uid: int | None = None,
    timeout_seconds: float = 600,
    check: bool = True,
) -> Completed:
    """Run a command to its end and return its standard output and error.

    Raises:
        StackFailure: The program does not exist, timed out, or (with `check`) exited with a code
            other than 0; the detail has its last lines.
    """
    collected: list[str] = []

    def take(line: str) -> None:
        collected.append(line)
        if on_line is not None:
            on_line(line)

    running = start(argv, cwd=cwd, env=env, on_line=take, uid=uid)
    try:
        # Not sh's own timeout: its timer would keep the process alive after an interruption.
        in_time = running.ended_within(timeout_seconds)
    finally:
        running.kill_group()
    completed = running.wait()
    if not in_time:
        name = Path(str(argv[0])).name
        raise StackFailure(
            f"{name} did not finish within {timeout_seconds:.0f} s", detail=tuple(collected[-5:])
        )
    if check and completed.exit_code != 0:
        raise StackFailure(
            f"{shlex.join(completed.argv)[:200]} exited with code {completed.exit_code}",
            detail=tuple(collected[-10:]),
        )
    return Completed(
        completed.argv, completed.exit_code, "\n".join(collected), completed.last_lines
    )
