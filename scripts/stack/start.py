"""`up`: how a stack comes up, whichever backend runs its components."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

from scripts.errors import StackFailure
from scripts.settings.pipeline import Pipeline
from scripts.stack import connector, readiness
from scripts.stack.backend import Backend, Say
from scripts.stack.endpoints import Endpoints
from scripts.waiting import told, wait_until


class Starter(Protocol):
    """What a backend does of it in its own way.

    Attributes:
        deadline_seconds: How long a component may take to get ready.
        interval_seconds: Pause between two looks at one.
    """

    deadline_seconds: ClassVar[float]
    interval_seconds: ClassVar[float]

    def announce(self, say: Say) -> None:
        """Say what it is started on, and what an earlier start left, which is then removed."""

    def start(self, say: Say, *, observe: bool) -> Endpoints:
        """Start every component, and return the addresses once a canary row went through."""

    def stopped(self) -> Sequence[str]:
        """Return the components of a stack that is up that someone has stopped."""

    def start_again(self, name: str) -> None:
        """Start one of these."""

    def ended(self, name: str) -> str:
        """Return what to do about a component that ended; nothing while it may get ready."""

    def log(self, name: str) -> Path:
        """Return where a component's log is, at the latest once the start was given up."""

    def last_lines(self, name: str) -> tuple[str, ...]:
        """Return the last lines of a component's log."""


def up(
    backend: Backend, starter: Starter, pipeline: Pipeline, say: Say, *, observe: bool
) -> Endpoints:
    """Start the stack, or what was stopped of it, and prove it with a canary row.

    Raises:
        StackFailure: As `Backend.up`; of a start that failed nothing is left.
    """
    running = backend.endpoints()
    if running is not None:
        if observe:
            readiness.expect_observed(running)
        with told(say):
            _start_stopped(starter, pipeline, running, say)
        return running
    began = time.monotonic()
    starter.announce(say)
    # Of a start that did not come to its end, for one.
    backend.abandon(lambda _line: None)
    try:
        with told(say):
            endpoints = starter.start(say, observe=observe)
    except BaseException:
        backend.abandon(say)
        raise
    say(f"the stack is up after {time.monotonic() - began:.1f} s")
    return endpoints


def _start_stopped(starter: Starter, pipeline: Pipeline, endpoints: Endpoints, say: Say) -> None:
    stopped = starter.stopped()
    if not stopped:
        return
    for name in stopped:
        say(f"{name} was stopped: starting it")
        starter.start_again(name)
    connector.wait_running(pipeline, endpoints)
    wait_ready(starter, say, "consumer", lambda: readiness.consumer_ready(endpoints))
    readiness.prove(pipeline, endpoints, say)


def wait_ready(starter: Starter, say: Say, name: str, probe: Callable[[], object]) -> None:
    """Wait for a component, and give up at once if it ended.

    Raises:
        StackFailure: It ended, or was not ready in time.
    """

    def check() -> None:
        if hint := starter.ended(name):
            raise StackFailure(
                f"{name} ended while it was started", hint=hint, detail=starter.last_lines(name)
            )
        probe()

    wait_until(
        check,
        what=name,
        deadline_seconds=starter.deadline_seconds,
        interval_seconds=starter.interval_seconds,
        explain=lambda: starter.last_lines(name),
        hint=f"see {starter.log(name)}",
    )
    say(f"{name} is ready")
