"""A browser, and the report of a real run to open in it.

`--pictures FOLDER` keeps the pictures that the README shows.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts import marks
from tests.browser.opened import Opened, open_page
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_DURATION = "40s"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", help="write the pictures of the documentation to this folder")
    parser.addoption("--run", help="open this run's folder and make none")


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    api = pytest.importorskip("playwright.sync_api", reason="nox -s browser installs Playwright")
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        pytest.skip(f"there is none of {', '.join(_BROWSERS)}: install the distribution's Chromium")
    with api.sync_playwright() as playwright:
        # Its sandbox refuses root and most containers; what is opened here is our own.
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a real run of two scenarios."""
    if given := request.config.getoption("--run"):
        yield Path(given).resolve()
        return
    inv = Inv(copy_checkout(tmp_path_factory.mktemp("measured") / "checkout"))
    completed = inv.measured("--scenarios", "baseline,e2e-latency", "--duration", _DURATION)
    yield inv.run_of(completed)
    marks.end_started_for(inv.checkout.root)


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder that pictures are written to."""
    return Path(request.config.getoption("--pictures") or tmp_path)


@pytest.fixture
def report(browser: "Browser", run: Path) -> Iterator[Opened]:
    """The report of the real run, on a desktop's screen."""
    with open_page(browser, run / "report.html") as opened:
        yield opened
