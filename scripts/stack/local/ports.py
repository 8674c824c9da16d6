"""Ports of the embedded stack: given in pipeline.toml, else free ones."""

import random
import socket
from collections.abc import Mapping

import msgspec

from scripts.errors import StackFailure

# Below the range from which systems take ports for outgoing connections (Linux: from 32768), so
# that none is taken between choosing and listening.
_LOWEST, _HIGHEST = 20_000, 32_000
_TRIES = 200


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """A TCP port on 127.0.0.1 for each listener."""

    postgres: int
    kafka: int
    kafka_controller: int
    connect: int
    mongodb: int
    consumer: int


def choose(given: Mapping[str, int]) -> Ports:
    """Take the given ports and choose free ones for the rest.

    Args:
        given: Listener name -> port.

    Raises:
        StackFailure: A given port is taken, or no free one was found.
    """
    chosen = dict(given)
    for name, port in given.items():
        if not _free(port):
            raise StackFailure(
                f"port {port}, given for {name} in pipeline.toml, is taken",
                hint=f"end what listens there (ss -ltnp 'sport = :{port}') or give another",
            )
    for name in Ports.__struct_fields__:
        if name not in chosen:
            chosen[name] = _free_port(set(chosen.values()))
    return Ports(**chosen)


def _free_port(taken: set[int]) -> int:
    for _ in range(_TRIES):
        port = random.randrange(_LOWEST, _HIGHEST)  # noqa: S311 - no secret: it spreads checkouts
        if port not in taken and _free(port):
            return port
    raise StackFailure(f"no free port between {_LOWEST} and {_HIGHEST} in {_TRIES} tries")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # As the components do: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
