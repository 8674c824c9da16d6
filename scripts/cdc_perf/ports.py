"""Free TCP ports on 127.0.0.1."""

import random
import socket
from collections.abc import Container

from cdc_perf.errors import StackFailure

# Below the range from which systems take ports for outgoing connections (Linux: from 32768), so
# that none is taken between choosing and listening.
_LOWEST, _HIGHEST = 20_000, 32_000
_TRIES = 200


def free_port(taken: Container[int] = ()) -> int:
    """Return a port on which nobody listens, none of `taken`.

    Raises:
        StackFailure: None was found.
    """
    for _ in range(_TRIES):
        port = random.randrange(_LOWEST, _HIGHEST)  # noqa: S311 - no secret: it spreads checkouts
        if port not in taken and is_free(port):
            return port
    raise StackFailure(f"no free port between {_LOWEST} and {_HIGHEST} in {_TRIES} tries")


def is_free(port: int) -> bool:
    """Return whether nobody listens on the port."""
    with socket.socket() as probe:
        # As the components do: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
