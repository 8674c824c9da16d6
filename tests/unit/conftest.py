"""The guard: a unit test neither uses the network nor starts a process.

Both are refused where they begin, so that a test which slips is told, and not slow or flaky. What
is raised does not derive from Exception: code that survives anything does not survive this.
"""

import os
import subprocess
from collections.abc import Callable
from typing import NoReturn

import pytest
import sh

# The rest of `os` (exec*, spawn*, popen) and multiprocessing come down to one of these.
_STARTERS = (
    (subprocess.Popen, "__init__"),
    (sh.Command, "__call__"),
    (os, "fork"),
    (os, "forkpty"),
    (os, "posix_spawn"),
    (os, "posix_spawnp"),
    (os, "execv"),
    (os, "execve"),
    (os, "system"),
)


def _refusal(name: str) -> Callable[..., NoReturn]:
    def refuse(*_arguments: object, **_options: object) -> NoReturn:
        pytest.fail(f"a unit test may not start a process: {name}; make it an integration test")

    return refuse


@pytest.fixture(autouse=True)
def no_network(socket_disabled: None) -> None:
    """Sockets of every kind are refused by pytest-socket."""


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, attribute in _STARTERS:
        monkeypatch.setattr(owner, attribute, _refusal(f"{owner.__name__}.{attribute}"))
