"""The report of a real run in a real browser."""

from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import pytest

from cdc_perf.report.html.build import write_reports
from tests.browser.opened import PHONE, Opened, Scheme, open_page
from tests.unit.recorded_runs import row, write_run
from tests.unit.series_files import long_series

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

# Latency, throughput, virtual users and distribution of two scenarios; the stack's beside them.
LEAST_CHARTS = 8
FOCUSED = """() => {
    const { activeElement: e } = document;
    return e === document.body ? '' : e.tagName;
}"""
FOCUSABLE = "a[href], summary, .chart, .scroll, pre"


def test_nothing_is_fetched_nothing_is_complained_of_and_every_chart_is_drawn(
    report: Opened,
) -> None:
    assert (report.complaints, report.requests, report.dialogs) == ([], [], [])
    colors = report.colors()
    assert len(colors) >= LEAST_CHARTS
    assert min(colors) > 10


def test_the_first_thing_said_is_the_verdict(report: Opened) -> None:
    heading = report.page.locator("h1").inner_text()
    assert heading.split(":")[0] in ("PASS", "FAIL", "NO-DATA", "INVALID")
    assert heading in report.page.inner_text("body")[:300]


def test_dark_is_dark_and_follows_the_system_at_once(browser: "Browser", run: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    picture = "document.querySelector('.chart canvas').toDataURL()"
    with open_page(browser, run / "report.html", scheme="dark") as opened:
        dark, drawn = opened.evaluate(ground), opened.evaluate(picture)
        opened.page.emulate_media(color_scheme="light")
        assert (dark, opened.evaluate(ground)) == ("rgb(13, 17, 23)", "rgb(255, 255, 255)")
        opened.page.wait_for_function(f"before => {picture} !== before", arg=drawn)
        assert opened.complaints == []


def test_the_keyboard_reaches_everything(report: Opened) -> None:
    report.page.keyboard.press("Tab")
    assert report.evaluate("document.activeElement.className") == "skip"
    visible = report.page.locator(FOCUSABLE).evaluate_all(
        "all => all.filter(e => e.checkVisibility({contentVisibilityAuto: true})).length"
    )
    reached = 1
    for _ in range(3 * visible):
        report.page.keyboard.press("Tab")
        if not report.evaluate(FOCUSED):
            break
        reached += 1
    assert reached == visible


def test_a_chart_is_read_by_arrow_keys_and_zoomed(report: Opened) -> None:
    said = "document.querySelector('.spoken').textContent"
    report.page.locator(".chart").first.focus()
    report.page.keyboard.press("Home")
    first = report.evaluate(said)
    report.page.keyboard.press("ArrowRight")
    second = report.evaluate(said)
    assert first.startswith("at 0:00, max ")
    assert second.startswith("at 0:01, max ")
    legend = report.page.locator(".chart .u-legend").first
    assert "0:01" in legend.inner_text()
    # The charts of a scenario share their time.
    assert "0:01" in report.page.locator(".chart .u-legend").nth(1).inner_text()
    whole = report.page.locator(".chart canvas").nth(1).evaluate("c => c.toDataURL()")
    report.page.keyboard.press("+")
    changed = "([n, b]) => document.querySelectorAll('.chart canvas')[n].toDataURL() !== b"
    report.page.wait_for_function(changed, arg=[1, whole])
    report.page.keyboard.press("0")
    report.page.wait_for_function(changed.replace("!==", "==="), arg=[1, whole])
    assert report.complaints == []


def test_a_table_opens_by_the_keyboard(report: Opened) -> None:
    summary = report.page.locator("figure summary").first
    table = report.page.locator("figure table.figures").first
    assert not table.is_visible()
    summary.focus()
    report.page.keyboard.press("Enter")
    assert table.is_visible()
    assert table.locator("tbody tr").count() <= 60


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious(
    browser: "Browser", run: Path, scheme: Scheme, viewport: "ViewportSize | None"
) -> None:
    with open_page(browser, run / "report.html", scheme=scheme, viewport=viewport) as opened:
        opened.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert opened.axe() == []


def test_a_phone_scrolls_in_one_direction(browser: "Browser", run: Path) -> None:
    with open_page(browser, run / "report.html", viewport=PHONE) as opened:
        width = "document.documentElement.scrollWidth"
        assert opened.evaluate(width) == PHONE["width"]
        # Turned: charts follow.
        opened.page.set_viewport_size({"width": 844, "height": 390})
        opened.page.wait_for_function(
            "() => document.querySelector('.chart .uplot').clientWidth > 700"
        )
        assert opened.evaluate(width) == 844
        assert min(opened.colors()) > 10


def test_without_javascript_the_tables_say_it_all(browser: "Browser", run: Path) -> None:
    with open_page(browser, run / "report.html", script=False) as opened:
        tables = opened.page.locator("table.figures")
        assert tables.count() >= LEAST_CHARTS
        assert all(table.is_visible() for table in tables.all())
        assert not opened.page.locator(".chart").first.is_visible()
        assert opened.page.locator("h1").is_visible()


def test_it_prints_light_with_its_charts(browser: "Browser", run: Path, tmp_path: Path) -> None:
    with open_page(browser, run / "report.html", scheme="dark") as opened:
        opened.page.emulate_media(media="print")
        opened.page.wait_for_function(
            "() => [...document.querySelectorAll('.chart .uplot')].every(p => p.clientWidth <= 660)"
        )
        body = "getComputedStyle(document.body).backgroundColor"
        assert opened.evaluate(body) == "rgb(255, 255, 255)"
        assert min(opened.colors()) > 10
        printed = opened.page.pdf(format="A4")
        assert printed.startswith(b"%PDF")
        assert 2 < printed.count(b"/Type /Page\n") < 20
        assert opened.complaints == []


def test_an_hour_is_built_in_two_seconds_and_opens_at_once(
    browser: "Browser", tmp_path: Path
) -> None:
    folder = write_run(tmp_path, [row("baseline")])
    long_series(folder / "baseline" / "series.parquet", 3600, 50)
    begun = process_time()
    report, _ = write_reports(folder)
    assert process_time() - begun < 2
    assert report.stat().st_size < 1_000_000
    with open_page(browser, report) as opened:
        assert opened.evaluate("performance.now()") < 10_000
        # Reading the canvases is what Chromium would complain of next.
        assert opened.complaints == []
        assert len(opened.colors()) == 8
        assert min(opened.colors()) > 10


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "viewport", "first", "height"),
    [
        ("report", None, "body", 800),
        ("charts", None, "#scenario-2", 1500),
        ("stack", None, "[aria-labelledby=scenario-2] .pair", 800),
        ("phone", PHONE, "#scenario-2", 1200),
    ],
)
def test_pictures_are_taken(
    browser: "Browser",
    run: Path,
    pictures: Path,
    scheme: Scheme,
    name: str,
    viewport: "ViewportSize | None",
    first: str,
    height: int,
) -> None:
    with open_page(browser, run / "report.html", scheme=scheme, viewport=viewport) as opened:
        top = opened.page.locator(first).evaluate("e => e.getBoundingClientRect().top + scrollY")
        width = opened.evaluate("innerWidth")
        clip: Any = {"x": 0, "y": top, "width": width, "height": height}
        path = pictures / f"{name}-{scheme}.png"
        opened.page.screenshot(path=path, full_page=True, clip=clip)
        assert path.stat().st_size > 20_000
