"""A run beside an earlier one, in a real browser."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.opened import PHONE, Scheme, open_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

SECTION = "section.comparison"
# Where each bar of a change begins and ends, and where the line is that stands for no change.
BARS = """all => all.map(bar => {
    const fill = bar.querySelector('.fill').getBoundingClientRect();
    const zero = bar.querySelector('.zero').getBoundingClientRect();
    return { said: bar.getAttribute('aria-label'), left: fill.left - zero.left,
             right: fill.right - zero.right };
})"""


def test_its_charts_are_drawn_and_nothing_is_complained_of(
    browser: "Browser", compared: Path
) -> None:
    with open_page(browser, compared) as opened:
        assert (opened.complaints, opened.requests, opened.dialogs) == ([], [], [])
        assert opened.page.locator(f"{SECTION} .chart canvas").count() >= 3
        assert min(opened.colors()) > 10


def test_the_question_is_answered_first_and_leads_there(browser: "Browser", compared: Path) -> None:
    with open_page(browser, compared) as opened:
        link = opened.page.locator("dl.glance a[href='#comparison']")
        assert link.is_visible()
        link.click()
        opened.page.wait_for_function(
            "document.querySelector('#comparison').getBoundingClientRect().top < 50"
        )


def test_a_bar_reaches_where_its_figure_moved(browser: "Browser", compared: Path) -> None:
    with open_page(browser, compared) as opened:
        bars: Any = opened.page.locator(f"{SECTION} svg.change").evaluate_all(BARS)
    moved = [bar for bar in bars if bar["said"] != "none"]
    assert moved
    for bar in moved:
        more = bar["said"].startswith("+")
        assert (bar["right"] > 0, bar["left"] < 0) == (more, not more)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious(
    browser: "Browser", compared: Path, scheme: Scheme, viewport: "ViewportSize | None"
) -> None:
    with open_page(browser, compared, scheme=scheme, viewport=viewport) as opened:
        opened.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert opened.axe() == []


def test_a_phone_scrolls_in_one_direction(browser: "Browser", compared: Path) -> None:
    with open_page(browser, compared, viewport=PHONE) as opened:
        assert opened.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_without_javascript_the_tables_say_it_all(browser: "Browser", compared: Path) -> None:
    with open_page(browser, compared, script=False) as opened:
        tables = opened.page.locator(f"{SECTION} table")
        assert tables.count() >= 4
        assert all(tables.nth(each).is_visible() for each in range(tables.count()))
        assert not opened.page.locator(f"{SECTION} .chart").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "viewport", "height"), [("comparison", None, 1250), ("comparison-phone", PHONE, 1500)]
)
def test_pictures_are_taken(
    browser: "Browser",
    compared: Path,
    pictures: Path,
    scheme: Scheme,
    name: str,
    viewport: "ViewportSize | None",
    height: int,
) -> None:
    with open_page(browser, compared, scheme=scheme, viewport=viewport) as opened:
        top = "e => e.getBoundingClientRect().top + scrollY"
        begin = opened.page.locator("#comparison").evaluate(top)
        width = opened.evaluate("innerWidth")
        clip: Any = {"x": 0, "y": begin, "width": width, "height": height}
        path = pictures / f"{name}-{scheme}.png"
        opened.page.screenshot(path=path, full_page=True, clip=clip)
        assert path.stat().st_size > 20_000
