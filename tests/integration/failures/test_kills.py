"""kill -9: of the harness, of supervisord, of components, of all at once."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from cdc_perf import process, process_tags
from cdc_perf.errors import ExitCode
from cdc_perf.stack.component_specs import COMPONENTS
from cdc_perf.stack.local.layout import Layout
from cdc_perf.tools.cache import ENVIRONMENT_VARIABLE
from tests.integration.conftest import copy_checkout
from tests.integration.failures.failure_table import FailureTable
from tests.integration.failures.provoking import (
    LONG_RUN,
    in_time,
    partial,
    pids,
    ports_of,
    seconds_until_clean,
    when,
)
from tests.integration.inv import Inv, lives, read

pytestmark = pytest.mark.slow

# A limit that needs no samples, so that the death of a component decides.
JUDGED_BY_FEW = {"baseline": {"pg_write_errors": {"count": 1000}}}


# librdkafka may end the process that asks while its broker goes away, hence one of its own.
ASKS_FOR_THE_LAG = """
import sys, time
sys.path.insert(0, "scripts")
from pathlib import Path
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.lag import ConsumerLag
from cdc_perf.waiting import NotReady

lag = ConsumerLag(sys.argv[1], load_pipeline(Checkout.here()), {})
until, silent = time.monotonic() + 60, False
print(lag.read(), flush=True)
while time.monotonic() < until:
    try:
        lag.read()
    except NotReady:
        silent = True
    else:
        if silent:
            sys.exit("it reads again")
