"""Ports of the embedded stack: from pipeline.toml, else free ones."""

from collections.abc import Mapping

import msgspec

from cdc_perf.errors import StackFailure
from cdc_perf.ports import free_port, is_free


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """A TCP port on 127.0.0.1 for each listener."""

    postgres: int
    kafka: int
    kafka_controller: int
    connect: int
    mongodb: int
    consumer: int
    prometheus: int
    kafka_jmx: int
    connect_jmx: int


def choose(given: Mapping[str, int]) -> Ports:
    """Return the given ports, and free ones for the other listeners.

    Args:
        given: Ports by listener.

    Raises:
        StackFailure: A given port is taken, or no free one was found.
    """
    chosen = dict(given)
    for name, port in given.items():
        if not is_free(port):
            raise StackFailure(
                f"port {port} ({name} in pipeline.toml) is in use",
                hint=f"stop the process that listens there (ss -ltnp 'sport = :{port}'), "
                "or set another port",
            )
    for name in Ports.__struct_fields__:
        if name not in chosen:
            chosen[name] = free_port(set(chosen.values()))
    return Ports(**chosen)
