"""Whether the consumer makes progress: its current step, and the time since the last progress.

A batch may take as long as MongoDB needs: each answer, each retry, and each acknowledged dead
letter is progress. Each single call is bounded by its own timeout; a loop without progress for
longer than any call can take hangs.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

# Twice the time to find MongoDB (2 s) and to wait for its answer (10 s), because PyMongo repeats a
# call once by itself; a wait between two attempts (2 s); and some margin.
CALL_SECONDS = 30.0
# librdkafka's `socket.timeout.ms`, which bounds the commit before a revocation, and some margin.
REBALANCE_SECONDS = 70.0


class ProgressState(Struct, frozen=True):
    """The state of the loop.

    Attributes:
        doing: The current step: `start`, `poll`, `write`, `dead-letter`, or `rebalance`.
        seconds: The time since the step began.
        quiet_seconds: The time since the last progress.
        allowed_seconds: The maximum of `quiet_seconds`.
    """

    doing: str
    seconds: float
    quiet_seconds: float
    allowed_seconds: float

    @property
    def alive(self) -> bool:
        """Whether it makes progress."""
        return self.quiet_seconds < self.allowed_seconds


class Progress:
    """Written by the working thread, read by the threads that serve HTTP.

    Args:
        clock: Returns the seconds of a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        now = clock()
        # One value, so that a reader gets a step and its start together.
        self._step = ("start", now, CALL_SECONDS)
        self._last_progress = now

    def tick(self) -> None:
        """Record progress: an answer, a retry, an empty poll."""
        self._last_progress = self._clock()

    def begin(self, doing: str, allowed_seconds: float = CALL_SECONDS) -> None:
        """Begin a step; a single call in it may take `allowed_seconds`."""
        self._last_progress = self._clock()
        self._step = (doing, self._last_progress, allowed_seconds)

    @contextmanager
    def within(self, doing: str, allowed_seconds: float = CALL_SECONDS) -> Iterator[None]:
        """Run the block as its own step; the previous step continues after it."""
        before, _, allowed = self._step
        self.begin(doing, allowed_seconds)
        try:
            yield
        finally:
            self.begin(before, allowed)

    def state(self) -> ProgressState:
        """Return the current state."""
        doing, since, allowed = self._step
        now = self._clock()
        return ProgressState(doing, now - since, now - self._last_progress, allowed)


class AnswerListener(CommandListener):
    """Counts each answer of MongoDB as progress, except to a ping, which the probes send."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def started(self, event: CommandStartedEvent) -> None:
        """Ignore the start of a command."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Count a successful command."""
        self._answered(event.command_name)

    def failed(self, event: CommandFailedEvent) -> None:
        """Count an error or a timeout, because the call has ended."""
        self._answered(event.command_name)

    def _answered(self, command: str) -> None:
        if command != "ping":
            self._progress.tick()
