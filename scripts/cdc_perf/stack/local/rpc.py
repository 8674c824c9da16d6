"""Questions to supervisord, over its unix socket."""

import http.client
import os
import socket
import xmlrpc.client
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from cdc_perf.errors import StackFailure

# It answers at once, whatever it does; a machine that is out of breath may take longer.
_ANSWER_SECONDS = 10.0


class Hung(StackFailure):
    """supervisord is there, and does not answer in time."""


def hung() -> Hung:
    """Return the failure of a supervisord that hangs."""
    return Hung(
        f"supervisord hangs: no answer within {_ANSWER_SECONDS:.0f} s",
        hint="inv down ends it, with every component",
    )


def call(path: Path, method: str, *arguments: object) -> Any:  # noqa: ANN401 - XML-RPC is untyped
    """Return supervisord's answer to a method.

    Args:
        path: Its socket.
        method: http://supervisord.org/api.html has them.
        arguments: Of the method.

    Raises:
        Hung: It took the question, and did not answer in time.
        StackFailure: It does not answer.
        xmlrpc.client.Fault: It refuses.
    """
    try:
        with xmlrpc.client.ServerProxy("http://localhost/RPC2", _Transport(path)) as server:
            return getattr(server.supervisor, method)(*arguments)
    except TimeoutError:
        raise hung() from None
    except _NO_ANSWER as error:
        raise StackFailure(f"supervisord does not answer: {error}") from None


# What is not XML-RPC is no answer of supervisord either.
_NO_ANSWER = (
    OSError,
    http.client.HTTPException,
    xmlrpc.client.ProtocolError,
    xmlrpc.client.ResponseError,
    ExpatError,
)


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
        if self._path.lstat().st_uid != os.geteuid():
            raise PermissionError(f"{self._path} belongs to another user")
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_ANSWER_SECONDS)
        self.sock.connect(str(self._path))
