"""The hops of each slice, from the counters of two consumers."""

from typing import TYPE_CHECKING

import pytest

from cdc_perf.perf.comparison.load import HopReadings
from cdc_perf.results.comparison import HopTime, Side
from cdc_perf.stats.latency_histogram import HopCounters, LatencyHistogram
from cdc_perf.waiting import NotReady

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE, HEAD = Side.BASE, Side.HEAD


def counters(events: int, mean_ms: float, started: float = 1.0) -> HopCounters:
    times = LatencyHistogram({(0.0, 1000.0): events}, events * mean_ms)
    return HopCounters(events, {"total": times}, started)


class Consumer:
    """Answers with one reading after the other; None: it does not answer."""

    def __init__(self, *readings: HopCounters | None) -> None:
        self._readings: Iterator[HopCounters | None] = iter(readings)

    def __call__(self) -> HopCounters:
        reading = next(self._readings)
        if reading is None:
            raise NotReady("no answer")
        return reading


def read(base: Consumer, head: Consumer, order: list[Side]) -> HopReadings:
    readings = HopReadings({BASE: base, HEAD: head})
    readings.begin()
    for number, side in enumerate(order):
        readings.end(number, side)
    return readings


def test_a_slice_has_the_events_between_two_readings() -> None:
    base = Consumer(counters(100, 50), counters(200, 30), counters(300, 22))
    head = Consumer(counters(10, 9), counters(20, 8))
    found = read(base, head, [BASE, HEAD, BASE]).slices
    assert found[0]["total"] == HopTime(mean=10, events=100)
    assert found[1]["total"] == HopTime(mean=7, events=10)
    assert found[2]["total"].mean == pytest.approx(6)


def test_a_missed_reading_costs_its_slice_and_the_next_one_of_its_version() -> None:
    base = Consumer(counters(100, 5), None, counters(300, 5), counters(400, 5))
    found = read(base, Consumer(counters(0, 0)), [BASE, BASE, BASE]).slices
    assert found.keys() == {2}


def test_a_consumer_that_restarted_has_no_hops_in_that_slice() -> None:
    base = Consumer(counters(100, 5), counters(20, 5, started=2), counters(30, 5, started=2))
    found = read(base, Consumer(counters(0, 0)), [BASE, BASE]).slices
    assert found.keys() == {1}


def test_a_version_without_cdc_consumer_has_no_hops() -> None:
    readings = HopReadings({BASE: Consumer(counters(0, 0), counters(10, 5))})
    readings.begin()
    readings.end(0, BASE)
    readings.end(1, HEAD)
    assert readings.slices.keys() == {0}
