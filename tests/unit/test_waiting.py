import threading
from collections.abc import Iterator

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.waiting import NotReady, WaitTimeout, cancelled_by, log_waits, wait_until


def becoming_ready(after: int) -> Iterator[str]:
    for left in range(after, 0, -1):
        yield f"{left} to go"
    yield "ready"


def test_a_wait_ends_as_soon_as_the_condition_holds() -> None:
    states, calls = becoming_ready(3), []

    def probe() -> str:
        calls.append(next(states))
        if calls[-1] != "ready":
            raise NotReady(calls[-1])
        return "the answer"

    found = wait_until(probe, what="it", deadline_seconds=30, interval_seconds=0.001)
    assert found == "the answer"
    assert calls == ["3 to go", "2 to go", "1 to go", "ready"]


def test_a_time_out_explains_itself() -> None:
    def probe() -> None:
        raise NotReady("it is asleep")

    with pytest.raises(WaitTimeout) as caught:
        wait_until(
            probe,
            what="the dragon",
            deadline_seconds=0.02,
            interval_seconds=0.001,
            explain=lambda: ("last words",),
            hint="wake it",
        )
    assert str(caught.value) == (
        "the dragon was not ready within 0 s: it is asleep\n  remedy: wake it\n  | last words"
    )
    assert caught.value.reason == "it is asleep"


def test_anything_but_not_ready_ends_the_wait_at_once() -> None:
    calls = []

    def probe() -> None:
        calls.append(1)
        raise StackFailure("it died")

    with pytest.raises(StackFailure, match="it died"):
        wait_until(probe, what="it", deadline_seconds=30)
    assert len(calls) == 1


def test_a_wait_that_is_called_off_ends_although_its_deadline_is_far() -> None:
    event = threading.Event()

    def probe() -> None:
        event.set()
        raise NotReady("never")

    with cancelled_by(event), pytest.raises(StackFailure, match="the wait for it was canceled"):
        wait_until(probe, what="it", deadline_seconds=3600, interval_seconds=3600)


def test_only_waits_inside_the_block_are_called_off() -> None:
    event = threading.Event()
    event.set()
    with cancelled_by(event):
        pass
    assert wait_until(lambda: "the answer", what="it", deadline_seconds=30) == "the answer"


def wait_for_three(every_seconds: float) -> None:
    states = becoming_ready(3)

    def probe() -> None:
        if (state := next(states)) != "ready":
            raise NotReady(state)

    with log_waits(every_seconds):
        wait_until(probe, what="it", deadline_seconds=30, interval_seconds=0.001)


def test_a_long_wait_is_logged_with_its_subject(progress: list[str]) -> None:
    wait_for_three(0.0)
    assert progress == [f"waiting for it, 0 s so far: {left} to go" for left in (3, 2, 1)]


def test_a_short_wait_is_not_logged(progress: list[str]) -> None:
    wait_for_three(30.0)
    assert progress == []


def test_only_waits_inside_the_block_are_logged(progress: list[str]) -> None:
    with log_waits(0.0):
        pass
    states = becoming_ready(1)

    def probe() -> None:
        if next(states) != "ready":
            raise NotReady("not yet")

    wait_until(probe, what="it", deadline_seconds=30, interval_seconds=0.001)
    assert progress == []
