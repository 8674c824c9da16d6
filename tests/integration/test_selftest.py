"""`inv selftest` itself: faults get their verdict, a green gate is told, nothing is left behind."""

import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from scripts import marks
from scripts.errors import ExitCode
from scripts.selftest.fault import Expected, Fault
from scripts.selftest.trial import FOLDER, try_fault
from scripts.settings.paths import Checkout
from tests.integration.faults.planting import in_time, seconds_until_clean, when
from tests.integration.inv import Inv


@pytest.fixture
def inv(checkout: Checkout, tmp_path: Path) -> Inv:
    """The command, with results of its own."""
    return Inv(Checkout(checkout.root, tmp_path / "results"))


def frozen(folder: Path) -> bool:
    """Whether a process that was started for the folder is stopped by a signal."""
    states = set()
    for process in marks.started_for(folder):
        with suppress(psutil.Error):
            states.add(process.status())
    return psutil.STATUS_STOPPED in states


def test_faults_get_the_verdict_that_is_due(inv: Inv) -> None:
    limits = inv.checkout.thresholds_file.read_bytes()
    completed = inv("selftest", "--only", "poison-message,tightened-threshold")
    assert completed.exit_code == ExitCode.PASS, completed.output
    assert completed.last_lines[-1] == "2 of 2 faults got the verdict that is due"
    assert inv.checkout.thresholds_file.read_bytes() == limits
    assert {path.name for path in inv.checkout.results.iterdir()} == {FOLDER}


def test_a_gate_that_stays_green_is_told(inv: Inv) -> None:
    expected = Expected(ExitCode.FAIL, "rows", "rows are missing")
    outcome = try_fault(Fault("nothing", "nothing at all", expected), inv.checkout)
    assert outcome.wrong == "rows stayed green"


def test_an_interruption_leaves_nothing_frozen(inv: Inv, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir(mode=0o755)
    running = inv.start("selftest", "--only", "consumer-frozen", env={"TMPDIR": str(temporary)})
    when(lambda: frozen(temporary), what="the fault")
    since = time.monotonic()
    running.signal(signal.SIGINT)
    in_time(running)
    assert running.wait().exit_code == ExitCode.INTERRUPTED
    assert "interrupted by SIGINT" in running.wait().last_lines[-1]
    seconds_until_clean(Inv(Checkout.at(temporary, {})), (), since)
    assert list(temporary.iterdir()) == []
