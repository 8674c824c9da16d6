"""What supervisord may answer in place of an answer, and an end that does not come."""

import http.client
import os
import socket
import tempfile
import xmlrpc.client
from pathlib import Path
from typing import NoReturn
from xml.parsers.expat import ExpatError

import pytest
from supervisor.xmlrpc import Faults

from cdc_perf import process_tags
from cdc_perf.errors import StackFailure
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.rpc import Hung
from cdc_perf.stack.local.supervisor import Supervisor


def _raise(error: Exception) -> NoReturn:
    raise error


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(Layout(tmp_path / ".stack"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError("timed out"), Hung),
        (ConnectionRefusedError(), StackFailure),
        (http.client.BadStatusLine("x"), StackFailure),
        (ExpatError("not XML"), StackFailure),
        (xmlrpc.client.ResponseError("not an answer"), StackFailure),
        (xmlrpc.client.ProtocolError("", 500, "", {}), StackFailure),
        (xmlrpc.client.Fault(Faults.SHUTDOWN_STATE, "SHUTDOWN_STATE"), StackFailure),
    ],
)
def test_no_answer_is_a_failure_of_ours(
    monkeypatch: pytest.MonkeyPatch,
    supervisor: Supervisor,
    error: Exception,
    kind: type[StackFailure],
) -> None:
    monkeypatch.setattr(xmlrpc.client, "ServerProxy", lambda *_: _raise(error))
    assert not supervisor.alive()
    assert supervisor.processes() == {}
    if kind is Hung:
        monkeypatch.setattr(xmlrpc.client, "ServerProxy", lambda *_: pytest.fail("asked again"))
        with pytest.raises(Hung):
            supervisor.expect_answer()
    else:
        supervisor.expect_answer()


def test_a_supervisord_that_does_not_end_is_killed_with_what_it_started(
    monkeypatch: pytest.MonkeyPatch, supervisor: Supervisor, tmp_path: Path
) -> None:
    ended: list[Path] = []
    answers = {"getPID": os.getpid(), "shutdown": True, "getState": {}}
    monkeypatch.setattr(Supervisor, "_call", lambda _, method: answers[method])
    monkeypatch.setattr("cdc_perf.stack.local.supervisor._SHUTDOWN_SECONDS", 0.05)
    monkeypatch.setattr(process_tags, "end_tagged_processes", ended.append)
    supervisor.shut_down()
    assert ended == [tmp_path / ".stack"]


def test_a_socket_of_another_user_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, supervisor: Supervisor, tmp_path: Path
) -> None:
    # A folder in the system's temporary folder would outlive the test.
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    path = Layout(tmp_path / ".stack").supervisor_socket
    path.parent.mkdir()
    path.touch()
    theirs = path.stat().st_uid + 1
    monkeypatch.setattr(os, "geteuid", lambda: theirs)
    monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("it was asked"))
    assert not supervisor.alive()