"""


def kill(running: process.Running) -> None:
    running.signal(signal.SIGKILL)
    running.wait()


@pytest.fixture(scope="module")
def inv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inv]:
    """A checkout whose stack may be killed."""
    inv = Inv(copy_checkout(tmp_path_factory.mktemp("mortal") / "checkout"))
    yield inv
    inv("down")


def test_the_harness_under_load(inv: Inv, table: FailureTable) -> None:
    known = inv.runs()
    running = inv.start(*LONG_RUN, "--keep")
    run = inv.wait_for_load("baseline", known)
    kill(running)
    (k6,) = process_tags.tagged_processes(run)
    assert read(run / "run.json")["status"] == "running"
    since = time.monotonic()
    completed = inv("up")
    assert not k6.is_running()
    assert read(run / "run.json")["status"] == "interrupted"
    assert "the stack is already up" in completed.output
    table.add(
        *("kill -9 of the harness under load; its stack is taken over", "inv up", completed),
        said=f"run {run.name} was killed: marked as interrupted",
        code=ExitCode.PASS,
        seconds=time.monotonic() - since,
    )


def test_the_harness_while_the_stack_starts(fresh: Inv, table: FailureTable) -> None:
    running = fresh.start("up")
    when(lambda: "connect" in pids(fresh), "the components")
    kill(running)
    left = pids(fresh)
    since = time.monotonic()
    completed = fresh("up")
    assert not [pid for pid in left.values() if psutil.pid_exists(pid)]
    table.add(
        *("kill -9 of the harness while the stack starts", "inv up", completed),
        said="a canary row went through every hop",
        code=ExitCode.PASS,
        seconds=time.monotonic() - since,
    )


def builds(folder: Path) -> bool:
    """Whether Go builds for a folder; before that, it fetches modules in commands that end soon."""
    for found in process_tags.tagged_processes(folder):
        with suppress(psutil.Error):
            if "build" in found.cmdline():
                return True
    return False


def test_the_harness_while_k6_is_built(fresh: Inv, table: FailureTable) -> None:
    cache = fresh.checkout.root / "cache"
    environment = {ENVIRONMENT_VARIABLE: str(cache)}
    running = fresh.start("tools.install", env=environment)
    when(lambda: any(builds(x) for x in partial(cache, "k6")), "the build of k6")
    kill(running)
    (half_built,) = partial(cache, "k6")
    orphans = process_tags.tagged_processes(half_built)
    assert orphans
    since = time.monotonic()
    running = fresh.start("tools.install", env=environment)
    when(lambda: partial(cache, "k6") not in ([], [half_built]), "the next build of k6")
    seconds = time.monotonic() - since
    assert not [orphan for orphan in orphans if lives(orphan)]
    running.signal(signal.SIGTERM)
    in_time(running)
    seconds_until_clean(fresh, (), since=time.monotonic())
    table.add(
        *("kill -9 of the harness while k6 is built; the next build", "inv tools.install"),
        running.wait(),
        said="interrupted by SIGTERM",  # by this test: the build takes minutes
        code=ExitCode.INTERRUPTED,
        seconds=seconds,
    )


def supervisord(inv: Inv) -> int:
    return int((inv.checkout.stack / "supervisord.pid").read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", ["up", "down"])
def test_supervisord(inv: Inv, table: FailureTable, command: str) -> None:
    assert inv("up").exit_code == ExitCode.PASS
    left, ports = pids(inv), ports_of(inv)
    os.kill(supervisord(inv), signal.SIGKILL)
    assert all(psutil.pid_exists(pid) for pid in left.values())
    since = time.monotonic()
    completed = inv(command)
    assert not [pid for pid in left.values() if psutil.pid_exists(pid)]
    if command == "down":
        seconds_until_clean(inv, ports, since)
    said = {
        "up": "supervisord was killed: stopping what it left running",
        "down": "the stack is down",
    }
    table.add(
        *("kill -9 of supervisord", f"inv {command}", completed),
        said=said[command],
        code=ExitCode.PASS,
        seconds=time.monotonic() - since,
    )


def test_all_at_once_as_by_a_reboot(inv: Inv, table: FailureTable) -> None:
    assert inv("up").exit_code == ExitCode.PASS
    os.kill(supervisord(inv), signal.SIGKILL)
    process_tags.end_tagged_processes(inv.checkout.stack)
    # After a reboot the id of a process that was ours may be anybody's.
    stranger = process.start([sys.executable, "-c", "import time; time.sleep(600)"])
    (inv.checkout.stack / "supervisord.pid").write_text(f"{stranger.pid}\n", encoding="utf-8")
    since = time.monotonic()
    completed = inv("up")
    assert stranger.alive
    stranger.kill_group()
    table.add(
        *("reboot: all is gone, the files of the stack are there", "inv up", completed),
        said="a canary row went through every hop",
        code=ExitCode.PASS,
        seconds=time.monotonic() - since,
    )


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_under_load(inv: Inv, table: FailureTable, component: str) -> None:
    assert inv("up").exit_code == ExitCode.PASS
    inv.set_limits(JUDGED_BY_FEW)
    known = inv.runs()
    running = inv.start("perf", "--scenarios", "baseline", "--duration", "6s")
    run = inv.wait_for_load("baseline", known)
    os.kill(pids(inv)[component], signal.SIGKILL)
    since = time.monotonic()
    in_time(running)
    reasons = read(run / "baseline" / "verdict.json")["reasons"]
    said = f"{component} ended (terminated by SIGKILL) by itself during the run"
    assert said in " ".join(x["text"] for x in reasons)
    table.add(
        *(f"kill -9 of {component} under load", "inv perf", running.wait()),
        said=said,
        code=ExitCode.FAIL,
        seconds=time.monotonic() - since,
    )


def test_who_asks_for_the_lag_outlives_the_broker(inv: Inv) -> None:
    assert inv("up").exit_code == ExitCode.PASS
    lines: list[str] = []
    broker = read(inv.checkout.stack / "endpoints.json")["kafka_bootstrap"]
    argv = (sys.executable, "-c", ASKS_FOR_THE_LAG, broker)
    asking = process.start(argv, cwd=inv.checkout.root, on_line=lines.append)
    when(lambda: lines, what="the first answer")
    os.kill(pids(inv)["kafka"], signal.SIGKILL)
    in_time(asking)
    assert asking.wait().last_lines[-1] == "it reads again"


def test_a_component_that_cannot_come_back(fresh: Inv, table: FailureTable) -> None:
    fresh.set_limits(JUDGED_BY_FEW)
    running = fresh.start("perf", "--scenarios", "baseline,e2e-latency", "--duration", "5s")
    run = fresh.wait_for_load("baseline", set())
    ports = ports_of(fresh)
    shutil.rmtree(Layout(fresh.checkout.stack).postgres_home / "data" / "global")
    os.kill(pids(fresh)["postgres"], signal.SIGKILL)
    since = time.monotonic()
    assert running.ended_within(120)
    assert read(run / "baseline" / "verdict.json")["verdict"] == "FAIL"
    table.add(
        *(
            "PostgreSQL dies and its data are damaged: the next scenario",
            "inv perf",
            running.wait(),
        ),
        said="not run: the stack was not ready within",
        code=ExitCode.STACK,
        seconds=time.monotonic() - since,
    )
    seconds_until_clean(fresh, ports, since=time.monotonic())


def test_files_of_the_stack_cut_short(inv: Inv, table: FailureTable) -> None:
    assert inv("up").exit_code == ExitCode.PASS
    layout = Layout(inv.checkout.stack)
    left = pids(inv)
    for path in (layout.endpoints, layout.state):
        path.write_bytes(path.read_bytes()[:20])
    since = time.monotonic()
    completed = inv("up")
    assert not [pid for pid in left.values() if psutil.pid_exists(pid)]
    table.add(
        *("the stack's own files are cut short", "inv up", completed),
        said="a canary row went through every hop",
        code=ExitCode.PASS,
        seconds=time.monotonic() - since,
    )
