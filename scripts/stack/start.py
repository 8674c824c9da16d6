"""`up`: how a stack comes up, whichever backend runs its components."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from scripts.errors import StackFailure
from scripts.settings.pipeline import Pipeline
from scripts.stack import connector, readiness
from scripts.stack.backend import Backend, Say
from scripts.stack.endpoints import Endpoints
from scripts.waiting import wait_until


class Starter(Protocol):
    """What a backend does of it in its own way."""

    def announce(self, say: Say) -> None:
        """Say what it is started on, and what an earlier start left, which is then removed."""

    def start(self, say: Say, *, observe: bool) -> Endpoints:
        """Start every component, and return the addresses once a canary row went through."""

    def stopped(self) -> Sequence[str]:
        """Return the components of a stack that is up that someone has stopped."""

    def start_again(self, name: str) -> None:
        """Start one of these."""

    def wait_ready(self, say: Say, name: str, probe: Callable[[], object]) -> None:
        """Wait for a component; see the function of that name."""


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
        _start_stopped(starter, pipeline, running, say)
        return running
    began = time.monotonic()
    starter.announce(say)
    # Of a start that did not come to its end, for one.
    backend.abandon(lambda _line: None)
    try:
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
    starter.wait_ready(say, "consumer", lambda: readiness.consumer_ready(endpoints))
    readiness.prove(pipeline, endpoints, say)


def wait_ready(
    say: Say,
    name: str,
    probe: Callable[[], object],
    *,
    ended: Callable[[], str],
    last_lines: Callable[[], tuple[str, ...]],
    log: Path,
    deadline_seconds: float,
    interval_seconds: float,
) -> None:
    """Wait for a component, and give up at once if it ended.

    Args:
        say: Is told when it is ready.
        name: The component.
        probe: Raises NotReady while it is not.
        ended: Returns what to do about a component that ended; nothing while it runs.
        last_lines: Returns the last lines of its log.
        log: Where the whole of it is, or will be once the start is given up.
        deadline_seconds: How long to wait at most.
        interval_seconds: Pause between two looks.

    Raises:
        StackFailure: It ended, or the deadline passed.
    """

    def check() -> None:
        if hint := ended():
            raise StackFailure(f"{name} ended while it was started", hint=hint, detail=last_lines())
        probe()

    wait_until(
        check,
        what=name,
        deadline_seconds=deadline_seconds,
        interval_seconds=interval_seconds,
        explain=last_lines,
        hint=f"see {log}",
    )
    say(f"{name} is ready")
