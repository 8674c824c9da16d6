"""A page in a browser that has no network, and whatever it complains of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

Scheme = Literal["light", "dark"]
DESKTOP: "ViewportSize" = {"width": 1200, "height": 900}
PHONE: "ViewportSize" = {"width": 390, "height": 844}
# How many different colors a chart has: an empty canvas has one.
_COLORS = """place => {
    const canvas = place.querySelector('canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
}"""


@dataclass
class Opened:
    """An open page.

    Attributes:
        page: Playwright's.
        complaints: Errors and warnings of the console, and exceptions.
        requests: Every address that was asked for but the page's own.
        dialogs: Every message box.
    """

    page: "Page"
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def evaluate(self, script: str) -> Any:  # noqa: ANN401 - whatever JavaScript returns
        return self.page.evaluate(script)

    def colors(self) -> list[int]:
        """Return how many colors each chart has."""
        return [place.evaluate(_COLORS) for place in self.page.query_selector_all(".chart")]

    def axe(self) -> list[str]:
        """Return what axe-core finds to be serious or worse: the rule and the elements."""
        from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - beside Playwright

        found = Axe().run(self.page).response["violations"]
        return [
            f"{violation['id']}: {[node['target'] for node in violation['nodes']][:5]}"
            for violation in found
            if violation["impact"] in ("serious", "critical")
        ]


@contextmanager
def open_page(
    browser: "Browser",
    path: Path,
    *,
    viewport: "ViewportSize | None" = None,
    scheme: Scheme = "light",
    script: bool = True,
) -> Iterator[Opened]:
    """Open a file, and close it again."""
    context: Any = browser.new_context(
        viewport=viewport or DESKTOP, color_scheme=scheme, java_script_enabled=script, offline=True
    )
    page = context.new_page()
    opened = Opened(page)
    address = path.resolve().as_uri()
    page.on(
        "console",
        lambda message: (
            opened.complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.on(
        "request",
        lambda request: opened.requests.append(request.url) if request.url != address else None,
    )

    def dismiss(dialog: Any) -> None:  # noqa: ANN401 - Playwright's
        opened.dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.goto(address)
    try:
        yield opened
    finally:
        context.close()
