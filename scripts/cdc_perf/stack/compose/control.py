"""Break the components of the compose stack, through the engine's API."""

from cdc_perf.errors import StackFailure
from cdc_perf.stack.compose.containers import SERVICES, Containers
from cdc_perf.waiting import NotReady, wait_until

_DEADLINE_SECONDS = 5.0


class ComposeControl:
    """Breaks the containers of one project."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    def kill(self, component: str) -> str:
        """Kill a container, and start it: the engine restarts none that was killed through it.

        https://docs.docker.com/engine/containers/start-containers-automatically/
        """
        self._containers.kill(SERVICES[component])
        proof = self._wait(component, "exited")
        self.start(component)
        return proof

    def freeze(self, component: str) -> str:
        """Pause a container: the kernel's freezer stops all of its processes."""
        self._containers.pause(SERVICES[component])
        return self._wait(component, "paused")

    def thaw(self, component: str) -> None:
        """Unpause a container."""
        self._containers.start(SERVICES[component])

    def stop(self, component: str) -> str:
        """Stop a container in order."""
        self._containers.stop(SERVICES[component])
        return self._wait(component, "exited")

    def start(self, component: str) -> None:
        """Start a container."""
        self._containers.start(SERVICES[component])

    def fill_disk(self, component: str) -> str:
        """Refuse: the processes belong to the engine."""
        raise StackFailure(f"the disk of {component} cannot be filled: it is the engine's")

    def free_disk(self, component: str) -> None:
        """Do nothing: no disk is full."""

    def _wait(self, component: str, wanted: str) -> str:
        def probe() -> str:
            found, name = self._containers.engine_state(SERVICES[component])
            if found != wanted:
                raise NotReady(f"{name} is {found}")
            return f"the engine reports {name} as {found}"

        try:
            return wait_until(
                probe, what=f"{component} to be {wanted}", deadline_seconds=_DEADLINE_SECONDS
            )
        except KeyError:
            raise StackFailure(f"{component} has no container") from None
