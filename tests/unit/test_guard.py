# ruff: noqa: S605, S606 - planted, to be refused
import multiprocessing
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from contextlib import suppress

import pytest
import pytest_socket

from cdc_perf import process

_TRUE = "/bin/true"


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(lambda: subprocess.run([_TRUE], check=False), id="subprocess.run"),
        pytest.param(lambda: subprocess.getoutput(_TRUE), id="a shell"),
        pytest.param(lambda: process.run([_TRUE]), id="our own runner"),
        pytest.param(lambda: os.fork(), id="os.fork"),  # noqa: PLW0108 - looked up when called
        pytest.param(lambda: os.posix_spawn(_TRUE, [_TRUE], {}), id="os.posix_spawn"),
        pytest.param(lambda: os.spawnl(os.P_WAIT, _TRUE, _TRUE), id="os.spawn"),
        pytest.param(lambda: os.execl(_TRUE, _TRUE), id="os.exec"),
        pytest.param(lambda: os.system(_TRUE), id="os.system"),
        pytest.param(lambda: os.popen(_TRUE), id="os.popen"),
        pytest.param(
            lambda: multiprocessing.get_context("fork").Process(target=print).start(),
            id="multiprocessing",
        ),
    ],
)
def test_a_process_is_refused_by_name(start: Callable[[], object]) -> None:
    with pytest.raises(pytest.fail.Exception, match="may not start a process: "):
        start()


def test_code_that_survives_every_exception_does_not_survive_the_guard() -> None:
    with pytest.raises(pytest.fail.Exception), suppress(Exception):
        subprocess.run([sys.executable, "--version"], check=False)


@pytest.mark.filterwarnings("ignore:A test tried to use")
@pytest.mark.parametrize(
    "connect",
    [
        pytest.param(lambda: socket.socket(), id="a socket"),  # noqa: PLW0108 - looked up when called
        pytest.param(lambda: socket.create_connection(("127.0.0.1", 80)), id="a connection"),
        pytest.param(lambda: socket.getaddrinfo("localhost", 80), id="a name"),
        pytest.param(
            lambda: urllib.request.urlopen("http://127.0.0.1:1/"),
            id="HTTP",
        ),
        pytest.param(lambda: socket.socket(socket.AF_UNIX), id="a unix socket"),
    ],
)
def test_the_network_is_refused(connect: Callable[[], object]) -> None:
    with pytest.raises(pytest_socket.SocketBlockedError):
        connect()
