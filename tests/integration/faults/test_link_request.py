"""What becomes of a request to a server, against a server of each kind of answer."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import bson
import pytest

from cdc_perf.faults.link_request import Ended, send


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one connection; yield `host:port`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def silent(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


def closing(connection: socket.socket) -> None:
    connection.recv(65_536)


def resetting(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def answering(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"x")


@pytest.mark.parametrize(
    ("answer", "ended"),
    [(silent, "unanswered"), (closing, "reset"), (resetting, "reset"), (answering, "answered")],
)
def test_an_answer_an_end_and_silence_differ(
    answer: Callable[[socket.socket], None], ended: Ended
) -> None:
    with server(answer) as address:
        outcome = send("kafka", address, 100, 0.3)
    assert outcome.ended == ended
    assert outcome.seconds >= 0.3 or ended != "unanswered"
    assert f"{outcome.seconds:.3f} s" in str(outcome)


def test_a_server_that_refuses_connections_resets() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert send("kafka", f"127.0.0.1:{port}", 0, 0.3).ended == "reset"


@pytest.mark.parametrize("kind", ["postgres", "kafka", "mongodb"])
def test_a_request_states_its_length_and_has_the_padding(kind: str) -> None:
    received = bytearray()

    def keep(connection: socket.socket) -> None:
        received.extend(connection.recv(65_536))
        connection.sendall(b"x")

    with server(keep) as address:
        assert send(kind, address, 8_000, 1.0).ended == "answered"
    assert b"x" * 8_000 in received
    order = "<i" if kind == "mongodb" else ">i"
    (length,) = struct.unpack(order, received[:4])
    assert len(received) == length + (4 if kind == "kafka" else 0)
    if kind == "mongodb":
        assert bson.decode(bytes(received[21:]))["hello"] == 1
