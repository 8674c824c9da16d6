"""What is known of a component of the stack, whichever backend runs it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

COMPONENTS = ("postgres", "kafka", "connect", "mongodb", "consumer")

# What observes the pipeline is no part of it: its end is nothing that the pipeline is judged on.
OBSERVERS = ("prometheus",)

# The last four are states of the connector and its tasks alone.
State = Literal[
    "running",
    "starting",
    "stopping",
    "stopped",
    "failed",
    "paused",
    "unassigned",
    "missing",
    "unknown",
]


@dataclass(frozen=True)
class ComponentStatus:
    """A component as it is now; memory in bytes (resident, with children), uptime in seconds.

    `detail` says why it is not running, and what to do about it, where that is known.
    """

    name: str
    version: str
    state: State
    pid: int | None
    port: int | None
    memory: int | None
    uptime: float | None
    detail: str = ""

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self.state == "running"

    @property
    def observer(self) -> bool:
        """Whether it observes the pipeline, and is no part of it."""
        return self.name in OBSERVERS


@dataclass(frozen=True)
class ComponentEvent:
    """Something that happened to a component while a scenario ran.

    Attributes:
        component: Its name.
        what: What happened, as the rest of a sentence that begins with the name.
        by_operator: Someone asked for it; otherwise it happened by itself.
        log: The component's last lines of log.
        remedy: What to do about it, where its log complains of the machine; else empty.
        at: When it happened, UTC; None where nobody knows.
        back: When it was started again, UTC; None where it was not.
    """

    component: str
    what: str
    by_operator: bool
    log: tuple[str, ...]
    remedy: str = ""
    at: datetime | None = None
    back: datetime | None = None
