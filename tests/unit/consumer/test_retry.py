import threading
import time

import pytest

from cdc_consumer.errors import GaveUpError
from cdc_consumer.retry import LONGEST_WAIT_SECONDS, Retry, TransientError


class Attempts:
    """Fails so many times, then returns how often it was called."""

    def __init__(self, failures: float) -> None:
        self.calls = 0
        self._failures = failures

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self._failures:
            raise TransientError(f"failure {self.calls}")
        return self.calls


def test_what_passes_by_itself_is_tried_until_it_has() -> None:
    told: list[tuple[str, str]] = []
    retry = Retry(5, threading.Event(), lambda what, why: told.append((what, why)))
    assert retry("write", Attempts(2)) == 3
    assert told == [("write", "failure 1"), ("write", "failure 2")]


def test_what_does_not_pass_is_given_up_after_the_time_and_says_so() -> None:
    attempts = Attempts(float("inf"))
    retry = Retry(0.2, threading.Event(), lambda _what, _why: None)
    began = time.monotonic()
    with pytest.raises(GaveUpError, match=r"write: failure \d+ \(retried for 0.2 s\)"):
        retry("write", attempts)
    assert attempts.calls >= 2
    assert time.monotonic() - began < 0.2 + LONGEST_WAIT_SECONDS


def test_a_stop_ends_the_waiting_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdc_consumer.retry.FIRST_WAIT_SECONDS", LONGEST_WAIT_SECONDS)
    stop = threading.Event()
    # Set while the first wait is about to begin, as a signal would.
    retry = Retry(3600, stop, lambda _what, _why: stop.set())
    attempts = Attempts(float("inf"))
    began = time.monotonic()
    with pytest.raises(GaveUpError, match="the consumer was stopped"):
        retry("write", attempts)
    # One more after the wait that the stop ended.
    assert attempts.calls <= 2
    assert time.monotonic() - began < 1


def test_after_a_stop_an_attempt_that_holds_still_counts() -> None:
    stop = threading.Event()
    stop.set()
    assert Retry(5, stop, lambda _what, _why: None)("write", Attempts(0)) == 1


def test_an_error_of_another_kind_is_not_tried_again() -> None:
    calls = []

    def attempt() -> None:
        calls.append(1)
        raise ValueError("a slip")

    with pytest.raises(ValueError, match="a slip"):
        Retry(5, threading.Event(), lambda _what, _why: None)("write", attempt)
    assert len(calls) == 1


def test_the_calls_of_a_batch_have_the_time_of_one_together() -> None:
    waited: list[str] = []
    batch = Retry(0.2, threading.Event(), lambda what, _why: waited.append(what)).with_deadline()
    for name in ("first", "second", "third"):
        with pytest.raises(GaveUpError):
            batch(name, Attempts(float("inf")))
    # What comes after the end of the time is tried once.
    assert set(waited) == {"first"}
