"""A small request to a server of the pipeline, and what became of it."""

import socket
import struct
import time
from dataclasses import dataclass
from typing import Literal

import bson

Ended = Literal["answered", "unanswered", "reset"]
_API_VERSIONS, _OP_MSG = 18, 2013
_PROTOCOL_3 = 196_608


@dataclass(frozen=True)
class Outcome:
    """What became of a request.

    Attributes:
        ended: `answered`: its first byte came back; `reset`: the connection ended without one.
        seconds: How long that took, or how long nothing happened.
    """

    ended: Ended
    seconds: float

    def __str__(self) -> str:
        """Return it as the end of a sentence."""
        how = "not answered within" if self.ended == "unanswered" else f"{self.ended} after"
        return f"{how} {self.seconds:.3f} s"


def send(server: str, address: str, padding: int, timeout_seconds: float) -> Outcome:
    """Send a request that needs no login to a server.

    Args:
        server: The component: `postgres`, `kafka`, or `mongodb`.
        address: `host:port`.
        padding: How many bytes the request has at least.
        timeout_seconds: How long to wait for the answer.
    """
    host, _, port = address.rpartition(":")
    request = _request(server, padding)
    began = time.monotonic()
    ended: Ended
    try:
        with socket.create_connection((host, int(port)), timeout_seconds) as connection:
            connection.settimeout(timeout_seconds)
            connection.sendall(request)
            ended = "answered" if connection.recv(1) else "reset"
    except TimeoutError:
        ended = "unanswered"
    except OSError:
        ended = "reset"
    return Outcome(ended, time.monotonic() - began)


def _request(server: str, padding: int) -> bytes:
    """Return a request in the protocol of a server; each answers it before any login.

    - PostgreSQL: StartupMessage, at most 10,000 bytes. https://www.postgresql.org/docs/current/protocol-message-formats.html
    - Kafka: ApiVersions, version 0, with a client id. https://kafka.apache.org/protocol#The_Messages_ApiVersions
    - MongoDB: `hello` in OP_MSG, with a comment. https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
    """
    text = b"x" * padding
    if server == "postgres":
        content = struct.pack(">i", _PROTOCOL_3) + b"user\0x\0application_name\0" + text + b"\0\0"
        return struct.pack(">i", len(content) + 4) + content
    if server == "kafka":
        content = struct.pack(">hhih", _API_VERSIONS, 0, 1, padding) + text
        return struct.pack(">i", len(content)) + content
    document = bson.encode({"hello": 1, "$db": "admin", "comment": text.decode()})
    content = struct.pack("<iiii", 1, 0, _OP_MSG, 0) + b"\0" + document
    return struct.pack("<i", len(content) + 4) + content
