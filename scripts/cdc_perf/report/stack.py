"""The state of the stack and of the connector, for people and for programs."""

from collections.abc import Sequence
from dataclasses import asdict

from tabulate import tabulate

from cdc_perf.files import json_text
from cdc_perf.report.rows import printable
from cdc_perf.settings.durations import format_duration
from cdc_perf.stack.component import ComponentStatus
from cdc_perf.stack.connect_api import TaskStatus
from cdc_perf.stack.connector_health import ConnectorHealth

_MEBIBYTE = 1024 * 1024
_NOTHING = "-"


def status_table(statuses: Sequence[ComponentStatus]) -> str:
    """Return a line for each component; below them what is wrong with one, a line each."""
    table = tabulate(
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
    wrong = [f"{status.name}: {status.detail}" for status in statuses if status.detail]
    return "\n".join((table, *map(printable, wrong)))


def status_json(statuses: Sequence[ComponentStatus]) -> str:
    """Return the same as JSON: a list of objects, memory in bytes, uptime in seconds."""
    return json_text(list(statuses))


def connector_table(health: ConnectorHealth) -> str:
    """Return a line for the connector and one for each task, then what is wrong."""
    rows = [(health.name, health.status.state if health.status else str(health.condition))]
    rows += [(f"task {task.id}", task.state) for task in _tasks(health)]
    table = tabulate(rows, headers=["connector", "state"], disable_numparse=True)
    lines = [f"{failure}: {failure.remedy}" for failure in health.failures]
    if not lines and not health.running:
        lines = [health.sentence]
    return "\n".join((table, *map(printable, lines)))


def connector_json(health: ConnectorHealth) -> str:
    """Return the same as JSON: traces whole, and of each failure its code, cause and remedy."""
    failures = [{**asdict(failure), "remedy": failure.remedy} for failure in health.failures]
    known = asdict(health.status) if health.status else {"name": health.name}
    return json_text({**known, "condition": health.condition, "failures": failures})


def _tasks(health: ConnectorHealth) -> tuple[TaskStatus, ...]:
    return health.status.tasks if health.status else ()


def _shown(value: int | None) -> str:
    return _NOTHING if value is None else str(value)
