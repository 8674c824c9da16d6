"""What a page must not do, planted in it: the page does not do it, and the checks would see it."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from cdc_perf.report.html.build import write_reports
from cdc_perf.report.html.version_comparison import comparison_html
from cdc_perf.results.comparison import Version
from cdc_perf.verdict.comparison import judge_comparison
from tests.browser.opened import open_page
from tests.unit.compared_versions import compared, with_start
from tests.unit.measured import because
from tests.unit.recorded_runs import SLOW, manifest, row, write_run
from tests.unit.series_files import load, series_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SCRIPT = "<script>document.title = 'taken over'; alert(1)</script>"
IMAGE = "<img src='https://example.org/x.png' onerror=\"document.title = 'taken over'\">"
PLANTED = [SCRIPT, IMAGE, "<style>body { display: none }</style>"]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    rows = [row("baseline", SLOW)]
    folder = write_run(tmp_path, rows)
    series_of(folder / "baseline" / "series.parquet", load(20))
    return write_reports(folder)[0]


def spoilt(page: Path, planted: str, *, policy: bool = True) -> Path:
    """Return the page with something in it that no template writes."""
    text = page.read_text(encoding="utf-8").replace("<main", f"{planted}<main", 1)
    if not policy:
        text = text.replace("Content-Security-Policy", "nothing", 1)
    target = page.with_name("spoilt.html")
    target.write_text(text, encoding="utf-8")
    return target


@pytest.mark.parametrize("hostile", [*PLANTED, "</script>" + SCRIPT, "x" * 3_000_000])
def test_hostile_text_is_shown_and_does_nothing(
    browser: "Browser", tmp_path: Path, hostile: str
) -> None:
    failing = row("spike", SLOW)
    verdict = msgspec.structs.replace(failing.verdict, reasons=(because(hostile),))
    rows = [type(failing)(verdict, failing.summary)]
    # A manifest that large is not read at all.
    name = hostile[:10_000]
    made = msgspec.structs.replace(manifest(rows), name=name, notes=(name,))
    folder = write_run(tmp_path, rows, made=made)
    series_of(folder / "spike" / "series.parquet", load(5))
    (folder / "spike" / "k6.log").write_bytes(
        b'time="1" level=error msg=' + msgspec.json.encode(f"pg_write_errors: {hostile}") + b"\n"
    )
    with open_page(browser, write_reports(folder)[0]) as opened:
        assert (opened.complaints, opened.requests, opened.dialogs) == ([], [], [])
        assert opened.page.title().endswith("cdc-perf")
        assert opened.page.inner_text("body").count(hostile[:60]) >= 3
        assert min(opened.colors()) > 10
        assert opened.axe() == []


@pytest.mark.parametrize("hostile", [*PLANTED, "</script>" + SCRIPT])
def test_hostile_text_of_two_versions_is_shown_and_does_nothing(
    browser: "Browser", tmp_path: Path, hostile: str
) -> None:
    version = Version(name=hostile, commit="", settings={hostile: hostile})
    comparison = with_start(compared(starts=4), 0, fault=hostile)
    comparison = msgspec.structs.replace(comparison, head=version, workload=hostile)
    report = tmp_path / "report.html"
    report.write_text(comparison_html(comparison, judge_comparison(comparison)), encoding="utf-8")
    with open_page(browser, report) as opened:
        assert (opened.complaints, opened.requests, opened.dialogs) == ([], [], [])
        assert opened.page.title().endswith("cdc-perf")
        assert opened.page.inner_text("body").count(hostile) >= 5
        assert min(opened.colors()) > 10


@pytest.mark.parametrize("planted", PLANTED)
def test_should_escaping_ever_fail_the_policy_holds(
    browser: "Browser", page: Path, planted: str
) -> None:
    with open_page(browser, spoilt(page, planted)) as opened:
        assert opened.dialogs == []
        assert opened.page.title() != "taken over"
        assert opened.page.locator("h1").is_visible()
        assert opened.complaints, "the browser tells what it refused"


@pytest.mark.parametrize("planted", [SCRIPT, IMAGE])
def test_the_checks_see_what_they_look_for(browser: "Browser", page: Path, planted: str) -> None:
    with open_page(browser, spoilt(page, planted, policy=False)) as opened:
        opened.page.wait_for_function("document.title === 'taken over'")
        assert opened.dialogs or opened.requests


def test_axe_sees_a_planted_fault(browser: "Browser", page: Path) -> None:
    faint = "<p id=faint>unseen</p><img alt>"
    with open_page(browser, spoilt(page, faint)) as opened:
        opened.evaluate("document.querySelector('#faint').style.color = '#eee'")
        opened.evaluate("document.querySelector('img').removeAttribute('alt')")
        assert [found.split(":")[0] for found in opened.axe()] == ["color-contrast", "image-alt"]


def test_an_empty_chart_is_seen(browser: "Browser", page: Path) -> None:
    with open_page(browser, page) as opened:
        opened.evaluate("(c => { c.width = c.width; })(document.querySelector('canvas'))")
        assert opened.colors()[0] == 1
