"""The plans for k6 started by hand."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.workload import Workload
from cdc_perf.workload import by_hand
from cdc_perf.workload.by_hand import write_plans
from cdc_perf.workload.derive import Derived
from cdc_perf.workload.load_plan import VERSION, LoadPlan

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """The committed settings, with a folder for the state of a stack elsewhere."""
    (tmp_path / "k6").symlink_to(ROOT / "k6")
    (tmp_path / "pipelines").symlink_to(ROOT / "pipelines")
    return Checkout.at(tmp_path, {})


def test_each_scenario_has_its_plan(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    def derive(_: Pipeline, dsn: str, workloads: Mapping[str, Workload]) -> dict[str, Derived]:
        assert dsn == "postgresql://source"
        seeds = {name: len(name) for name in workloads}
        return {x: Derived(LoadPlan(VERSION, seed, {}, ()), ()) for x, seed in seeds.items()}

    monkeypatch.setattr(by_hand, "derive_plans", derive)
    checkout.plans.mkdir(parents=True)
    (checkout.plans / "gone.json").touch()

    write_plans(checkout, load_pipeline(checkout), "postgresql://source")

    seeds = {x.stem: json.loads(x.read_bytes())["seed"] for x in checkout.plans.iterdir()}
    assert seeds["baseline"] == seeds["breakpoint"] == 0
    assert seeds["mixed-workload"] == len("mixed-workload.toml")
    assert "gone" not in seeds


def test_a_load_that_does_not_fit_is_a_warning(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> dict[str, Derived]:
        raise UsageFailure("workload.toml: a\nworkload.toml: b")

    monkeypatch.setattr(by_hand, "derive_plans", refuse)
    with caplog.at_level(logging.WARNING):
        write_plans(checkout, load_pipeline(checkout), "")
    assert caplog.messages == [
        "no load for k6 started by hand: workload.toml: a",
        "no load for k6 started by hand: workload.toml: b",
    ]
    assert not checkout.plans.exists()
