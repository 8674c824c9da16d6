import shutil
from pathlib import Path

import pytest

from cdc_perf.errors import ExitCode, StackFailure, UsageFailure
from cdc_perf.selftest.fault import Edit, Expected, Fault
from cdc_perf.selftest.faults import FAULTS, select
from cdc_perf.selftest.trial import prepared
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios
from cdc_perf.settings.threshold_file import load_thresholds

ROOT = Path(__file__).parents[3]
SETTINGS = ("metrics.json", "scenarios.json", "thresholds.json")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """The settings and scripts of this checkout, beside what a run does not need."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / "k6" / "scripts", root / "k6" / "scripts")
    for name in SETTINGS:
        shutil.copy(ROOT / "k6" / name, root / "k6" / name)
    for name in sorted({edit.file for fault in FAULTS for edit in fault.edits}):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    for left_out in (".git/config", ".stack/stack.json", "k6/results/latest/run.json"):
        path = root / left_out
        path.parent.mkdir(parents=True)
        path.touch()
    return Checkout.at(root, {})


def test_all_faults_are_planted_unless_some_are_named() -> None:
    assert select("") == FAULTS
    assert [fault.name for fault in select("duplicate, clean,duplicate")] == ["duplicate", "clean"]
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_the_clean_run_is_judged_by_every_limit_that_a_fault_breaks() -> None:
    clean, *faults = FAULTS
    assert clean.expected == Expected(ExitCode.PASS)
    judged = {f"{metric} {stat}" for metric, stats in clean.limits.items() for stat in stats}
    # A recovery is judged only where the run injects a fault.
    assert {
        fault.expected.red for fault in faults if " " in fault.expected.red and not fault.recovery
    } <= judged


def test_an_unknown_fault_is_a_usage_failure() -> None:
    with pytest.raises(UsageFailure, match="unknown fault 'duplicat'; did you mean duplicate"):
        select("duplicat")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_copy_has_valid_settings(checkout: Checkout, tmp_path: Path, fault: Fault) -> None:
    committed = checkout.thresholds_file.read_bytes()
    with prepared(checkout, fault, tmp_path / "results") as copy:
        known = load_scenarios(copy)
        limits = load_thresholds(copy, known.names, load_metrics(copy)).thresholds_of(
            fault.scenario
        )
        assert {limit.metric for limit in limits} == set(fault.limits)
        options = (copy.root / "k6" / "scenarios.json").read_text(encoding="utf-8")
        assert all(f'"{name}": {value}' in options for name, value in fault.load.items())
        for edit in fault.edits:
            text = (copy.root / edit.file).read_text(encoding="utf-8")
            assert text.count(edit.old) == edit.new.count(edit.old)
            assert edit.new in text
        left = {path.name for path in copy.root.rglob("*")}
        assert not {".git", ".stack", "run.json"} & left
    assert not copy.root.exists()
    assert checkout.thresholds_file.read_bytes() == committed


def test_what_is_not_there_cannot_be_replaced(checkout: Checkout, tmp_path: Path) -> None:
    edit = Edit("k6/scripts/lib/pipeline.js", "a missing text", "")
    fault = Fault("gone", "nothing", Expected(UsageFailure.code), edits=(edit,))
    with (
        pytest.raises(StackFailure, match=r"pipeline\.js no longer contains 'a missing text'"),
        prepared(checkout, fault, tmp_path / "results"),
    ):
        pass
