"""The interface of a stack, the same for every backend."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cdc_perf.stack.checks.results import Result
from cdc_perf.stack.component import ComponentEvent, ComponentStatus
from cdc_perf.stack.control import Control
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.usage import Usage


@dataclass(frozen=True)
class LogTail:
    """The end of a component's log.

    Attributes:
        where: Where the full log is.
        lines: The last lines.
    """

    where: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class JvmMemory:
    """Memory of a Java process right after a full collection, in bytes.

    Attributes:
        live_heap: Size of the objects that are still referenced.
        outside_heap: Resident memory outside the heap: classes, code, threads, buffers, and mapped
            files.
    """

    live_heap: int
    outside_heap: int


class Watch(Protocol):
    """Observes the components from its creation on."""

    def events(self) -> tuple[ComponentEvent, ...] | None:
        """Return what has happened to the components since then; None if unknown."""

    def logs(self) -> Mapping[str, bytes]:
        """Return what each component has logged since then."""


class Backend(Protocol):
    """A way to run the pipeline's components."""

    @property
    def name(self) -> str:
        """The name of the backend, such as `local`."""

    def up(self, *, observe: bool = False, proxied: bool = False) -> Endpoints:
        """Start what does not run; return the addresses after a canary row went through.

        Args:
            observe: Whether to start Prometheus too; its address is among those returned.
            proxied: Whether the components reach each other through Toxiproxy, if the backend has
                one and the stack is not up; its address is among those returned.

        Raises:
            StackFailure: A tool is unavailable, or a component did not become ready.
        """

    def verify(self, *, connector: bool = True) -> None:
        """Raise StackFailure if a running stack does not match pipeline.toml.

        Args:
            connector: Whether to check the connector of an external stack too.

        Raises:
            StackFailure: It does not match; nothing was changed.
        """

    def check(self) -> tuple[Result, ...]:
        """Check everything that can be read of a running stack; write nothing.

        Raises:
            StackFailure: It is not up.
        """

    def down(self) -> bool:
        """Stop everything that `up` started; return False if nothing ran."""

    def abandon(self) -> bool:
        """Stop everything at once, whatever its state, because the stack is no longer needed."""

    def endpoints(self) -> Endpoints | None:
        """Return the addresses of the stack; None if it is not up."""

    def status(self) -> tuple[ComponentStatus, ...]:
        """Return the state of each component."""

    def usage(self) -> Mapping[str, Usage]:
        """Return what each running component has used so far."""

    def collected(self) -> Mapping[str, JvmMemory]:
        """Run a full collection in each JVM; return the memory left, or nothing if unknown."""

    def versions(self) -> Mapping[str, str]:
        """Return the version of each component."""

    def notes(self) -> tuple[str, ...]:
        """Return sentences to show beside results from this stack."""

    def log_tails(self, lines: int) -> Mapping[str, LogTail]:
        """Return the last `lines` lines of each component's log."""

    def watch(self) -> Watch:
        """Start to observe the components."""

    def control(self) -> Control | None:
        """Return what breaks the components on purpose; None if they belong to others."""
