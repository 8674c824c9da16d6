"""What breaks the components of a stack on purpose, the same for every backend."""

from typing import Protocol


class Control(Protocol):
    """Kills, freezes, and stops components; a component is all of its processes.

    Each method returns after the effect was seen. What it returns is the proof, a sentence.
    Each raises StackFailure if the effect could not be seen.
    """

    def kill(self, component: str) -> str:
        """Kill a component at once; its supervisor starts it again."""

    def freeze(self, component: str) -> str:
        """Stop a component from running; it exists, but does nothing."""

    def thaw(self, component: str) -> None:
        """Continue a frozen component; return also if it is gone."""

    def stop(self, component: str) -> str:
        """Stop a component in order, so that its supervisor does not start it again."""

    def start(self, component: str) -> None:
        """Start a stopped component; return without waiting for it."""

    def fill_disk(self, component: str) -> str:
        """Keep every process of a component from writing to a file, until `free_disk`."""

    def free_disk(self, component: str) -> None:
        """Let every process of a component write again."""
