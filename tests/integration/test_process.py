"""The one command runner, on real processes."""

import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.waiting import NotReady, wait_until

# Starts a child that would outlive it, prints the child's id, and waits.
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print(child.pid, flush=True)
child.wait()
"""


def test_what_a_command_prints_comes_line_by_line_and_as_a_whole(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "import sys; print('one'); print('two', file=sys.stderr); print('ä')"
    completed = process.run([sys.executable, "-u", "-c", script], on_line=lines.append)
    assert lines == ["one", "two", "ä"]
    assert completed.output.splitlines() == lines
    assert completed.exit_code == 0


def test_the_environment_is_added_to_and_no_input_is_waited_for(tmp_path: Path) -> None:
    script = "import os, sys; print(os.environ['X'], os.getcwd(), repr(sys.stdin.read()))"
    completed = process.run([sys.executable, "-c", script], env={"X": "1"}, cwd=tmp_path)
    assert completed.output == f"1 {tmp_path} ''"


def test_a_failing_command_is_reported_with_its_last_lines() -> None:
    with pytest.raises(StackFailure, match="exited with code 7") as raised:
        process.run([sys.executable, "-c", "print('why'); raise SystemExit(7)"])
    assert raised.value.detail == ("why",)


def test_an_exit_code_is_not_a_failure_where_it_is_asked_for() -> None:
    completed = process.run([sys.executable, "-c", "raise SystemExit(99)"], check=False)
    assert completed.exit_code == 99


def test_a_signal_shows_as_a_negative_exit_code() -> None:
    running = process.start([sys.executable, "-c", "import time; time.sleep(300)"])
    running.signal(signal.SIGKILL)
    assert running.wait().exit_code == -signal.SIGKILL
    assert not running.alive


def test_a_time_out_ends_the_command_and_all_that_it_started() -> None:
    pids: list[int] = []
    began = time.monotonic()
    with pytest.raises(StackFailure, match="did not finish within 2 s"):
        process.run(
            [sys.executable, "-c", PARENT],
            on_line=lambda line: pids.append(int(line)),
            timeout_seconds=2,
        )
    assert time.monotonic() - began < 30
    assert_gone(pids)


def test_all_that_runs_can_be_killed_at_once() -> None:
    pids: list[int] = []
    running = process.start([sys.executable, "-c", PARENT], on_line=lambda x: pids.append(int(x)))

    def started() -> None:
        if not pids:
            raise NotReady("no child yet")

    wait_until(started, what="the child", deadline_seconds=20)
    process.kill_all()
    assert running.wait().exit_code == -signal.SIGKILL
    assert_gone(pids)


def test_a_program_that_is_not_there_is_named_with_its_remedy() -> None:
    with pytest.raises(StackFailure, match="nonesuch is not on PATH"):
        process.run(["nonesuch"])
    with pytest.raises(StackFailure, match="/nonesuch does not exist"):
        process.run(["/nonesuch"])


def test_the_output_of_a_background_command_is_kept_in_its_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    running = process.start([sys.executable, "-c", "print('kept')"], output=log)
    assert running.ended_within(20)
    running.wait()
    assert log.read_text(encoding="utf-8") == "kept\n"


def assert_gone(pids: list[int]) -> None:
    assert pids

    def gone() -> None:
        alive = [pid for pid in pids if psutil.pid_exists(pid) and not zombie(pid)]
        if alive:
            raise NotReady(f"{alive} still run")

    wait_until(gone, what="the end of the children", deadline_seconds=10)


def zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
