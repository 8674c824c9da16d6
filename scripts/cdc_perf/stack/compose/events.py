"""Component events of containers, from the engine's events.

The engine keeps its last 256 events, mostly from health checks, so a watch listens to them from its
start.
https://docs.docker.com/reference/api/engine/version/v1.41/#tag/System/operation/SystemEvents
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from docker import APIClient
from docker.errors import DockerException
from requests import RequestException

from cdc_perf.stack.component import ComponentEvent
from cdc_perf.stack.compose.containers import COMPONENTS_OF, PROJECT_LABEL, SERVICE_LABEL

_ACTIONS = ("die", "health_status", "kill", "oom", "pause", "start", "unpause")
_UNHEALTHY = "health_status: unhealthy"
Log = Callable[[str, datetime], tuple[str, ...]]


@dataclass(frozen=True, order=True)
class DockerEvent:
    """An event of the engine.

    Attributes:
        at: Time of the event in UTC.
        component: The component.
        action: The engine's name for it: `die`, `health_status: unhealthy`, ...
        exit_code: The exit code, for `die`; else empty.
    """

    at: datetime
    component: str
    action: str
    exit_code: str = ""


class Listener:
    """Listens to the engine's events for one project, in a thread, from its creation on."""

    def __init__(self, client: APIClient, project: str) -> None:
        self._client = client
        labels = f"{PROJECT_LABEL}={project}"
        self._filters = {"type": "container", "label": labels, "event": list(_ACTIONS)}
        self._began = datetime.now(UTC)
        self._heard: set[DockerEvent] = set()
        self._lost = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def lost(self) -> bool:
        """Whether the engine has closed the connection."""
        return self._lost.is_set()

    def since(self, moment: datetime) -> tuple[DockerEvent, ...]:
        """Return the events since a time, in order.

        Query the events that the thread has not received yet.
        """
        with suppress(DockerException, RequestException):
            self._take(self._events(until=datetime.now(UTC)))
        return tuple(sorted(x for x in tuple(self._heard) if x.at >= moment))

    def _listen(self) -> None:
        with suppress(DockerException, RequestException):
            self._take(self._events(until=None))
        self._lost.set()

    def _events(self, until: datetime | None) -> Iterable[Any]:
        return self._client.events(
            since=int(self._began.timestamp()),
            until=None if until is None else int(until.timestamp()) + 1,
            filters=self._filters,
            decode=True,
        )

    def _take(self, events: Iterable[Any]) -> None:
        for event in events:
            happening = docker_event_in(event)
            if happening is not None:
                self._heard.add(happening)


def docker_event_in(event: Any) -> DockerEvent | None:  # noqa: ANN401 - the engine's JSON
    """Return an event from the engine's JSON; None if it concerns no component."""
    labels = event["Actor"]["Attributes"]
    component = COMPONENTS_OF.get(labels.get(SERVICE_LABEL, ""))
    if component is None:
        return None
    at = datetime.fromtimestamp(event["timeNano"] / 1e9, UTC)
    return DockerEvent(at, component, event["Action"], labels.get("exitCode", ""))


def component_events(docker_events: Sequence[DockerEvent], log: Log) -> tuple[ComponentEvent, ...]:
    """Return the component events that follow from the engine's events.

    If someone kills or stops a container, the engine sends `kill` before it ends. It sends none if
    the container ends by itself, or if its process is killed directly.

    Args:
        docker_events: The engine's events in order of time.
        log: Returns the last lines that a component had logged at a time.
    """
    found: list[ComponentEvent] = []
    stop_requested: set[str] = set()
    out_of_memory: set[str] = set()
    for x in docker_events:
        if x.action == "kill":
            stop_requested.add(x.component)
        elif x.action == "oom":
            out_of_memory.add(x.component)
        elif x.action in {"start", "unpause"}:
            _record_restart(found, x)
            stop_requested.discard(x.component)
        elif x.action in {"die", "pause", _UNHEALTHY}:
            starved = x.component in out_of_memory
            out_of_memory.discard(x.component)
            found.append(
                _event(x, requested=x.component in stop_requested, starved=starved, log=log)
            )
    # A process in the container was killed, such as one of PostgreSQL's, and the container
    # continued.
    found += [
        _event(x, requested=False, starved=True, log=log)
        for x in docker_events
        if x.action == "oom" and x.component in out_of_memory
    ]
    return tuple(found)


def _event(x: DockerEvent, *, requested: bool, starved: bool, log: Log) -> ComponentEvent:
    memory = ", out of memory" if starved else ""
    words = {
        "die": f"ended (exit status {x.exit_code}{memory})",
        "pause": "was paused",
        "oom": "ran out of memory and lost a process",
        _UNHEALTHY: "became unhealthy",
    }
    return ComponentEvent(
        component=x.component,
        what=words[x.action],
        by_operator=requested or x.action == "pause",
        log=log(x.component, x.at),
        remedy="raise its memory limit in docker-compose.yml" if starved else "",
        at=x.at,
    )


def _record_restart(found: list[ComponentEvent], start: DockerEvent) -> None:
    """Record in the component's last event that it runs again."""
    for index in range(len(found) - 1, -1, -1):
        event = found[index]
        if event.component == start.component:
            if event.back is None and event.what != "became unhealthy":
                found[index] = replace(event, back=start.at)
            return
