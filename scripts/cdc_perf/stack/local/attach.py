"""Commands of `jcmd` to a Java process of this user, without a second JVM.

The attach protocol: a file beside the process and SIGQUIT make it listen on a socket, which takes a
version, a command and three arguments, each ended by a zero byte.
https://github.com/openjdk/jdk/blob/jdk-25%2B36/src/jdk.attach/linux/classes/sun/tools/attach/VirtualMachineImpl.java
"""

import os
import signal
import socket
from pathlib import Path

from cdc_perf.errors import StackFailure
from cdc_perf.waiting import NotReady, wait_until

_LISTEN_SECONDS = 2.0
_ANSWER_SECONDS = 5.0
_POLL_SECONDS = 0.01
_CHUNK = 65_536


def jcmd(pid: int, command: str) -> str:
    """Return what a JVM answers to a command such as `GC.heap_info`.

    Args:
        pid: The process.
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
        raise NotReady(f"the JVM {pid} refuses {command}: {code}")
    return text


def _listening(pid: int) -> Path:
    """Return the socket of a JVM, which begins to listen when it is asked to."""
    path = Path(f"/proc/{pid}/root/tmp/.java_pid{pid}")
    if path.exists():
        return path

    def probe() -> None:
        if not path.exists():
            raise NotReady("it does not listen")

    if not _catches(pid, signal.SIGQUIT):
        raise NotReady(f"the JVM {pid} has no handler of SIGQUIT yet, which would end it")
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
    """Tell whether a process handles a signal: a bit of SigCgt in /proc/<pid>/status.

    https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    """
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    mask = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), "0")
    return bool(int(mask, 16) >> (number - 1) & 1)
