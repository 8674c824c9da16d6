"""The table of types: the tests here fill it, and `nox -s types` writes it to docs/types.md."""

from pathlib import Path

import pytest

from cdc_perf.files import write_atomically
from tests.integration.types.type_table import TypeTable

OPTION = "--type-table"
_TABLE = pytest.StashKey[TypeTable]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, help="write the table of types to this file")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TABLE] = TypeTable()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    path = session.config.getoption(OPTION, default=None)
    table = session.config.stash[_TABLE]
    if path is not None and exitstatus == pytest.ExitCode.OK and table.is_complete:
        write_atomically(Path(path), table.markdown())


@pytest.fixture(scope="session")
def type_table(request: pytest.FixtureRequest) -> TypeTable:
    return request.config.stash.setdefault(_TABLE, TypeTable())
