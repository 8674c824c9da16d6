"""`inv perf --live`: the dashboard is there, and a page that stays open holds nobody up."""

import re
import threading

import pytest
import requests

from cdc_perf import process
from cdc_perf.errors import ExitCode
from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.inv import Inv, read

pytestmark = pytest.mark.slow

_SECONDS = 5
_LINE = re.compile(r"^live: (http://127\.0\.0\.1:\d+)$", re.MULTILINE)


class Page(threading.Thread):
    """A browser's page: it reads the dashboard's events for as long as it may."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self.events = 0

    def run(self) -> None:
        try:
            with requests.get(f"{self._url}/events", stream=True, timeout=60) as answer:
                for line in answer.iter_lines():
                    self.events += line.startswith(b"event:")
        except requests.RequestException:
            pass


@pytest.mark.usefixtures("stack")
def test_a_page_that_stays_open_does_not_hold_up_the_run(checkout: Checkout) -> None:
    inv = Inv(checkout)
    known, lines = inv.runs(), list[str]()
    before = checkout.thresholds_file.read_bytes()
    inv.set_limits({"baseline": {"cdc_success_rate": {"rate": 0.9}}})
    try:
        running = process.start(
            inv.argv("perf", "--scenarios", "baseline", "--duration", f"{_SECONDS}s", "--live"),
            cwd=checkout.root,
            env=inv.environment,
            on_line=lines.append,
        )
        run = inv.wait_for_load("baseline", known)
        (url,) = set(_LINE.findall("\n".join(lines)))

        def opened() -> Page:
            try:
                page = requests.get(f"{url}/ui/", timeout=5)
            except requests.RequestException as error:
                raise NotReady(str(error)) from None
            if not page.ok:
                raise NotReady(f"it answers {page.status_code}")
            return Page(url)

        page = wait_until(opened, what="the dashboard", deadline_seconds=_SECONDS)
        page.start()
        completed = running.wait()
    finally:
        checkout.thresholds_file.write_bytes(before)
    page.join(5)
    assert not page.is_alive()
    assert page.events > 1
    assert completed.exit_code in (ExitCode.PASS, ExitCode.INVALID)
    scenario = next(x for x in read(run / "run.json")["scenarios"] if x["name"] == "baseline")
    assert scenario["k6_exit_code"] == 0
    # The summary is written only after the last page is gone.
    assert (run / "baseline" / "summary.json").exists()


def test_a_dashboard_opens_only_on_request(checkout: Checkout, stack: LocalStack) -> None:
    assert stack.endpoints() is not None
    completed = Inv(checkout)("perf", "--scenarios", "baseline", "--duration", "1s")
    assert not _LINE.search(completed.output)
