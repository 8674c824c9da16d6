"""Faults planted on purpose: what the command says, what it exits with, and when all is gone.

Every test adds a row to a table; `nox -s failures` writes it to docs/failures.md.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cdc_perf import process_tags
from cdc_perf.files import write_atomically
from tests.integration.conftest import copy_checkout
from tests.integration.failures.failure_table import FailureTable
from tests.integration.failures.provoking import ports_of
from tests.integration.inv import Inv

OPTION = "--failure-table"
_TABLE = pytest.StashKey[FailureTable]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, help="write the table of faults to this file")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TABLE] = FailureTable()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    path = session.config.getoption(OPTION, default=None)
    if path is not None and exitstatus == pytest.ExitCode.OK:
        write_atomically(Path(path), session.config.stash[_TABLE].markdown())


@pytest.fixture
def table(request: pytest.FixtureRequest) -> FailureTable:
    return request.config.stash.setdefault(_TABLE, FailureTable())


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Inv]:
    """A checkout of its own, without a stack; whatever is left in it is ended."""
    inv = Inv(copy_checkout(tmp_path / "checkout"))
    yield inv
    if ports_of(inv):
        inv("down")
    process_tags.end_tagged_processes(inv.checkout.root)
