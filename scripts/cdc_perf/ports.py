"""Free TCP ports on 127.0.0.1."""

import random
import socket
from collections.abc import Container

from cdc_perf.errors import StackFailure

# Below the range for outgoing connections (Linux: from 32768), so that none takes the port between
# choosing and listening.
_LOWEST, _HIGHEST = 20_000, 32_000
_TRIES = 200


def free_port(taken: Container[int] = ()) -> int:
    """Return a port that is free, unclaimed, and not in `taken`.

    It takes seconds until a component listens on its port. Until then, the claim keeps a stack that
    starts at the same time in another checkout from choosing the same port.

    Raises:
        StackFailure: No port was found.
    """
    for _ in range(_TRIES):
        port = random.randrange(_LOWEST, _HIGHEST)  # noqa: S311 - spreads checkouts, not a secret
        if port not in taken and is_free(port) and _claim(port):
            return port
    raise StackFailure(f"no free port between {_LOWEST} and {_HIGHEST} in {_TRIES} tries")


def _claim(port: int) -> bool:
    """Bind the UDP port of the same number, which no component uses, until this process ends.

    Returns:
        False if another process has claimed the port.
    """
    with socket.socket(type=socket.SOCK_DGRAM) as claim:
        try:
            claim.bind(("127.0.0.1", port))
        except OSError:
            return False
        claim.detach()
    return True


def is_free(port: int) -> bool:
    """Return whether the port is free."""
    with socket.socket() as probe:
        # As the components do: a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
