"""A browser, and the report of a real run to open in it.

`--pictures FOLDER` keeps the pictures that the README shows.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from cdc_perf import process_tags
from cdc_perf.report.compare import compare_runs
from cdc_perf.report.html.build import BaseRun, write_reports
from cdc_perf.report.html.version_comparison import comparison_html
from cdc_perf.results.comparison import Comparison
from cdc_perf.runs.loader import read_results
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.verdict.comparison import judge_comparison
from tests.browser.opened import Opened, open_page
from tests.conftest import subject_missing
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv
from tests.unit.compared_runs import two_runs
from tests.unit.compared_versions import compared as compared_versions
from tests.unit.compared_versions import with_slice

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_DURATION = "40s"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", help="write the pictures of the documentation to this folder")
    parser.addoption("--run", help="a run of two scenarios: its report is made anew")
    parser.addoption(
        "--pair", nargs=2, metavar=("BASE", "HEAD"), help="runs to show beside another"
    )
    parser.addoption("--versions", help="a comparison.json of two versions to show")


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> "Iterator[Browser]":
    api = pytest.importorskip("playwright.sync_api", reason="nox -s browser installs Playwright")
    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        subject_missing(
            request.config, "No Chromium is on PATH: install the package chromium of your system"
        )
    with api.sync_playwright() as playwright:
        # Its sandbox refuses root and most containers; what is opened here is our own.
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a real run of two scenarios."""
    if given := request.config.getoption("--run"):
        folder = Path(given).resolve()
        metrics = load_metrics(Checkout.here())
        write_reports(folder, units={name: kind.unit for name, kind in metrics.items()})
        yield folder
        return
    inv = Inv(copy_checkout(tmp_path_factory.mktemp("measured") / "checkout"))
    completed = inv.measured("--scenarios", "baseline,e2e-latency", "--duration", _DURATION)
    yield inv.run_of(completed)
    process_tags.end_tagged_processes(inv.checkout.root)


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder that pictures are written to."""
    return Path(request.config.getoption("--pictures") or tmp_path)


@pytest.fixture(scope="session")
def compared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run beside an earlier one: of those that were given, else of made-up ones."""
    folder = tmp_path_factory.mktemp("compared")
    given = request.config.getoption("--pair")
    if given:
        # Their own reports stay as they are.
        base, head = (Path(shutil.copytree(each, folder / Path(each).name)) for each in given)
    else:
        base, head = two_runs(folder)
    known = [path.parent.name for path in head.glob("*/verdict.json")]
    comparison = compare_runs(*(read_results(each, known) for each in (base, head)))
    return write_reports(head, BaseRun(base, comparison))[0]


@pytest.fixture(scope="session")
def versions(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of two versions: of those that were given, else of made-up ones."""
    given = request.config.getoption("--versions")
    made = with_slice(compared_versions(1.0), 2, 3, invalid="k6 dropped 12 iterations")
    content = Path(given).read_bytes() if given else msgspec.json.encode(made)
    comparison = msgspec.json.decode(content, type=Comparison)
    report = tmp_path_factory.mktemp("versions") / "report.html"
    report.write_text(comparison_html(comparison, judge_comparison(comparison)), encoding="utf-8")
    return report


@pytest.fixture(scope="session", params=["compared", "versions"])
def either(request: pytest.FixtureRequest) -> Path:
    """The report of two runs, and of two versions."""
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def report(browser: "Browser", run: Path) -> Iterator[Opened]:
    """The report of the real run, on a desktop's screen."""
    with open_page(browser, run / "report.html") as opened:
        yield opened
