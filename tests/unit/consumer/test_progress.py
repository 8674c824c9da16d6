"""What the consumer takes for progress, and what hangs."""

import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest
from confluent_kafka import Message
from pymongo.monitoring import CommandFailedEvent, CommandStartedEvent, CommandSucceededEvent

from cdc_consumer.coalesce import Write
from cdc_consumer.events import Rejection
from cdc_consumer.loop import Dependencies, Loop
from cdc_consumer.metrics import Metrics
from cdc_consumer.progress import CALL_SECONDS, REBALANCE_SECONDS, AnswerListener, Progress
from cdc_consumer.sink import Outcome
from tests.unit.consumer.builders import ORDERS
from tests.unit.consumer.test_loop import TOPIC, Letters, Topic, Writer, message


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def answer(command: str) -> CommandSucceededEvent:
    return cast("CommandSucceededEvent", SimpleNamespace(command_name=command))


def test_a_call_that_does_not_return_is_a_hang() -> None:
    clock = Clock()
    progress = Progress(clock)
    assert progress.state().doing == "start"
    progress.begin("write")
    clock.now += CALL_SECONDS - 1
    assert progress.state().alive
    clock.now += 1
    state = progress.state()
    assert (state.alive, state.doing) == (False, "write")
    assert state.seconds == state.quiet_seconds == CALL_SECONDS


@pytest.mark.parametrize("command", ["update", "find", "createIndexes", "buildInfo"])
@pytest.mark.parametrize("how", ["succeeded", "failed"])
def test_each_answer_of_mongodb_is_progress_in_a_batch_that_takes_long(
    command: str, how: str
) -> None:
    clock = Clock()
    progress = Progress(clock)
    beat = AnswerListener(progress)
    progress.begin("write")
    for _ in range(10):
        clock.now += CALL_SECONDS - 1
        assert progress.state().alive
        beat.started(cast("CommandStartedEvent", answer(command)))
        assert progress.state().quiet_seconds == CALL_SECONDS - 1
        getattr(beat, how)(answer(command))
        assert progress.state().quiet_seconds == 0
    assert progress.state().seconds == 10 * (CALL_SECONDS - 1)


def test_the_pings_of_the_probes_hide_no_hang() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.begin("write")
    clock.now += CALL_SECONDS
    AnswerListener(progress).succeeded(answer("ping"))
    AnswerListener(progress).failed(cast("CommandFailedEvent", answer("ping")))
    assert not progress.state().alive


def test_a_rebalance_may_take_as_long_as_its_commit() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.begin("poll")
    with progress.within("rebalance", REBALANCE_SECONDS):
        clock.now += REBALANCE_SECONDS - 1
        assert (progress.state().alive, progress.state().doing) == (True, "rebalance")
        clock.now += 1
        assert not progress.state().alive
    # It is over, and the poll goes on.
    state = progress.state()
    assert (state.alive, state.doing, state.allowed_seconds) == (True, "poll", 30.0)


def test_the_loop_says_what_it_does() -> None:
    clock = Clock()
    progress = Progress(clock)
    seen: list[str] = []

    class Watching(Writer):
        def apply(self, writes: Sequence[Write]) -> Outcome:
            seen.append(progress.state().doing)
            return super().apply(writes)

    class Kept(Letters):
        def send(self, rejections: Sequence[Rejection]) -> None:
            seen.append(progress.state().doing)
            super().send(rejections)

    class Polled(Topic):
        def poll(self, timeout: float) -> Message | None:
            seen.append(progress.state().doing)
            return super().poll(timeout)

    topic = Polled([message(1, "bad-row"), message(2, "row")])
    metrics = Metrics(["orders"], lambda: [(TOPIC, 0, 4)])
    ports = Dependencies(topic, topic, Watching(topic), Kept(), metrics, progress)
    assert isinstance(topic.stop, threading.Event)
    Loop(ports, {TOPIC: ORDERS}, 500).run(topic.stop)
    assert seen == ["poll", "write", "dead-letter"]
