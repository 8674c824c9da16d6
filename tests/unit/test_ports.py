import random
import socket
from types import TracebackType
from typing import Self

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.ports import free_port, is_free

TAKEN = 25_000
CLAIMED = 25_003


class FakeSocket:
    """A socket on a machine where one port is taken and one is claimed, or every one is taken."""

    taken = frozenset({TAKEN})
    claimed = frozenset({CLAIMED})

    def __init__(self, *, type: socket.SocketKind = socket.SOCK_STREAM) -> None:  # noqa: A002
        self.refused = self.claimed if type is socket.SOCK_DGRAM else self.taken

    def setsockopt(self, *_option: int) -> None:
        pass

    def bind(self, address: tuple[str, int]) -> None:
        host, port = address
        assert host == "127.0.0.1"
        if port in self.refused:
            raise OSError(98, "Address already in use")

    def detach(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        pass


@pytest.fixture(autouse=True)
def sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", FakeSocket)


def offered(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> None:
    """Let the random numbers be these."""
    given = iter(numbers)
    monkeypatch.setattr(random, "randrange", lambda _low, _high: next(given))


def test_a_port_is_free_when_it_can_be_bound() -> None:
    assert (is_free(TAKEN), is_free(TAKEN + 1)) == (False, True)


def test_ports_that_are_taken_or_spoken_for_are_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offered(monkeypatch, TAKEN, 25_001, CLAIMED, 25_002)
    assert free_port({25_001}) == 25_002


def test_a_free_port_lies_below_those_of_outgoing_connections() -> None:
    assert all(20_000 <= free_port() < 32_000 for _ in range(200))


def test_a_machine_without_a_free_port_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeSocket, "taken", range(65_536))
    with pytest.raises(StackFailure, match="no free port between 20000 and 32000 in 200 tries"):
        free_port()
