"""What a stack is to the rest of the harness, whoever runs its components."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cdc_perf.stack.component import ComponentEvent, ComponentStatus
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.usage import Usage

Say = Callable[[str], None]


@dataclass(frozen=True)
class LogTail:
    """The end of a component's log.

    Attributes:
        where: Where the whole of it is.
        lines: The last lines.
    """

    where: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class JvmMemory:
    """What a Java process holds right after a full collection, in bytes.

    Attributes:
        live_heap: Objects that are still referred to.
        outside_heap: Resident memory that is not of the heap: classes, code, threads, buffers, and
            mapped files.
    """

    live_heap: int
    outside_heap: int


class Watch(Protocol):
    """An observation of the components, from its making on."""

    def events(self) -> tuple[ComponentEvent, ...] | None:
        """Return what has happened to the components since; None where nobody can know."""

    def logs(self) -> Mapping[str, bytes]:
        """Return what each component has logged since."""


class Backend(Protocol):
    """A way to run the pipeline's components."""

    @property
    def name(self) -> str:
        """`local`, for one."""

    def up(self, say: Say, *, observe: bool = False) -> Endpoints:
        """Start what does not run, and return the addresses once a canary row went through.

        Args:
            say: Takes lines of progress.
            observe: Have a Prometheus beside it, whose address is among those returned.

        Raises:
            StackFailure: A tool cannot be had, or a component did not get ready.
        """

    def verify(self, *, connector: bool = True) -> None:
        """Refuse a stack that is up and is not what pipeline.toml asks for.

        Args:
            connector: Whether the connector of a stack that others run is part of it.

        Raises:
            StackFailure: It is not; nothing was changed.
        """

    def down(self, say: Say) -> bool:
        """Stop everything that `up` started; False if nothing ran."""

    def abandon(self, say: Say) -> bool:
        """Stop everything at once, however it stands: nobody wants it any more."""

    def endpoints(self) -> Endpoints | None:
        """Return the addresses of the stack if it is up."""

    def status(self) -> tuple[ComponentStatus, ...]:
        """Return the state of each component."""

    def usage(self) -> Mapping[str, Usage]:
        """Return what each component that runs has used so far."""

    def collected(self) -> Mapping[str, JvmMemory]:
        """Let each JVM collect its garbage; return what is left, nothing where that is unknown."""

    def versions(self) -> Mapping[str, str]:
        """Return what is run, component by component."""

    def notes(self) -> tuple[str, ...]:
        """Return sentences that belong beside figures that were taken on this stack."""

    def log_tails(self, lines: int) -> Mapping[str, LogTail]:
        """Return the end of each component's log, so many lines of it."""

    def watch(self) -> Watch:
        """Begin to observe the components."""
