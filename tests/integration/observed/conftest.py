"""A stack that is observed, and one run on it with errors of every kind planted."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cdc_perf.files import write_atomically
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.embedded import local_stack
from cdc_perf.tools.cache import Cache
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv, read
from tests.integration.observed import planted
from tests.integration.observed.panel_table import PanelTable
from tests.integration.observed.prometheus import Prometheus, Span

OPTION = "--panel-table"
_TABLE = pytest.StashKey[PanelTable]()
_SECONDS = 40
# Enough for a rate before the faults, by the half of the load.
_ITERATIONS = 150
_LIMITS = {
    "cdc_e2e_latency": {"p50": 1, "p95": 4000, "p99": 5000},
    "cdc_success_rate": {"rate": 0.9},
    "consumer_lag": {"max": 1_000_000},
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, help="write the table of panels to this file")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("prometheus") is None:
        why = "prometheus is not on PATH: apt-get install prometheus"
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=why))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    path = session.config.getoption(OPTION, default=None)
    if path is not None and exitstatus == pytest.ExitCode.OK:
        write_atomically(Path(path), session.config.stash[_TABLE].markdown())


@pytest.fixture
def table(request: pytest.FixtureRequest) -> PanelTable:
    return request.config.stash.setdefault(_TABLE, PanelTable())


@dataclass(frozen=True)
class Observed:
    """A stack with a Prometheus beside it."""

    inv: Inv
    stack: LocalStack
    endpoints: Endpoints
    prometheus: Prometheus


@dataclass(frozen=True)
class Run:
    """The run that was observed.

    Attributes:
        span: From its begin until after the last fault.
        load_begin: When k6 was started.
        load_end: When k6 had ended.
        folder: Of the run.
        files: Of its scenario.
        said: What `inv perf` printed.
    """

    span: Span
    load_begin: datetime
    load_end: datetime
    folder: Path
    files: ScenarioFiles
    said: str


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    checkout = copy_checkout(tmp_path_factory.mktemp("observed") / "checkout")
    stack = local_stack(checkout, load_pipeline(checkout), Cache.of_environment())
    endpoints = stack.up(observe=True)
    yield Observed(Inv(checkout), stack, endpoints, Prometheus(endpoints.prometheus_url))
    stack.down()


@pytest.fixture(scope="module")
def run(observed: Observed) -> Run:
    inv, endpoints, prometheus = observed.inv, observed.endpoints, observed.prometheus
    inv.set_limits({"baseline": _LIMITS})
    planted.plant_refusals(endpoints)
    known = inv.runs()
    running = inv.start("perf", "--scenarios", "baseline", "--duration", f"{_SECONDS}s")
    folder = inv.wait_for_load("baseline", known)

    def well_under_way() -> None:
        done = prometheus.value('sum(k6_iterations_total{scenario="baseline"})')
        if done is None or done < _ITERATIONS:
            raise NotReady(f"{done} iterations")

    wait_until(well_under_way, what="the load", deadline_seconds=_SECONDS)
    planted.freeze_and_kill_mongodb(observed.stack, prometheus)
    completed = running.wait()
    entry = next(x for x in read(folder / "run.json")["scenarios"] if x["name"] == "baseline")
    planted.uproot_refusals(endpoints)
    planted.send_a_dead_letter(load_pipeline(inv.checkout), endpoints, prometheus)
    planted.burst(endpoints, prometheus)
    begin, load_end = (datetime.fromisoformat(entry[x]) for x in ("started", "ended"))
    return Run(
        span=Span(folder.name, begin - timedelta(seconds=2), datetime.now(UTC)),
        load_begin=begin,
        load_end=load_end,
        folder=folder,
        files=ScenarioFiles(folder / "baseline"),
        said=completed.output or "\n".join(completed.last_lines),
    )
