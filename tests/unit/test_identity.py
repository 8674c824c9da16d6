import os

import psutil
import pytest

from scripts.identity import ProcessIdentity

ME = ProcessIdentity.own()


def test_this_process_is_itself() -> None:
    assert ME.pid == os.getpid()
    assert ProcessIdentity.of(os.getpid()) == ME
    assert ME.running() == psutil.Process()


@pytest.mark.parametrize(
    "other",
    [
        ProcessIdentity(ME.pid, ME.created - 60),
        ProcessIdentity(ME.pid, ME.created + 60),
        ProcessIdentity(2**22 + 1, ME.created),
    ],
    ids=["an older one", "a younger one", "none"],
)
def test_another_process_is_not_it(other: ProcessIdentity) -> None:
    assert other.running() is None


def test_a_process_that_is_gone_has_no_identity() -> None:
    assert ProcessIdentity.of(2**22 + 1) is None
