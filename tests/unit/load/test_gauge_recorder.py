"""The stack's gauges on disk, as the engine of points reads them."""

import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cdc_perf.load import gauge_recorder
from cdc_perf.load.gauge_recorder import sampling
from cdc_perf.results.points.statistics import statistics
from cdc_perf.results.points.store import read_points
from cdc_perf.results.summary import SummaryType


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauge_recorder, "_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(gauge_recorder, "_LAST_ANSWER_SECONDS", 0.1)


class Readings:
    """Gauges that rise by one with each reading; the second one lacks the memory."""

    def __init__(self, count: int) -> None:
        self.count = 0
        self._until = count
        self.enough = threading.Event()

    def __call__(self) -> Mapping[str, float]:
        self.count += 1
        if self.count >= self._until:
            self.enough.set()
        values = {"consumer_lag": float(self.count), "memory_kafka": 1024.0}
        return {"consumer_lag": 2.0} if self.count == 2 else values


def test_each_reading_is_a_point_of_a_gauge(tmp_path: Path) -> None:
    read, path = Readings(5), tmp_path / "gauges.json.gz"
    began = datetime.now(UTC)
    with sampling(read, path):
        assert read.enough.wait(10)
    ended = datetime.now(UTC)
    with read_points([path]) as points:
        assert points.damage == ()
        found = {statistic.metric: statistic for statistic in statistics(points)}
    lag, memory = found["consumer_lag"], found["memory_kafka"]
    assert (lag.type, lag.count, lag.largest) == (SummaryType.GAUGE, read.count, read.count)
    assert memory.count == read.count - 1
    assert began <= lag.first <= lag.last <= ended


def test_a_harness_that_is_killed_leaves_what_was_sampled(tmp_path: Path) -> None:
    read, path = Readings(5), tmp_path / "gauges.json.gz"
    with sampling(read, path):
        assert read.enough.wait(10)
        content = path.read_bytes()
    path.write_bytes(content)
    with read_points([path]) as points:
        (damage,) = points.damage
        assert "truncated" in damage.fault
        assert damage.points >= 2 * 4 - 1


def test_a_component_that_never_answers_holds_up_no_run(tmp_path: Path) -> None:
    asked, answering, answered = threading.Event(), threading.Event(), threading.Event()

    def read() -> Mapping[str, float]:
        asked.set()
        # No timeout: a run that waits for this reading does not end.
        answering.wait()
        answered.set()
        return {}

    try:
        with sampling(read, tmp_path / "gauges.json.gz"):
            assert asked.wait(10)
        assert not answered.is_set()
    finally:
        answering.set()
    assert answered.wait(10)


def test_a_full_disk_ends_the_samples_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    path = tmp_path / "gauges.json.gz"
    path.symlink_to(full)
    read = Readings(1)
    with caplog.at_level(logging.WARNING), sampling(read, path):
        assert read.enough.wait(10)
    assert "cannot write gauges.json.gz any further: No space left on device" in caplog.text
