import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.scenarios import load_scenarios
from cdc_perf.settings.workload import NO_FILE
from cdc_perf.stack import source as source_module
from cdc_perf.waiting import NotReady
from cdc_perf.workload import plans as module
from cdc_perf.workload.plans import derive_plans, load_workloads, workload_names
from tests.unit.workload.catalogs import catalog, column, table

CHECKOUT = Checkout.at(Path(__file__).parents[3], {})
PIPELINE = load_pipeline(CHECKOUT)
CUSTOMER = table("public.customer", column("id", "uuid"), column("email"), column("status"))


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def connect(_dsn: str) -> Iterator[None]:
        yield None

    def read(_connection: object, names: list[str]) -> object:
        return catalog(*(each for each in (CUSTOMER,) if str(each) in names))

    monkeypatch.setattr(source_module, "connect", connect)
    monkeypatch.setattr(module, "read_catalog", read)


def test_each_workload_of_a_run_gets_a_plan(source: None) -> None:
    workloads = load_workloads(CHECKOUT, PIPELINE, ["", "workload.toml"])
    found = derive_plans(PIPELINE, "", workloads)
    assert {name: list(each.plan.tables) for name, each in found.items()} == {
        "": ["public.customer"],
        "workload.toml": ["public.customer"],
    }


def test_the_faults_of_all_workloads_are_reported_at_once(source: None) -> None:
    workloads = load_workloads(CHECKOUT, PIPELINE, ["", "mixed-workload.toml"])
    with pytest.raises(UsageFailure) as failure:
        derive_plans(PIPELINE, "", workloads)
    for name in ("public.orders", "public.order_item", "public.address"):
        assert f"there is no table {name} in the source" in failure.value.message


def test_all_files_are_read_before_a_fault_is_reported() -> None:
    with pytest.raises(UsageFailure) as failure:
        load_workloads(CHECKOUT, PIPELINE, ["", "a.toml", "b.toml"])
    assert len(failure.value.message.splitlines()) == 2


def test_a_script_of_ones_own_needs_no_workload(tmp_path: Path) -> None:
    own = Checkout.at(CHECKOUT.root, {"CDC_PIPELINE": str(tmp_path)})
    own.own_scripts.mkdir()
    (own.own_scripts / "mine.js").touch()
    patch = {
        "soak": {"script": "mine.js"},
        "stress": {"script": "mine.js", "workload": "stress.toml"},
        "spike": {"workload": "spike.toml"},
    }
    own.own_scenarios_file.write_text(json.dumps(patch), encoding="utf-8")
    found = {x.name: x for x in load_scenarios(own).every}
    chosen = [found[name] for name in ("health-check", "soak", "stress", "spike", "spike")]
    assert workload_names(own, PIPELINE, chosen) == ("stress.toml", "spike.toml")
    (tmp_path / "workload.toml").touch()
    assert workload_names(own, PIPELINE, chosen) == ("", "stress.toml", "spike.toml")


def test_a_run_that_only_observes_has_no_plan() -> None:
    assert derive_plans(PIPELINE, "", {}) == {}


@pytest.mark.parametrize("error", [NotReady("no answer"), psycopg.Error("no right\nLINE 1")])
def test_a_source_that_cannot_be_read_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def connect(_dsn: str) -> Any:  # noqa: ANN401 - it never returns
        raise error

    monkeypatch.setattr(source_module, "connect", connect)
    with pytest.raises(StackFailure) as failure:
        derive_plans(PIPELINE, "", {"": NO_FILE})
    reason = str(error).splitlines()[0]
    assert failure.value.message == f"the source cannot be read to derive the load: {reason}"
