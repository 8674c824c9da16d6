"""Whether the consumer gets on: what it does now, and since when nothing has come of it.

A batch may take as long as MongoDB likes: each answer, each retry and each dead letter that is
acknowledged is progress. What is bounded is a single call, by its own time-out; a loop that is
silent for longer than any call may last hangs.
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

# Twice to find MongoDB (2 s) and to wait for its answer (10 s), because PyMongo repeats a call once
# by itself; a wait between two tries (2 s); and some room.
CALL_SECONDS = 30.0
# librdkafka's `socket.timeout.ms`, which bounds the commit before partitions go, and some room.
REBALANCE_SECONDS = 70.0


class ProgressState(Struct, frozen=True):
    """The state of the loop.

    Attributes:
        doing: What the loop does: `start`, `poll`, `write`, `dead-letter` or `rebalance`.
        seconds: For how long it has done that.
        quiet_seconds: How long ago anything came of it.
        allowed_seconds: How long that may be.
    """

    doing: str
    seconds: float
    quiet_seconds: float
    allowed_seconds: float

    @property
    def alive(self) -> bool:
        """Whether it gets on."""
        return self.quiet_seconds < self.allowed_seconds


class Progress:
    """Noted by the thread that works, asked for by those that serve HTTP.

    Args:
        clock: Seconds from a clock that is never set.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        now = clock()
        # One value, so that a reader sees a step and its begin together.
        self._step = ("start", now, CALL_SECONDS)
        self._moved = now

    def tick(self) -> None:
        """Note that something came of what is done: an answer, a retry, an empty poll."""
        self._moved = self._clock()

    def begin(self, doing: str, allowed_seconds: float = CALL_SECONDS) -> None:
        """Note what is done from now on, and how long a single call of it may last."""
        self._moved = self._clock()
        self._step = (doing, self._moved, allowed_seconds)

    @contextmanager
    def within(self, doing: str, allowed_seconds: float = CALL_SECONDS) -> Iterator[None]:
        """Note what is done in the block; after it the step before goes on."""
        before, _, allowed = self._step
        self.begin(doing, allowed_seconds)
        try:
            yield
        finally:
            self.begin(before, allowed)

    def standing(self) -> ProgressState:
        """Return the state now."""
        doing, since, allowed = self._step
        now = self._clock()
        return ProgressState(doing, now - since, now - self._moved, allowed)


class Beat(CommandListener):
    """Takes each answer of MongoDB for progress, but that to a ping, which the probes send."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def started(self, event: CommandStartedEvent) -> None:
        """Nothing has come of it yet."""

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """MongoDB has done it."""
        self._answered(event.command_name)

    def failed(self, event: CommandFailedEvent) -> None:
        """MongoDB has refused it, or did not answer in time: the call is over."""
        self._answered(event.command_name)

    def _answered(self, command: str) -> None:
        if command != "ping":
            self._progress.tick()
