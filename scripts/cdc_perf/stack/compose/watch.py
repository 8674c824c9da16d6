"""Events and logs of the containers since a point in time."""

from collections.abc import Mapping
from datetime import UTC, datetime

from cdc_perf.errors import StackFailure
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.stack.compose.containers import Containers
from cdc_perf.stack.compose.events import Listener, component_events

LAST_LINES = 5


class ComposeWatch:
    """Events and logs since its creation, from the engine."""

    def __init__(self, containers: Containers, listener: Listener) -> None:
        self._containers = containers
        self._listener = listener
        self._began = datetime.now(UTC)

    def events(self) -> tuple[ComponentEvent, ...]:
        """Return what ended, paused, or became unhealthy, and a lost connection to the engine."""

        def log(name: str, moment: datetime) -> tuple[str, ...]:
            try:
                return lines_of(self._containers.last_words(name, moment, LAST_LINES))
            except StackFailure:
                return ()

        events = component_events(self._listener.since(self._began), log)
        if self._listener.lost:
            gone = ComponentEvent("docker", "hung up", by_operator=False, log=())
            return (*events, gone)
        return events

    def logs(self) -> Mapping[str, bytes]:
        """Return what each container has logged since then."""
        try:
            return self._containers.logs(since=self._began)
        except StackFailure:
            return {}


def lines_of(log: bytes) -> tuple[str, ...]:
    """Return the lines of a log that are not blank."""
    return tuple(x for x in log.decode(errors="replace").splitlines() if x.strip())
