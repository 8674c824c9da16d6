"""The paths of the embedded stack's tools."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cdc_perf.stack.local.jvm import Java
from cdc_perf.stack.local.observe import Observers


@dataclass(frozen=True)
class Installed:
    """The paths of the embedded stack's tools.

    Attributes:
        k6: Only linked, for runs by hand.
        plugins: The folders of the worker's plugins, by name.
        toxiproxy: The program; None without proxies.
    """

    postgres: Path
    java: Java
    storage: Path
    mongodb: Path
    k6: Path | None
    observers: Observers | None
    plugins: Mapping[str, Path] = field(default_factory=dict)
    toxiproxy: Path | None = None


class Install(Protocol):
    """Installs the tools, and returns their paths and their versions."""

    def __call__(self, *, observe: bool, proxied: bool) -> tuple[Installed, dict[str, str]]:
        """Install the missing tools."""
