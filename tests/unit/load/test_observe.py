"""An observation: time passes, gauges are sampled, and no program is started."""

import gzip
import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from cdc_perf.errors import Interrupted
from cdc_perf.load import observe as module
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.load.k6 import Shape
from cdc_perf.load.observe import observe
from cdc_perf.load.progress import LoadProgress
from cdc_perf.settings.executors import Observation

SHAPE = Shape(Observation(duration="1s"), 1.0, 0.0)


def test_the_time_passes_and_the_gauges_are_sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.2)
    seen: list[LoadProgress] = []
    programs: list[Mapping[str, int]] = []

    def gauges(others: Mapping[str, int]) -> Mapping[str, float]:
        programs.append(others)
        return {"consumer_lag": 7.0}

    files = ScenarioFiles(tmp_path / "observe")
    began = time.monotonic()
    result = observe(SHAPE, files, gauges, seen.append)
    assert 1.0 <= time.monotonic() - began < 10.0
    assert (result.exit_code, result.interrupted) == (None, None)
    assert 1.0 <= (result.ended - result.started).total_seconds() < 10.0
    # No process of a load generator is measured.
    assert programs
    assert not any(programs)
    assert all(moment.running and moment.vus is None for moment in seen)
    shares = [moment.share for moment in seen]
    assert shares == sorted(shares)
    assert shares[-1] > 0.5
    assert seen[-1].stack == {"consumer_lag": 7.0}
    lines = gzip.decompress(files.gauges.read_bytes()).splitlines()
    points = [x for x in map(json.loads, lines) if x["type"] == "Point"]
    assert {(x["metric"], x["data"]["value"]) for x in points} == {("consumer_lag", 7.0)}


def test_an_interruption_keeps_what_was_seen(tmp_path: Path) -> None:
    def interrupted(_progress: LoadProgress) -> None:
        raise Interrupted("interrupted by SIGINT")

    files = ScenarioFiles(tmp_path / "observe")
    began = time.monotonic()
    result = observe(Shape(SHAPE.options, 60.0, 0.0), files, lambda _others: {}, interrupted)
    assert time.monotonic() - began < 30.0
    assert str(result.interrupted) == "interrupted by SIGINT"
    assert files.gauges.exists()


@pytest.mark.parametrize("step", [0.5, -3600.0])
def test_a_clock_that_is_set_meanwhile_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    clock = time.time

    def set_clock(_progress: LoadProgress) -> None:
        monkeypatch.setattr(time, "time", lambda: clock() + step)

    files = ScenarioFiles(tmp_path / "observe")
    result = observe(SHAPE, files, lambda _others: {}, set_clock)
    assert result.clock_step_seconds == pytest.approx(step, abs=0.05)
