"""What happened to the stack's components during a scenario."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ComponentEvent:
    """A component died, or came back as another process, while a scenario was running.

    Attributes:
        component: Its name: `connect`.
        what: What it did, as the end of a sentence: `exited with status 1`.
        expected: Whether an operator asked for it; it then says nothing about the pipeline.
        log: The last lines of its log.
    """

    component: str
    what: str
    expected: bool
    log: tuple[str, ...] = ()
