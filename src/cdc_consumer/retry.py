"""Bounded retries of transient failures, with growing waits that a stop interrupts."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    stop_when_event_set,
    wait_exponential,
    wait_random,
)
from tenacity.nap import sleep_using_event

from cdc_consumer.errors import GaveUpError

T = TypeVar("T")
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 2.0


class TransientError(Exception):
    """A failure that may be temporary."""


class Retry:
    """Repeats an attempt until it succeeds, `seconds` have passed, or a stop is requested.

    Args:
        seconds: The maximum time.
        stop: Set when the process should end.
        on_retry: Called before each wait with the name of the attempt and the failure.
        deadline: When to stop all attempts, by `time.monotonic`.
    """

    def __init__(
        self,
        seconds: float,
        stop: threading.Event,
        on_retry: Callable[[str, str], None],
        deadline: float = float("inf"),
    ) -> None:
        self._seconds = seconds
        self._stop = stop
        self._on_retry = on_retry
        self._deadline = deadline

    def with_deadline(self) -> "Retry":
        """Return a copy whose calls share one deadline, `seconds` from now."""
        deadline = time.monotonic() + self._seconds
        return Retry(self._seconds, self._stop, self._on_retry, deadline)

    def __call__(self, what: str, attempt: Callable[[], T]) -> T:
        """Return the result of `attempt`.

        Raises:
            GaveUpError: It raised TransientError for too long, or when a stop was requested.
        """

        def on_wait(state: RetryCallState) -> None:
            failure = state.outcome.exception() if state.outcome else None
            self._on_retry(what, str(failure))

        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=stop_after_delay(min(self._seconds, self._deadline - time.monotonic()))
            | stop_when_event_set(self._stop),
            wait=wait_exponential(FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS)
            + wait_random(0, FIRST_WAIT_SECONDS),
            sleep=sleep_using_event(self._stop),
            before_sleep=on_wait,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except TransientError as error:
            why = (
                "the consumer was stopped"
                if self._stop.is_set()
                else f"retried for {self._seconds:g} s"
            )
            raise GaveUpError(f"{what}: {error} ({why})") from error
