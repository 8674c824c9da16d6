"""What happens to the containers from a moment on."""

from collections.abc import Mapping
from datetime import UTC, datetime

from cdc_perf.errors import StackFailure
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.stack.compose.containers import Containers
from cdc_perf.stack.compose.events import Listener, component_events

LAST_LINES = 5


class ComposeWatch:
    """What has happened since it was made, from the engine's events and logs."""

    def __init__(self, containers: Containers, listener: Listener) -> None:
        self._containers = containers
        self._listener = listener
        self._began = datetime.now(UTC)

    def events(self) -> tuple[ComponentEvent, ...]:
        """Return what ended, was paused, or became unhealthy; and whether the engine hung up."""

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
        """Return what each container has logged since."""
        try:
            return self._containers.logs(since=self._began)
        except StackFailure:
            return {}


def lines_of(log: bytes) -> tuple[str, ...]:
    """Return the lines of a log that hold anything."""
    return tuple(x for x in log.decode(errors="replace").splitlines() if x.strip())
