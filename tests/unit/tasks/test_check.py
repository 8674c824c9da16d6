"""`inv check` as it is typed."""

import json
from pathlib import Path
from typing import NoReturn

import pytest

from cdc_perf.errors import ExitCode, SettingFailure, StackFailure
from cdc_perf.stack import canary, source
from cdc_perf.stack.checks.results import Result, State
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.external import backend
from cdc_perf.stack.external.backend import ExternalStack
from cdc_perf.waiting import NotReady
from tests.unit.inv import inv

EXTERNAL = ("check", "--stack", "external")
SETTING = Result("slot", State.FAILED, failures=(SettingFailure("a wrong slot"),))
STACK = Result("kafka", State.FAILED, failures=(StackFailure("no answer"),))


def silent(_: str) -> NoReturn:
    raise NotReady("PostgreSQL does not answer")


@pytest.fixture
def results() -> list[Result]:
    """The results of the checks."""
    return [Result("postgres", State.OK)]


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, results: list[Result]) -> list[str]:
    """The canary rows that were sent."""
    monkeypatch.setenv("RESULTS_DIR", str(tmp_path))
    monkeypatch.setenv("CDC_POSTGRES_DSN", "postgresql://someone@db.test/cdc")
    monkeypatch.setenv("CDC_KAFKA_BOOTSTRAP", "kafka.test:9092")
    monkeypatch.setenv("CDC_MONGODB_URI", "mongodb://mongo.test")
    found: list[str] = []

    def run(_: object, endpoints: Endpoints, **__: object) -> float:
        found.append(endpoints.canary.table)
        return 0.1

    monkeypatch.setattr(canary, "run_canary", run)
    monkeypatch.setattr(backend, "probe_all", lambda *_: ())
    monkeypatch.setattr(source, "connect", silent)
    monkeypatch.setattr(ExternalStack, "check", lambda _: tuple(results))
    return found


def test_the_pipeline_of_others_is_only_read(
    sent: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert inv(*EXTERNAL) == ExitCode.PASS
    assert sent == []
    assert "skipped (it writes a row: add --yes)" in capsys.readouterr().out


def test_with_yes_the_canary_is_sent(sent: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert inv(*EXTERNAL, "--yes", "--json") == ExitCode.PASS
    assert sent == ["public.cdc_perf_canary"]
    shown = json.loads(capsys.readouterr().out)
    assert [(each["check"], each["state"]) for each in shown] == [
        *(("postgres", "ok"), ("workload", "unknown"), ("canary", "ok")),
    ]


@pytest.mark.parametrize(
    ("failed", "code"),
    [([SETTING], ExitCode.USAGE), ([STACK], ExitCode.STACK), ([STACK, SETTING], ExitCode.STACK)],
)
def test_after_a_failure_nothing_is_written_and_the_most_severe_one_decides(
    results: list[Result],
    sent: list[str],
    failed: list[Result],
    code: ExitCode,
    capsys: pytest.CaptureFixture[str],
) -> None:
    results += failed
    assert inv(*EXTERNAL, "--yes") == code
    assert sent == []
    shown = capsys.readouterr().out
    assert all(result.failures[0].message in shown for result in failed)
    assert "skipped (a check failed)" in shown
