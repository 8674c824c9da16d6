"""A program that supervisord runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Program:
    """What to run for one component.

    Attributes:
        name: The component.
        argv: Program and arguments.
        environment: Additions to the environment, kept in supervisord's settings (mode 0600).
        user: User to run as; empty: the current user.
        stop_signal: Signal that stops it.
        stop_seconds: Timeout of a stop, after which supervisord kills it.
    """

    name: str
    argv: tuple[str | Path, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    stop_signal: str = "TERM"
    stop_seconds: int = 10
