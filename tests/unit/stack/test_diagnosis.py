import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil
import pytest

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import LocalStackSettings, Pipeline, Stacks
from cdc_perf.stack.local.diagnosis import CheckResult, Health, diagnose
from cdc_perf.tools.cache import Cache

GIB = 1024**3
ROOT = Path(__file__).parents[3]


@dataclass
class Machine:
    """What a machine has; bytes."""

    available: int = 8 * GIB
    free: int = 100 * GIB


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    """A machine without Go and mongod on PATH."""
    machine = Machine()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: machine)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: machine)
    return machine


def found(cache: Cache, pipeline: Pipeline, root: Path = ROOT) -> dict[str, CheckResult]:
    checkout = Checkout.at(root, {"RESULTS_DIR": str(cache.root / "results")})
    return {finding.what: finding for finding in diagnose(checkout, pipeline, cache)}


@pytest.mark.usefixtures("machine")
def test_on_a_good_machine_the_tools_are_missing_and_nothing_is_wrong(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    findings = found(Cache(tmp_path), pipeline)
    missing = [name for name, x in findings.items() if x.health is Health.MISSING]
    assert {"PostgreSQL", "Java", "Kafka", "nx-27017", "k6"} <= set(missing)
    assert findings["Kafka"].found.endswith("about 30s to install")
    assert not [name for name, x in findings.items() if x.health is Health.WRONG]
    assert findings["mongod"].found == "none: the stand-in nx-27017 is used instead"


@pytest.mark.parametrize(
    ("poor", "wrong"),
    [
        (Machine(available=1 * GIB), {"memory"}),
        (Machine(free=2 * GIB), {"cache"}),
        (Machine(free=1), {"cache", "results"}),
    ],
    ids=["little memory", "little disk", "no disk"],
)
def test_what_is_wrong_comes_with_its_remedy(
    machine: Machine, tmp_path: Path, pipeline: Pipeline, poor: Machine, wrong: set[str]
) -> None:
    machine.available, machine.free = poor.available, poor.free
    findings = found(Cache(tmp_path), pipeline)
    assert {name for name, x in findings.items() if x.health is Health.WRONG} == wrong
    assert all(findings[name].remedy for name in wrong)


@pytest.mark.usefixtures("machine")
def test_a_checkout_without_its_lock_files_is_wrong(tmp_path: Path, pipeline: Pipeline) -> None:
    findings = found(Cache(tmp_path), pipeline, root=tmp_path)
    assert findings["tools"].health is Health.WRONG
    assert findings["tools"].remedy == "restore it: git checkout"


@pytest.mark.usefixtures("machine")
def test_a_given_mongod_is_looked_for_in_the_folder(tmp_path: Path, pipeline: Pipeline) -> None:
    changed = msgspec.structs.replace(
        pipeline, stacks=Stacks(local=LocalStackSettings(mongod="bin/mongod"))
    )
    finding = found(Cache(tmp_path), changed)["mongod"]
    assert finding.health is Health.WRONG
    assert f"{ROOT}/pipelines/sample/bin/mongod does not exist" in finding.found
