"""The check that the workloads fit the tables, without a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest

from cdc_perf.errors import ExitCode, StackFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import source
from cdc_perf.stack.checks.results import Result, State
from cdc_perf.waiting import NotReady
from cdc_perf.workload import plans
from cdc_perf.workload.check import check_workloads
from tests.unit.perf.fakes import endpoints
from tests.unit.workload.catalogs import catalog, column, table

CHECKOUT = Checkout.here()
LOADED = load_pipeline(CHECKOUT)
PIPELINE = msgspec.structs.replace(LOADED, tables=LOADED.tables[:1])
OTHERS = (Result("postgres", State.OK), Result("topics", State.FAILED))
CUSTOMER = table("public.customer", column("id", "uuid"), column("email"))


@pytest.fixture
def own(tmp_path: Path) -> Checkout:
    """A folder with a pipeline of its own, without a workload."""
    return Checkout.at(CHECKOUT.root, {"CDC_PIPELINE": str(tmp_path)})


@pytest.fixture(autouse=True)
def answers(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def connect(_dsn: str) -> Iterator[None]:
        yield None

    monkeypatch.setattr(source, "connect", connect)
    monkeypatch.setattr(plans, "read_catalog", lambda *_: catalog(CUSTOMER))


def test_the_tables_that_the_load_writes_to_are_shown(own: Checkout) -> None:
    found = check_workloads(own, PIPELINE, endpoints(), OTHERS)
    assert (found.state, found.detail) == (State.OK, "writes to public.customer")


def test_a_table_that_is_not_there_is_not_reported_twice(own: Checkout) -> None:
    others = (*OTHERS, Result("tables", State.FAILED))
    found = check_workloads(own, PIPELINE, endpoints(), others)
    assert (found.state, found.detail) == (State.SKIPPED, "needs: tables")


def test_each_fault_is_a_wrong_setting(own: Checkout, tmp_path: Path) -> None:
    text = '[changes."public.customer"]\ninsert = 1\n[changes."a.b"]\ninsert = 1\n'
    text += '[changes."c.d"]\ninsert = 1\n'
    (tmp_path / "workload.toml").write_text(text, encoding="utf-8")
    found = check_workloads(own, PIPELINE, endpoints(), OTHERS)
    assert found.state is State.FAILED
    assert [str(each).partition(";")[0] for each in found.failures] == [
        'workload.toml: changes."a.b": a.b is not in [[tables]]',
        'workload.toml: changes."c.d": c.d is not in [[tables]]',
    ]
    assert {each.code for each in found.failures} == {ExitCode.USAGE}


def test_a_source_that_does_not_answer_is_unknown(
    own: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_: str) -> NoReturn:
        raise NotReady("no answer")

    monkeypatch.setattr(source, "connect", silent)
    found = check_workloads(own, PIPELINE, endpoints(), OTHERS)
    assert (found.state, found.detail) == (State.UNKNOWN, "no answer")


def test_a_source_that_may_not_be_read_fails(
    own: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise NotReady("permission denied")

    monkeypatch.setattr(plans, "read_catalog", refuse)
    found = check_workloads(own, PIPELINE, endpoints(), OTHERS)
    assert found.state is State.FAILED
    assert {each.code for each in found.failures} == {StackFailure.code}
