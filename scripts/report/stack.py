"""The state of the stack and of the connector, for people and for programs."""

from collections.abc import Sequence

from tabulate import tabulate

from scripts.files import json_text
from scripts.settings.durations import format_duration
from scripts.stack.component import ComponentStatus
from scripts.stack.connect_api import ConnectorStatus

_MEBIBYTE = 1024 * 1024
_NOTHING = "-"


def status_table(statuses: Sequence[ComponentStatus]) -> str:
    """Return a line for each component."""
    return tabulate(
        [
            (
                status.name,
                status.version or _NOTHING,
                status.state,
                _shown(status.pid),
                _shown(status.port),
                _NOTHING if status.memory is None else f"{status.memory / _MEBIBYTE:,.0f} MiB",
                _NOTHING if status.uptime is None else format_duration(int(status.uptime)),
            )
            for status in statuses
        ],
        headers=["component", "version", "state", "pid", "port", "memory", "uptime"],
        colalign=["left", "left", "left", "right", "right", "right", "right"],
        disable_numparse=True,
    )


def status_json(statuses: Sequence[ComponentStatus]) -> str:
    """Return the same as JSON: a list of objects, memory in bytes, uptime in seconds."""
    return json_text(list(statuses))


def connector_table(status: ConnectorStatus) -> str:
    """Return a line for the connector and one for each task, with what a failure says."""
    rows = [(status.name, status.state)]
    rows += [(f"task {task.id}", task.state) for task in status.tasks]
    table = tabulate(rows, headers=["connector", "state"], disable_numparse=True)
    return "\n".join((table, *status.failures))


def connector_json(status: ConnectorStatus) -> str:
    """Return the same as JSON, traces whole."""
    return json_text(status)


def _shown(value: int | None) -> str:
    return _NOTHING if value is None else str(value)
