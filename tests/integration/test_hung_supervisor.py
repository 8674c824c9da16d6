"""A supervisord that hangs, on a stack of its own."""

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from cdc_perf import process_tags
from cdc_perf.errors import ExitCode
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv, processes_of

pytestmark = pytest.mark.slow


@pytest.fixture
def inv(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inv]:
    found = Inv(copy_checkout(tmp_path_factory.mktemp("hung") / "checkout"))
    yield found
    process_tags.end_tagged_processes(found.checkout.stack)


def _hang(inv: Inv) -> int:
    pid = int((inv.checkout.stack / "supervisord.pid").read_text(encoding="utf-8"))
    os.kill(pid, signal.SIGSTOP)
    return pid


def test_commands_end_in_time_with_a_line_and_down_ends_everything(inv: Inv) -> None:
    assert inv("up").exit_code == ExitCode.PASS
    pid = _hang(inv)
    asked = inv("status")
    assert asked.exit_code == ExitCode.STACK
    assert "Traceback" not in asked.output
    assert "supervisord" in asked.output.splitlines()[0]
    assert inv("down").exit_code == ExitCode.PASS
    assert not psutil.pid_exists(pid)
    assert processes_of(inv.checkout.root) == []


def test_up_starts_a_new_stack_in_place_of_one_that_hangs(inv: Inv) -> None:
    assert inv("up").exit_code == ExitCode.PASS
    pid = _hang(inv)
    again = inv("up")
    assert again.exit_code == ExitCode.PASS, again.output
    assert not psutil.pid_exists(pid)
    assert inv("down").exit_code == ExitCode.PASS
