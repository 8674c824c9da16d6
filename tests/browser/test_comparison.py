"""A run beside an earlier one, and two versions, in a real browser."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.browser.opened import PHONE, Scheme, open_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize


class Picture(NamedTuple):
    """A part of a report: the fixture of its page, its file's name, its first element, its size."""

    report: str
    name: str
    first: str
    height: int
    viewport: "ViewportSize | None" = None


SECTION = "section.comparison"
# Where the bar of a ratio has its ends, its interval, its dot, and the line of no change.
RATIOS = """all => all.map(bar => {
    const box = name => bar.querySelector(name).getBoundingClientRect();
    const middle = name => (box(name).left + box(name).right) / 2;
    return { said: bar.getAttribute('aria-label'), track: [box('.track').left, box('.track').right],
             fill: [box('.fill').left, box('.fill').right], dot: middle('.dot'),
             zero: middle('.zero') };
})"""
# Where each bar of a change begins and ends, and where the line is that stands for no change.
BARS = """all => all.map(bar => {
    const fill = bar.querySelector('.fill').getBoundingClientRect();
    const zero = bar.querySelector('.zero').getBoundingClientRect();
    return { said: bar.getAttribute('aria-label'), left: fill.left - zero.left,
             right: fill.right - zero.right };
})"""


def test_its_charts_are_drawn_and_nothing_is_complained_of(
    browser: "Browser", either: Path
) -> None:
    with open_page(browser, either) as opened:
        assert (opened.complaints, opened.requests, opened.dialogs) == ([], [], [])
        assert opened.page.locator(".chart canvas").count() >= 6
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
    browser: "Browser", either: Path, scheme: Scheme, viewport: "ViewportSize | None"
) -> None:
    with open_page(browser, either, scheme=scheme, viewport=viewport) as opened:
        opened.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert opened.axe() == []


def test_a_phone_scrolls_in_one_direction(browser: "Browser", either: Path) -> None:
    with open_page(browser, either, viewport=PHONE) as opened:
        assert opened.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_without_javascript_the_tables_say_it_all(browser: "Browser", either: Path) -> None:
    with open_page(browser, either, script=False) as opened:
        tables = opened.page.locator("table")
        assert tables.count() >= 9
        assert all(tables.nth(each).is_visible() for each in range(tables.count()))
        assert not opened.page.locator(".chart").first.is_visible()


def test_a_desktop_shows_the_figures_of_two_versions_without_scrolling(
    browser: "Browser", versions: Path
) -> None:
    with open_page(browser, versions) as opened:
        tables = opened.page.locator("main > section > .scroll")
        assert tables.count() == 4
        hidden: Any = tables.evaluate_all("all => all.map(e => e.scrollWidth - e.clientWidth)")
        assert max(hidden) <= 0


def test_the_interval_of_a_ratio_is_around_its_dot_and_beyond_no_edge(
    browser: "Browser", versions: Path
) -> None:
    with open_page(browser, versions) as opened:
        bars: Any = opened.page.locator("svg.ratio:has(.fill)").evaluate_all(RATIOS)
    assert len(bars) >= 8
    for bar in bars:
        assert bar["track"][0] - 1 <= bar["fill"][0] <= bar["dot"] <= bar["fill"][1]
        assert bar["fill"][1] <= bar["track"][1] + 1
        slower = bar["said"].startswith("+")
        assert (bar["dot"] >= bar["zero"]) is slower


def test_the_difference_at_a_percentile_is_read_by_arrow_keys(
    browser: "Browser", versions: Path
) -> None:
    with open_page(browser, versions) as opened:
        said = "document.querySelector('.spoken').textContent"
        opened.page.locator("#versions-shift").focus()
        opened.page.keyboard.press("Home")
        assert opened.evaluate(said).startswith("at p10, band to ")
        opened.page.keyboard.press("End")
        assert opened.evaluate(said).startswith("at p99, band to ")
        opened.page.locator("#versions-slices-p50").focus()
        opened.page.keyboard.press("Home")
        opened.page.keyboard.press("ArrowRight")
        assert opened.evaluate(said).startswith("at 0:10, base ")
        # Both charts of slices share their time.
        assert "0:10" in opened.page.locator("#versions-slices-p95 .u-legend").inner_text()


def test_two_versions_print_light_with_their_charts(browser: "Browser", versions: Path) -> None:
    with open_page(browser, versions, scheme="dark") as opened:
        opened.page.emulate_media(media="print")
        opened.page.wait_for_function(
            "() => [...document.querySelectorAll('.chart .uplot')].every(p => p.clientWidth <= 660)"
        )
        body = "getComputedStyle(document.body).backgroundColor"
        assert opened.evaluate(body) == "rgb(255, 255, 255)"
        assert min(opened.colors()) > 10
        printed = opened.page.pdf(format="A4")
        assert 2 <= printed.count(b"/Type /Page\n") <= 6
        assert opened.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "picture",
    [
        Picture("compared", "comparison", "#comparison", 1250),
        Picture("compared", "comparison-phone", "#comparison", 1500, PHONE),
        Picture("versions", "versions", "body", 1130),
        Picture("versions", "versions-slices", "#shift", 1100),
        Picture("versions", "versions-phone", "body", 1300, PHONE),
    ],
    ids=lambda picture: picture.name,
)
def test_pictures_are_taken(
    request: pytest.FixtureRequest,
    browser: "Browser",
    pictures: Path,
    scheme: Scheme,
    picture: Picture,
) -> None:
    path: Path = request.getfixturevalue(picture.report)
    with open_page(browser, path, scheme=scheme, viewport=picture.viewport) as opened:
        top = "e => e.getBoundingClientRect().top + scrollY"
        begin = opened.page.locator(picture.first).evaluate(top)
        width = opened.evaluate("innerWidth")
        clip: Any = {"x": 0, "y": begin, "width": width, "height": picture.height}
        target = pictures / f"{picture.name}-{scheme}.png"
        opened.page.screenshot(path=target, full_page=True, clip=clip)
        assert target.stat().st_size > 20_000
