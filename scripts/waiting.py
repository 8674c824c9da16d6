"""Waiting by condition, with a deadline that explains itself."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import tenacity

from scripts.errors import StackFailure

T = TypeVar("T")
_called_off: ContextVar[threading.Event | None] = ContextVar("called_off", default=None)


class NotReady(Exception):  # noqa: N818 - a state, not an error
    """Raised by a probe: the condition does not hold yet, and why."""


class DeadlinePassed(StackFailure):
    """A wait that was given up.

    Attributes:
        reason: What did not hold at the last look, as the probe said it.
    """

    def __init__(
        self, what: str, seconds: float, reason: str, *, hint: str, detail: tuple[str, ...]
    ) -> None:
        message = f"{what} was not ready within {seconds:.0f} s: {reason}"
        super().__init__(message, hint=hint, detail=detail)
        self.reason = reason


@contextmanager
def until_called_off(event: threading.Event) -> Iterator[None]:
    """Let every wait in the block end when the event is set.

    A signal interrupts the main thread alone; what other threads wait for has to be called off.
    """
    token = _called_off.set(event)
    try:
        yield
    finally:
        _called_off.reset(token)


def wait_until(
    probe: Callable[[], T],
    *,
    what: str,
    deadline_seconds: float,
    interval_seconds: float = 0.05,
    explain: Callable[[], tuple[str, ...]] = tuple,
    hint: str = "",
) -> T:
    """Call `probe` until it returns, and return what it returns.

    Args:
        probe: Returns when the condition holds, raises `NotReady` while it does not; any other
            exception ends the wait at once.
        what: What is waited for, as the subject of a sentence.
        deadline_seconds: How long to wait at most.
        interval_seconds: Pause between two calls.
        explain: Called at the deadline: lines that help, such as the last lines of a log.
        hint: The next step for the reader.

    Raises:
        DeadlinePassed: The deadline passed.
        StackFailure: The wait was called off.
    """
    called_off = _called_off.get() or threading.Event()

    def attempt() -> T:
        if called_off.is_set():
            raise StackFailure(f"{what} is not waited for any longer")
        return probe()

    try:
        return tenacity.Retrying(
            stop=tenacity.stop_after_delay(deadline_seconds),
            wait=tenacity.wait_fixed(interval_seconds),
            retry=tenacity.retry_if_exception_type(NotReady),
            sleep=tenacity.sleep_using_event(called_off),
            reraise=True,
        )(attempt)
    except NotReady as reason:
        raise DeadlinePassed(
            what, deadline_seconds, str(reason), hint=hint, detail=explain()
        ) from None
