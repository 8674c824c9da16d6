"""The state of the stack and of the connector, as text and as JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tabulate import tabulate

from cdc_perf.errors import UsageFailure
from cdc_perf.files import json_text
from cdc_perf.installation import COMMAND
from cdc_perf.report.rows import printable
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.names import nearest
from cdc_perf.stack.backend import LogTail
from cdc_perf.stack.component import ComponentStatus
from cdc_perf.stack.connect_api import TaskStatus
from cdc_perf.stack.connector_health import ConnectorHealth
from cdc_perf.stack.local.diagnosis import CheckResult, Health

_MEBIBYTE = 1024 * 1024
_NOTHING = "-"


def status_table(statuses: Sequence[ComponentStatus]) -> str:
    """Return a line for each component, then a line for each problem."""
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
    """Return the states as JSON: a list of objects, memory in bytes, uptime in seconds."""
    return json_text(list(statuses))


def connector_table(health: ConnectorHealth, sink: ConnectorHealth | None = None) -> str:
    """Return a line for each connector and each of its tasks, then a line for each problem.

    Args:
        health: The state of the source's connector.
        sink: The state of the sink connector; None if there is none.
    """
    rows: list[tuple[str, str]] = []
    lines: list[str] = []
    for each in filter(None, (health, sink)):
        rows.append((each.name, each.status.state if each.status else str(each.condition)))
        rows += [(f"task {task.id}", task.state) for task in _tasks(each)]
        lines += [f"{failure}: {failure.remedy}" for failure in each.failures]
        if not each.failures and not each.running:
            lines.append(each.sentence)
    table = tabulate(rows, headers=["connector", "state"], disable_numparse=True)
    return "\n".join((table, *map(printable, lines)))


def connector_json(health: ConnectorHealth, sink: ConnectorHealth | None = None) -> str:
    """Return the state as JSON: full traces, and the code, cause, and remedy of each failure.

    Args:
        health: The state of the source's connector.
        sink: The state of the sink connector, as `sink_connector`; None if there is none.
    """
    found = _fields(health)
    return json_text(found if sink is None else {**found, "sink_connector": _fields(sink)})


def _fields(health: ConnectorHealth) -> dict[str, Any]:
    failures = [{**asdict(failure), "remedy": failure.remedy} for failure in health.failures]
    known = asdict(health.status) if health.status else {"name": health.name}
    return {**known, "condition": health.condition, "failures": failures}


def _tasks(health: ConnectorHealth) -> tuple[TaskStatus, ...]:
    return health.status.tasks if health.status else ()


def _shown(value: int | None) -> str:
    return _NOTHING if value is None else str(value)


def diagnosis_table(findings: Sequence[CheckResult]) -> str:
    """Return a line for each check, and a sentence about all of them."""
    rows = [(x.what, x.health, x.found, x.remedy) for x in findings]
    table = tabulate(rows, headers=["check", "state", "found", "fix"], disable_numparse=True)
    return f"{table}\n\n{_sentence(findings)}"


def diagnosis_json(findings: Sequence[CheckResult]) -> str:
    """Return the checks as JSON."""
    return json_text(list(findings))


def _sentence(findings: Sequence[CheckResult]) -> str:
    wrong = [x.what for x in findings if x.health is Health.WRONG]
    missing = [x.what for x in findings if x.health is Health.MISSING]
    if wrong:
        return f"Fix first: {', '.join(wrong)}."
    if missing:
        return f"Ready. The first `{COMMAND} up` downloads what is missing: {', '.join(missing)}."
    return "Ready."


def last_logs(tails: Callable[[int], Mapping[str, LogTail]], component: str, lines: int) -> str:
    """Return the last lines of each log under its name.

    Args:
        tails: Returns the last N lines by component.
        component: The component to show; empty for all.
        lines: The number of lines of each.

    Raises:
        UsageFailure: If there is no such component, or the number is not positive.
    """
    if lines < 1:
        raise UsageFailure(f"--lines: {lines} is less than 1")
    found = tails(lines)
    if component and component not in found:
        raise UsageFailure(f"--component: unknown {component!r}; {nearest(component, found)}")
    chosen = {component: found[component]} if component else found
    blocks = []
    for name, tail in chosen.items():
        content = tail.lines or ("nothing logged",)
        blocks.append("\n".join((f"== {name} ({tail.where})", *content)))
    return "\n\n".join(blocks)
