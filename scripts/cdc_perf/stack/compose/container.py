"""One container, read from the engine's JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cdc_perf.stack.component import State


@dataclass(frozen=True)
class Container:
    """The current state of a container.

    Attributes:
        id: Its id.
        name: Its name.
        image: The image's name with its tag.
        image_id: The image's own digest.
        state: Its state, in the terms of all backends.
        pid: Process id of its first process on this machine; None if it does not run.
        ports: Published ports, by container port.
        started: Time of its last start; None if it never started.
        restarts: How often the engine has restarted it.
        limits: The CPUs and the bytes of memory that it may use; 0: all.
    """

    id: str
    name: str
    image: str
    image_id: str
    state: State
    pid: int | None
    ports: Mapping[int, int]
    started: datetime | None
    restarts: int
    limits: tuple[float, int]

    @property
    def uptime(self) -> float | None:
        """Seconds since its start; None if it does not run."""
        if self.pid is None or self.started is None:
            return None
        return max(0.0, (datetime.now(UTC) - self.started).total_seconds())


def container_in(found: Any) -> Container:  # noqa: ANN401 - the engine's JSON
    """Return a container from the engine's JSON."""
    state, host = found["State"], found["HostConfig"]
    published = found["NetworkSettings"]["Ports"] or {}
    return Container(
        id=found["Id"],
        name=found["Name"].removeprefix("/"),
        image=found["Config"]["Image"],
        image_id=found["Image"],
        state=state_of(state),
        pid=state["Pid"] or None,
        ports={
            int(inside.partition("/")[0]): int(outside[0]["HostPort"])
            for inside, outside in published.items()
            if outside
        },
        started=moment_of(state["StartedAt"]),
        restarts=found["RestartCount"],
        limits=(host["NanoCpus"] / 1e9, host["Memory"]),
    )


def state_of(state: Mapping[str, Any]) -> State:
    """Return a container's state in the terms of all backends.

    The engine restarts what ends by itself, so an ended container was stopped. A container with
    unknown health counts as running: some health checks come late, and other code checks readiness.
    """
    health = state.get("Health", {}).get("Status", "")
    words: dict[str, State] = {
        "running": "failed" if health == "unhealthy" else "running",
        "restarting": "starting",
        "created": "starting",
        "dead": "failed",
    }
    return words.get(state["Status"], "stopped")


def moment_of(text: str) -> datetime | None:
    """Return a time from the engine, which has nanoseconds; None if it means never."""
    moment = datetime.fromisoformat(text[:19] + "+00:00")
    return moment if moment.year > 1 else None
