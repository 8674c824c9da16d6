"""The tools that the embedded stack is made of, where they are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cdc_perf.stack.backend import Say
from cdc_perf.stack.local.jvm import Java
from cdc_perf.stack.local.observe import Observers


@dataclass(frozen=True)
class Installed:
    """Where the tools of the embedded stack are; `k6` is only linked to, for runs by hand."""

    postgres: Path
    java: Java
    storage: Path
    mongodb: Path
    k6: Path | None
    observers: Observers | None


class Install(Protocol):
    """Gets the tools, and returns where they are, with their versions."""

    def __call__(self, say: Say, /, *, observe: bool) -> tuple[Installed, dict[str, str]]:
        """Get what is missing."""
