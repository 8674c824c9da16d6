"""Faults planted on purpose: what the command says, what it exits with, and when all is gone.

Every test adds a row to a table; `nox -s faults` writes it to docs/faults.md.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cdc_perf import process_tags
from cdc_perf.files import write_atomically
from tests.integration.conftest import copy_checkout
from tests.integration.faults.fault_table import FaultTable
from tests.integration.faults.planting import ports_of
from tests.integration.inv import Inv

OPTION = "--fault-table"
_TABLE = pytest.StashKey[FaultTable]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, help="write the table of faults to this file")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TABLE] = FaultTable()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    path = session.config.getoption(OPTION, default=None)
    if path is not None and exitstatus == pytest.ExitCode.OK:
        write_atomically(Path(path), session.config.stash[_TABLE].markdown())


@pytest.fixture
def table(request: pytest.FixtureRequest) -> FaultTable:
    return request.config.stash.setdefault(_TABLE, FaultTable())


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Inv]:
    """A checkout of its own, without a stack; whatever is left in it is ended."""
    inv = Inv(copy_checkout(tmp_path / "checkout"))
    yield inv
    if ports_of(inv):
        inv("down")
    process_tags.end_tagged_processes(inv.checkout.root)
