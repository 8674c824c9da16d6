"""What holds for every test: its environment, its log, and what a skip means."""

import logging
import os
from collections.abc import Generator, Iterator
from typing import NoReturn

import hypothesis
import pytest

from cdc_perf import environment
from cdc_perf.terminal import ProgressHandler

environment.adopt(os.environ)
# A busy machine is no defect: no example has a deadline.
hypothesis.settings.register_profile("cdc-perf", deadline=None)
hypothesis.settings.load_profile("cdc-perf")
LOG = logging.getLogger("cdc_perf")
# As a command sets it; pytest shows the messages of a test that fails.
LOG.setLevel(logging.INFO)

SKIPS_FAIL = "--skips-fail"
# What only another machine can have.
MAY_BE_SKIPPED = {
    "tests/compose/test_runs.py::test_a_component_that_dies_by_itself_fails_the_run": "needs root",
    "tests/integration/test_no_docker.py::test_no_permission": "root may use any socket",
    "tests/integration/test_no_docker.py::test_compose_takes_the_files": "needs Docker's compose",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(SKIPS_FAIL, action="store_true", help="a skip is a failure")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    skipped = report.skipped and item.nodeid.partition("[")[0] not in MAY_BE_SKIPPED
    if skipped and item.config.getoption(SKIPS_FAIL):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"may not be skipped here: {reason}"
    return report


@pytest.fixture(autouse=True)
def progress() -> Iterator[list[str]]:
    """Return the messages of the harness so far; what a command does to its log ends here."""
    messages: list[str] = []
    handlers, propagate = LOG.handlers[:], LOG.propagate
    LOG.addHandler(ProgressHandler(messages.append))
    yield messages
    LOG.handlers, LOG.propagate = handlers, propagate


def subject_missing(config: pytest.Config, reason: str) -> NoReturn:
    """Skip a test without its subject, or end the session of which it is the one subject."""
    if config.getoption(SKIPS_FAIL):
        pytest.exit(reason, returncode=pytest.ExitCode.TESTS_FAILED)
    pytest.skip(reason)
