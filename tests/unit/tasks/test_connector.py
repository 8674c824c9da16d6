"""`inv connector.deploy` as it is typed, on a pipeline that others run."""

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import responses

from cdc_perf.errors import ExitCode, StackFailure
from cdc_perf.stack import canary, choice, source
from cdc_perf.stack import connector as connectors
from cdc_perf.stack import sink_connector as sink_connectors
from cdc_perf.stack.connector import ConnectorChange
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.external import backend
from cdc_perf.stack.external.backend import ExternalStack
from cdc_perf.waiting import NotReady
from tests.unit.inv import inv

pytestmark = pytest.mark.usefixtures("without_signals")

URL = "http://connect.test:8083"
CONFIG = f"{URL}/connectors/postgres-cdc-connector/config"
DEPLOY = ("connector.deploy", "--stack", "external")


def silent(_: str) -> NoReturn:
    raise NotReady("PostgreSQL does not answer")


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What was deployed; the addresses answer."""
    monkeypatch.setenv("RESULTS_DIR", str(tmp_path))
    monkeypatch.setenv("CDC_POSTGRES_DSN", "postgresql://someone:hunter2@db.test/cdc")
    monkeypatch.setenv("CDC_KAFKA_BOOTSTRAP", "kafka.test:9092")
    monkeypatch.setenv("CDC_MONGODB_URI", "mongodb://mongo.test")
    monkeypatch.setenv("CDC_CONNECT_URL", URL)
    found: list[str] = []

    def deploy(*_: object) -> ConnectorChange:
        found.append("deployed")
        return ConnectorChange.UPDATE

    monkeypatch.setattr(connectors, "deploy", deploy)
    monkeypatch.setattr(canary, "run_canary", lambda *_: 0.1)
    monkeypatch.setattr(backend, "probe_all", lambda *_: ())
    monkeypatch.setattr(source, "connect", silent)
    monkeypatch.setattr(ExternalStack, "verify", lambda *_, **__: None)
    return found


@pytest.fixture
def connect() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        mock.get(CONFIG, json={"poll.interval.ms": "500", "database.password": "hunter3"})
        yield mock


@pytest.mark.usefixtures("connect")
def test_the_changes_are_shown_and_not_made(
    deployed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert inv(*DEPLOY) == ExitCode.USAGE
    assert deployed == []
    shown = capsys.readouterr().out
    assert "poll.interval.ms" in shown
    assert "database.password" in shown
    assert "hunter" not in shown


@pytest.mark.usefixtures("connect")
def test_with_yes_they_are_made(deployed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert inv(*DEPLOY, "--yes") == ExitCode.PASS
    assert deployed == ["deployed"]
    assert "poll.interval.ms" in capsys.readouterr().out


SINK = "jdbc-sink-connector"
PIPELINE = ("--pipeline", "pipelines/postgres-to-postgres")


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch, connect: responses.RequestsMock) -> list[str]:
    """What was done to the sink connector of others, which has one setting."""
    monkeypatch.setenv("CDC_SINK_DSN", "postgresql://load@sink.test/sink")
    connect.get(f"{URL}/connectors/{SINK}/config", json={"tasks.max": "4"})
    found: list[str] = []

    def change(*_: object) -> ConnectorChange:
        found.append("changed")
        return ConnectorChange.UPDATE

    monkeypatch.setattr(sink_connectors, "change_sink", change)
    return found


def test_the_changes_of_both_connectors_are_shown(
    deployed: list[str], sink: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert inv(*DEPLOY, *PIPELINE) == ExitCode.USAGE
    assert (deployed, sink) == ([], [])
    output = capsys.readouterr()
    assert f"{SINK}: change tasks.max = 4 to 1" in output.out
    assert "postgres-cdc-connector: change poll.interval.ms = 500 to 3" in output.out
    assert f"connector postgres-cdc-connector and {SINK}: not changed" in output.err


def test_both_connectors_are_changed_with_yes(
    deployed: list[str], sink: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert inv(*DEPLOY, *PIPELINE, "--yes") == ExitCode.PASS
    assert (deployed, sink) == (["deployed"], ["changed"])
    assert f"sink connector {SINK} updated and running" in capsys.readouterr().out


def test_a_restart_of_both_is_proven_by_a_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoints = Endpoints(
        postgres_dsn="", kafka_bootstrap="", connect_url=URL, connector="postgres-cdc-connector"
    )

    def rejected(*_: object) -> float:
        raise StackFailure("connector jdbc-sink-connector: task 0: rejected")

    monkeypatch.setattr(choice, "our_endpoints", lambda *_: endpoints)
    monkeypatch.setattr(connectors, "restart", lambda *_: None)
    monkeypatch.setattr(sink_connectors, "restart_sink", lambda *_: None)
    monkeypatch.setattr(canary, "run_canary", lambda *_: 0.1)
    words = ("connector.restart", "--stack", "local", *PIPELINE)
    assert inv(*words) == ExitCode.PASS
    assert f"sink connector {SINK} is running" in capsys.readouterr().out
    monkeypatch.setattr(canary, "run_canary", rejected)
    assert inv(*words) == ExitCode.STACK
    output = capsys.readouterr()
    assert "sink connector" not in output.out
    assert "task 0: rejected" in output.err
