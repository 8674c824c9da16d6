"""The state and the events of a component of the stack, the same for every backend."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cdc_perf.stack.component_specs import OBSERVERS

# Only the connector and its tasks have the last four states.
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
    """The current state of a component.

    `memory` is in bytes (resident, children included), `uptime` in seconds. `detail` says why it
    does not run and how to fix that, if known.
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
        """Whether it observes the pipeline and is not part of it."""
        return self.name in OBSERVERS


@dataclass(frozen=True)
class ComponentEvent:
    """Something that happened to a component during a scenario.

    Attributes:
        component: The component's name.
        what: What happened, as the rest of a sentence that begins with the name.
        by_operator: Whether someone requested it; otherwise it happened by itself.
        log: The last lines of the component's log.
        remedy: How to fix the machine, if the log reports a problem of it; else empty.
        at: Time of the event in UTC; None if unknown.
        back: Time of the next start in UTC; None if there was none.
    """

    component: str
    what: str
    by_operator: bool
    log: tuple[str, ...]
    remedy: str = ""
    at: datetime | None = None
    back: datetime | None = None
