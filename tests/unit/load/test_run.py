"""What is seen of a k6 run beside its files, on a k6 that ends at once."""

import time
from pathlib import Path

import msgspec
import pytest

from cdc_perf import process
from cdc_perf.load import run as load
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.load.k6 import K6, Shape
from cdc_perf.process import Completed
from cdc_perf.settings.executors import ConstantVus
from cdc_perf.workload.load_plan import VERSION, LoadPlan
from tests.unit.load.test_k6 import BASELINE

SHAPE = Shape(ConstantVus(vus=1, duration="1s"), 1.0, 1.0)


class Ended:
    """A k6 that has ended."""

    pid = 2**22 + 1

    def ended_within(self, _seconds: float) -> bool:
        return True

    def signal(self, _number: int) -> None: ...

    def wait(self) -> Completed:
        return Completed((), 0, "", ())


@pytest.mark.parametrize("step", [0.0, 0.5, -3600.0])
def test_a_clock_that_is_set_while_k6_runs_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    clock = time.time

    def start(*_words: object, **_options: object) -> Ended:
        monkeypatch.setattr(time, "time", lambda: clock() + step)
        return Ended()

    monkeypatch.setattr(process, "start", start)
    monkeypatch.setattr(load, "free_port", lambda: 20_000)
    files = ScenarioFiles(tmp_path / "baseline")
    loaded = load.run(
        K6(Path("k6")), BASELINE, SHAPE, files, lambda _k6: {}, lambda _progress: None
    )
    assert loaded.clock_step_seconds == pytest.approx(step, abs=0.05)
    assert (loaded.exit_code, loaded.interrupted) == (0, None)


def test_k6_gets_the_plan_of_the_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, str]] = []

    def start(*_words: object, env: dict[str, str], **_options: object) -> Ended:
        given.append(env)
        return Ended()

    monkeypatch.setattr(process, "start", start)
    monkeypatch.setattr(load, "free_port", lambda: 20_000)
    plan = LoadPlan(VERSION, 7, {}, ())
    for name, planned in (("with", plan), ("without", None)):
        load.run(
            K6(Path("k6")),
            BASELINE,
            SHAPE,
            ScenarioFiles(tmp_path / name),
            lambda _k6: {},
            lambda _progress: None,
            planned,
        )
    with_plan, without = given
    path = tmp_path / "with" / "workload.json"
    assert with_plan["CDC_WORKLOAD"] == str(path)
    assert msgspec.json.decode(path.read_bytes())["seed"] == plan.seed
    assert "CDC_WORKLOAD" not in without
