"""One container, read from the engine's JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cdc_perf.stack.component import State


@dataclass(frozen=True)
class Container:
    """A container as it is now.

    Attributes:
        id: Its id.
        name: Its name.
        image: The image's name, with its tag.
        image_id: The image's own digest.
        state: As for other backends.
        pid: Of its first process on this machine; None while none runs.
        ports: Published ports, by port inside.
        started: When it was started last.
        restarts: How often the engine has started it again by itself.
        limits: Processors and bytes that it may use; 0: as many as there are.
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
        """Seconds since its start; None while it does not run."""
        if self.pid is None or self.started is None:
            return None
        return max(0.0, (datetime.now(UTC) - self.started).total_seconds())


def container_in(found: Any) -> Container:  # noqa: ANN401 - the engine's JSON
    """Return what the engine says of a container."""
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
    """Return a container's state in the words of the other backends.

    The engine starts again what ended by itself, so what has ended was stopped. One whose health is
    not known yet counts as running: some checks come late, and readiness is seen to elsewhere.
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
    """Return a time of the engine, which has nanoseconds; None where it stands for never."""
    moment = datetime.fromisoformat(text[:19] + "+00:00")
    return moment if moment.year > 1 else None
