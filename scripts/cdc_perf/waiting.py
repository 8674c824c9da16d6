"""Wait for conditions, with a deadline; a timeout names the unmet condition."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import tenacity

from cdc_perf.errors import StackFailure
from cdc_perf.redaction import redacted

_log = logging.getLogger(__name__)
T = TypeVar("T")
LogWait = Callable[[tenacity.RetryCallState], None]
_cancelled: ContextVar[threading.Event | None] = ContextVar("cancelled", default=None)
_log_seconds: ContextVar[float | None] = ContextVar("log_seconds", default=None)


class NotReady(Exception):  # noqa: N818 - a state, not an error
    """Raised by a probe: says why the condition does not hold yet, without passwords."""

    def __init__(self, reason: str) -> None:
        super().__init__(redacted(reason))


class WaitTimeout(StackFailure):
    """A wait that timed out.

    Attributes:
        reason: The probe's last reason.
    """

    def __init__(
        self, what: str, seconds: float, reason: str, *, hint: str, detail: tuple[str, ...]
    ) -> None:
        message = f"{what} was not ready within {seconds:.0f} s: {reason}"
        super().__init__(message, hint=hint, detail=detail)
        self.reason = reason


@contextmanager
def cancelled_by(event: threading.Event) -> Iterator[None]:
    """End every wait in the block when the event is set.

    A signal interrupts only the main thread, so waits in other threads must be cancelled.
    """
    token = _cancelled.set(event)
    try:
        yield
    finally:
        _cancelled.reset(token)


@contextmanager
def log_waits(every_seconds: float = 10.0) -> Iterator[None]:
    """Log regularly what a wait in the block, in this thread, still waits for."""
    token = _log_seconds.set(every_seconds)
    try:
        yield
    finally:
        _log_seconds.reset(token)


def _wait_logger(what: str) -> LogWait | None:
    """Return the callback before each pause of a wait; None if waits are not logged."""
    every_seconds = _log_seconds.get()
    if every_seconds is None:
        return None
    due = every_seconds

    def log_wait(state: tenacity.RetryCallState) -> None:
        nonlocal due
        seconds = state.seconds_since_start or 0.0
        if seconds >= due and state.outcome is not None:
            due = seconds + every_seconds
            _log.info(f"waiting for {what}, {seconds:.0f} s so far: {state.outcome.exception()}")

    return log_wait


def wait_until(
    probe: Callable[[], T],
    *,
    what: str,
    deadline_seconds: float,
    interval_seconds: float = 0.05,
    explain: Callable[[], tuple[str, ...]] = tuple,
    hint: str = "",
) -> T:
    """Call `probe` until it returns, and return its result.

    Args:
        probe: Returns when the condition holds, raises `NotReady` while it does not; any other
            exception ends the wait immediately.
        what: What is waited for, as the subject of a sentence.
        deadline_seconds: The maximum time to wait.
        interval_seconds: The pause between two calls.
        explain: Called at the deadline; returns helpful lines, such as the last lines of a log.
        hint: What the user can do.

    Raises:
        WaitTimeout: The deadline passed.
        StackFailure: The wait was cancelled.
    """
    cancelled = _cancelled.get() or threading.Event()

    def attempt() -> T:
        if cancelled.is_set():
            raise StackFailure(f"the wait for {what} was canceled")
        return probe()

    try:
        return tenacity.Retrying(
            stop=tenacity.stop_after_delay(deadline_seconds),
            wait=tenacity.wait_fixed(interval_seconds),
            retry=tenacity.retry_if_exception_type(NotReady),
            sleep=tenacity.sleep_using_event(cancelled),
            before_sleep=_wait_logger(what),
            reraise=True,
        )(attempt)
    except NotReady as reason:
        raise WaitTimeout(
            what, deadline_seconds, str(reason), hint=hint, detail=explain()
        ) from None
