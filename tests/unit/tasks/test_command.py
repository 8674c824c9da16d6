import errno
import os

import pytest
from invoke import Exit

from cdc_perf import process
from cdc_perf.errors import (
    ExitCode,
    Failure,
    Interrupted,
    LoadFailure,
    StackFailure,
    UsageFailure,
)
from cdc_perf.tasks import command as module
from cdc_perf.tasks.command import command


@pytest.fixture(autouse=True)
def without_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "install_handlers", lambda: None)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (UsageFailure("wrong", hint="fix it"), ExitCode.USAGE),
        (StackFailure("wrong", hint="fix it"), ExitCode.STACK),
        (LoadFailure("wrong", hint="fix it"), ExitCode.LOAD),
        (Interrupted("wrong", hint="fix it"), ExitCode.INTERRUPTED),
    ],
)
def test_a_failure_ends_with_its_message_and_code(failure: Failure, code: ExitCode) -> None:
    @command
    def body() -> None:
        raise failure

    with pytest.raises(Exit) as raised:
        body()
    assert raised.value.code == code
    assert raised.value.message == "wrong\n  remedy: fix it"


def test_what_is_still_running_is_killed_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    killed = []
    monkeypatch.setattr(process, "kill_all", lambda: killed.append("all"))

    @command
    def body() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        body()
    assert killed == ["all"]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "x/run.json: No space left on device\n  remedy: free disk space"),
        (errno.EROFS, "x/run.json: Read-only file system\n  remedy: set RESULTS_DIR"),
        (errno.EACCES, "x/run.json: Permission denied\n  remedy: set RESULTS_DIR"),
    ],
)
def test_a_fault_of_the_machine_is_a_line_with_its_remedy(number: int, said: str) -> None:
    @command
    def body() -> None:
        raise OSError(number, os.strerror(number), "x/run.json")

    with pytest.raises(Exit) as raised:
        body()
    assert raised.value.code == ExitCode.STACK
    assert str(raised.value.message).startswith(said)


def test_a_fault_of_ours_keeps_its_trace() -> None:
    @command
    def body() -> None:
        raise FileNotFoundError(errno.ENOENT, "no such file", "x")

    with pytest.raises(FileNotFoundError):
        body()
