"""Calls to supervisord over its unix socket."""

import http.client
import os
import socket
import xmlrpc.client
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from supervisor.xmlrpc import Faults

from cdc_perf.errors import StackFailure
from cdc_perf.installation import COMMAND

# supervisord answers at once, whatever it does; an overloaded machine may take longer.
_ANSWER_SECONDS = 10.0


class Hung(StackFailure):
    """supervisord accepts calls and does not answer in time."""


def hung() -> Hung:
    """Return the failure of a supervisord that hangs."""
    return Hung(
        f"supervisord hangs: no answer within {_ANSWER_SECONDS:.0f} s",
        hint=f"{COMMAND} down stops it and every component",
    )


def call(path: Path, method: str, *arguments: object) -> Any:  # noqa: ANN401 - XML-RPC is untyped
    """Call a method of supervisord and return its answer.

    Args:
        path: Path of the socket.
        method: Name of the method, see http://supervisord.org/api.html.
        arguments: Arguments of the method.

    Raises:
        Hung: supervisord accepted the call and did not answer in time.
        StackFailure: supervisord does not answer, or is shutting down.
        xmlrpc.client.Fault: supervisord refuses the call.
    """
    try:
        with xmlrpc.client.ServerProxy("http://localhost/RPC2", _Transport(path)) as server:
            return getattr(server.supervisor, method)(*arguments)
    except xmlrpc.client.Fault as fault:
        if fault.faultCode == Faults.SHUTDOWN_STATE:
            raise StackFailure("supervisord is shutting down") from None
        raise
    except TimeoutError:
        raise hung() from None
    except _NO_ANSWER as error:
        raise StackFailure(f"supervisord does not answer: {error}") from None


# An answer that is not XML-RPC does not come from supervisord.
_NO_ANSWER = (
    OSError,
    http.client.HTTPException,
    xmlrpc.client.ProtocolError,
    xmlrpc.client.ResponseError,
    ExpatError,
)


class _Transport(xmlrpc.client.Transport):
    """XML-RPC over a unix socket, with a timeout, which supervisor's own transport lacks."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ANN401 - the base's
        """Return a connection to the socket, whatever the host."""
        connection = _UnixConnection(self._path)
        self._connection = (host, connection)  # the base class closes it
        return connection


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        if self._path.lstat().st_uid != os.geteuid():
            raise PermissionError(f"{self._path} belongs to another user")
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_ANSWER_SECONDS)
        self.sock.connect(str(self._path))
