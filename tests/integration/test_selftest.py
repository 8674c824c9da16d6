"""`inv selftest` itself: faults get their verdict, a green gate is told, nothing is left behind."""

import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from cdc_perf import process_tags
from cdc_perf.errors import ExitCode
from cdc_perf.selftest.fault import Expected, Fault
from cdc_perf.selftest.trial import FOLDER, try_fault
from cdc_perf.settings.paths import Checkout
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.failures.provoking import in_time, seconds_until_clean
from tests.integration.inv import Inv


@pytest.fixture
def inv(checkout: Checkout, tmp_path: Path) -> Inv:
    """The command, with results of its own."""
    return Inv(replace(checkout, results=tmp_path / "results"))


def a_process_is_frozen(folder: Path) -> None:
    """Return once a process that was started for the folder is stopped by a signal."""
    for process in process_tags.tagged_processes(folder):
        with suppress(psutil.Error):
            if process.status() == psutil.STATUS_STOPPED:
                return
    raise NotReady("all of them run")


@pytest.mark.slow
def test_faults_get_the_verdict_that_is_due(inv: Inv) -> None:
    limits = inv.checkout.thresholds_file.read_bytes()
    completed = inv("selftest", "--only", "poison-message,tightened-threshold")
    assert completed.exit_code == ExitCode.PASS, completed.output
    assert completed.last_lines[-1] == "2 of 2 runs got the expected verdict"
    assert inv.checkout.thresholds_file.read_bytes() == limits
    assert {path.name for path in inv.checkout.results.iterdir()} == {".gitignore", FOLDER}


@pytest.mark.slow
def test_a_gate_that_stays_green_is_reported(inv: Inv) -> None:
    expected = Expected(ExitCode.FAIL, "rows", "rows are missing")
    outcome = try_fault(Fault("nothing", "nothing at all", expected), inv.checkout)
    assert outcome.wrong == "rows did not fail"


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files that PostgreSQL's user can reach: pytest's own it cannot."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path
        process_tags.end_tagged_processes(path)


@pytest.mark.slow
def test_an_interruption_leaves_nothing_frozen(inv: Inv, temporary: Path) -> None:
    running = inv.start("selftest", "--only", "consumer-frozen", env={"TMPDIR": str(temporary)})

    def probe() -> None:
        assert running.alive, running.wait().last_lines
        a_process_is_frozen(temporary)

    wait_until(probe, what="the fault", deadline_seconds=180, interval_seconds=0.5)
    since = time.monotonic()
    running.signal(signal.SIGINT)
    in_time(running)
    completed = running.wait()
    assert completed.exit_code == ExitCode.INTERRUPTED
    assert completed.last_lines[-1] == "interrupted by SIGINT"
    seconds_until_clean(Inv(Checkout.at(temporary, {})), (), since)
    assert list(temporary.iterdir()) == []
