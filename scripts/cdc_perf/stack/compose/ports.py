"""Ports of the compose stack: from the environment, else free ones."""

from collections.abc import Mapping

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.ports import free_port, is_free
from cdc_perf.stack.component_specs import SPECS

# The variable of docker-compose.yml for each listener on 127.0.0.1.
VARIABLES = {spec.name: spec.port_variable for spec in SPECS}
_HIGHEST = 65_535


def choose(environment: Mapping[str, str]) -> dict[str, int]:
    """Return a port for each listener.

    Raises:
        UsageFailure: A variable is not a port.
        StackFailure: A given port is taken, or no free one was found.
    """
    given = {
        name: _given(var, environment[var])
        for name, var in VARIABLES.items()
        if environment.get(var)
    }
    chosen = dict(given)
    for name in VARIABLES:
        if name not in chosen:
            chosen[name] = free_port(set(chosen.values()))
    return chosen


def _given(variable: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) <= _HIGHEST:
        raise UsageFailure(f"{variable}: {text!r} is not a port: use 1 to {_HIGHEST}")
    port = int(text)
    if not is_free(port):
        raise StackFailure(
            f"port {port} ({variable}) is in use",
            hint=f"stop the process that listens there (ss -ltnp 'sport = :{port}'), "
            "or set another port",
        )
    return port
