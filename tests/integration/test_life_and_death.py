"""What is left when something is killed, and that the next command clears it."""

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from scripts import marks
from scripts.errors import ExitCode
from scripts.stack.local.layout import Layout
from scripts.stack.local.supervisor import Supervisor
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv, processes_of, read


@pytest.fixture(scope="module")
def inv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inv]:
    """A checkout whose stack may be killed."""
    inv = Inv(copy_checkout(tmp_path_factory.mktemp("mortal") / "checkout"))
    yield inv
    inv("down")


def components(inv: Inv) -> dict[str, int]:
    return {
        name: info["pid"]
        for name, info in Supervisor(Layout(inv.checkout.stack)).processes().items()
    }


def test_what_a_killed_supervisord_left_is_cleared_by_the_next_up(inv: Inv) -> None:
    assert inv("up").exit_code == ExitCode.PASS
    before = components(inv)
    pid = int((inv.checkout.stack / "supervisord.pid").read_text(encoding="utf-8"))
    os.kill(pid, signal.SIGKILL)
    assert all(psutil.pid_exists(pid) for pid in before.values())

    completed = inv("up")
    assert completed.exit_code == ExitCode.PASS, completed.output
    assert "ending what it left running" in completed.output
    assert not [pid for pid in before.values() if psutil.pid_exists(pid)]
    assert set(components(inv)) == set(before)


def test_what_a_killed_harness_left_is_cleared_by_the_next_command(inv: Inv) -> None:
    known = inv.runs()
    running = inv.start("perf", "--scenarios", "e2e-latency", "--duration", "5m", "--keep")
    run = inv.wait_for_load("e2e-latency", known)
    running.signal(signal.SIGKILL)
    running.wait()
    (k6,) = marks.started_for(run)
    assert read(run / "run.json")["status"] == "running"

    completed = inv("up")
    assert completed.exit_code == ExitCode.PASS, completed.output
    assert f"run {run.name} was killed" in completed.output
    assert read(run / "run.json")["status"] == "interrupted"
    assert not k6.is_running()


@pytest.mark.parametrize("component", ["postgres", "kafka", "consumer"])
def test_up_starts_what_was_stopped(inv: Inv, component: str) -> None:
    inv("up")
    before = components(inv)
    Supervisor(Layout(inv.checkout.stack)).stop_program(component)
    completed = inv("up")
    assert completed.exit_code == ExitCode.PASS, completed.output
    assert f"{component} was stopped: starting it" in completed.output
    changed = {name for name, pid in components(inv).items() if pid != before[name]}
    assert changed == {component}


def test_down_after_a_kill_leaves_nothing(inv: Inv) -> None:
    inv("up")
    pid = int((inv.checkout.stack / "supervisord.pid").read_text(encoding="utf-8"))
    os.kill(pid, signal.SIGKILL)
    completed = inv("down")
    assert completed.exit_code == ExitCode.PASS, completed.output
    assert processes_of(inv.checkout.root) == []
