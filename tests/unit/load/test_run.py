"""What is seen of a k6 run beside its files, on a k6 that ends at once."""

import json
import time
from pathlib import Path

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
    plan, other = (LoadPlan(VERSION, seed, {}, ()) for seed in (7, 8))
    for name, planned in (("with", (plan, other)), ("without", ())):
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
    paths = [tmp_path / "with" / name for name in ("workload.json", "workload-2.json")]
    assert with_plan["CDC_WORKLOAD"] == str(paths[0])
    assert json.loads(with_plan["CDC_WORKLOADS"]) == [str(path) for path in paths]
    assert [json.loads(path.read_bytes())["seed"] for path in paths] == [7, 8]
    assert not {"CDC_WORKLOAD", "CDC_WORKLOADS"} & set(without)
