"""The paths of the embedded stack's tools."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cdc_perf.stack.local.jvm import Java
from cdc_perf.stack.local.observe import Observers


@dataclass(frozen=True)
class Installed:
    """The paths of the embedded stack's tools; `k6` is only linked, for runs by hand."""

    postgres: Path
    java: Java
    storage: Path
    mongodb: Path
    k6: Path | None
    observers: Observers | None


class Install(Protocol):
    """Installs the tools, and returns their paths and their versions."""

    def __call__(self, *, observe: bool) -> tuple[Installed, dict[str, str]]:
        """Install the missing tools."""
