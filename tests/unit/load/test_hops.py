"""When the consumer's counts are read, and what belongs to which part of the load."""

from dataclasses import replace

import pytest

from cdc_perf.load.hops import HopMeasurements, HopWatch
from cdc_perf.load.progress import LoadProgress
from cdc_perf.stats.latency_histogram import HopCounters, LatencyHistogram
from cdc_perf.waiting import NotReady

RUNNING = LoadProgress(
    elapsed_seconds=0,
    total_seconds=60,
    running=True,
    vus=10,
    iterations=5,
    iterations_per_second=5.0,
    errors=0,
    p95_ms=None,
)
WAITING = replace(RUNNING, running=False)


def count(events: int, started: float = 1.0) -> HopCounters:
    return HopCounters(
        events, {"total": LatencyHistogram({(1.0, 1.05): events}, 1.02 * events)}, started
    )


class Consumer:
    """Gives one answer after another; None is silence."""

    def __init__(self, *answers: HopCounters | None) -> None:
        self._answers = iter(answers)
        self.readings = 0

    def __call__(self) -> HopCounters:
        self.readings += 1
        answer = next(self._answers)
        if answer is None:
            raise NotReady("the consumer does not answer")
        return answer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the watch sees; its one element is set."""
    now = [100.0]
    monkeypatch.setattr("cdc_perf.load.hops.time.monotonic", lambda: now[0])
    return now


def watched(
    consumer: Consumer, clock: list[float], *moments: tuple[float, LoadProgress]
) -> HopMeasurements:
    watch = HopWatch(consumer, warm_up_seconds=6)
    for at, progress in moments:
        clock[0] = 100 + at
        watch.follow(progress)
    return watch.close()


def test_what_was_counted_before_and_in_the_warm_up_is_left_out(clock: list[float]) -> None:
    consumer = Consumer(count(1000), count(1100), count(1300), count(1500))
    moments = [(3.0, RUNNING), (8.0, RUNNING), (9.0, RUNNING), (12.0, RUNNING), (19.0, RUNNING)]
    seen = watched(consumer, clock, *moments)
    assert (seen.warm_up.events, seen.steady.events) == (100, 400)
    assert seen.steady.hops["total"].count == 400
    assert (seen.restarts, seen.fault) == (0, "")
    assert seen.begin is not None
    assert seen.end is not None
    assert seen.begin < seen.end
    # At the begin, after the warm-up, ten seconds later, and at the end.
    assert consumer.readings == 4


def test_the_warm_up_counts_from_the_begin_of_the_load(clock: list[float]) -> None:
    consumer = Consumer(count(0), count(5), count(9), count(20))
    seen = watched(consumer, clock, (8.0, WAITING), (10.0, RUNNING), (17.0, RUNNING))
    assert (seen.warm_up.events, seen.steady.events) == (9, 11)


def test_a_consumer_that_restarts_loses_only_unread_counts(
    clock: list[float],
) -> None:
    consumer = Consumer(count(1000), count(1100), count(30, started=2.0), count(80, started=2.0))
    seen = watched(consumer, clock, (0.0, RUNNING), (7.0, RUNNING), (17.0, RUNNING))
    assert (seen.warm_up.events, seen.steady.events, seen.restarts) == (100, 80, 1)
    assert seen.fault == (
        "the consumer restarted its counters: up to 10 s of events before the restart are missing"
    )


def test_a_consumer_that_is_silent_meanwhile_loses_nothing(clock: list[float]) -> None:
    consumer = Consumer(count(0), None, count(60), count(100))
    seen = watched(consumer, clock, (0.0, RUNNING), (7.0, RUNNING), (8.0, RUNNING))
    assert (seen.warm_up.events, seen.steady.events, seen.fault) == (60, 40, "")


@pytest.mark.parametrize(
    ("answers", "steady", "fault"),
    [
        ((count(0), count(10), None), 0, "the consumer does not answer"),
        (
            (None, count(10), count(30)),
            20,
            "the consumer did not report its hop metrics when the load",
        ),
        ((None, None, None), 0, "the consumer does not answer"),
    ],
    ids=["at the end", "at the begin", "ever"],
)
def test_a_consumer_that_does_not_answer_is_reported(
    clock: list[float], answers: tuple[HopCounters | None, ...], steady: int, fault: str
) -> None:
    seen = watched(Consumer(*answers), clock, (0.0, RUNNING), (7.0, RUNNING))
    assert seen.steady.events == steady
    assert seen.fault.startswith(fault)
