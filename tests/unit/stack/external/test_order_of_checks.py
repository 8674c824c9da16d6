"""The order of the checks of an external pipeline."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import readiness
from cdc_perf.stack.external import backend
from cdc_perf.stack.external.backend import ExternalStack

ENVIRONMENT = {
    "CDC_POSTGRES_DSN": "postgresql://someone@db.test/cdc",
    "CDC_KAFKA_BOOTSTRAP": "kafka.test:9092",
    "CDC_MONGODB_URI": "mongodb://mongo.test",
}
BEFORE = ["pipeline", "connector", "flow True"]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done; every check passes."""
    found: list[str] = []

    def flow(*_: object, reading: bool) -> tuple[str, ...]:
        found.append(f"flow {reading}")
        return ()

    monkeypatch.setattr(backend, "ask_all", lambda *_: ())
    monkeypatch.setattr(backend, "warnings", lambda *_: ())
    monkeypatch.setattr(backend, "check_pipeline", lambda *_: found.append("pipeline"))
    monkeypatch.setattr(backend, "check_connector", lambda *_: found.append("connector"))
    monkeypatch.setattr(backend, "check_flow", flow)
    monkeypatch.setattr(backend, "check_events", lambda *_: found.append("events"))
    monkeypatch.setattr(readiness, "prove_pipeline", lambda *_, **__: found.append("canary"))
    return found


def refuse(message: str) -> None:
    raise StackFailure(message)


def test_all_is_checked_before_the_canary_and_its_event_afterwards(
    pipeline: Pipeline, done: list[str]
) -> None:
    ExternalStack(pipeline, ENVIRONMENT, Path("/ours")).up()
    assert done == [*BEFORE, "canary", "events"]


def test_before_a_deployment_no_connector_is_required(pipeline: Pipeline, done: list[str]) -> None:
    ExternalStack(pipeline, ENVIRONMENT, Path("/ours")).verify(connector=False)
    assert done == ["pipeline", "flow False"]


def test_nothing_is_written_if_a_check_fails(
    pipeline: Pipeline, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "check_flow", lambda *_, **__: refuse("a wrong slot"))
    with pytest.raises(StackFailure, match="a wrong slot"):
        ExternalStack(pipeline, ENVIRONMENT, Path("/ours")).up()
    assert "canary" not in done


def test_the_wait_for_the_canary_can_be_ended_by_the_form_of_its_event(
    pipeline: Pipeline, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def prove(*_: object, explain: Callable[[], None]) -> None:
        done.append("late")
        explain()

    monkeypatch.setattr(readiness, "prove_pipeline", prove)
    ExternalStack(pipeline, ENVIRONMENT, Path("/ours")).up()
    assert done == [*BEFORE, "late", "events", "events"]
    monkeypatch.setattr(backend, "check_events", lambda *_: refuse("not JSON"))
    with pytest.raises(StackFailure, match="not JSON"):
        ExternalStack(pipeline, ENVIRONMENT, Path("/ours")).up()


def test_a_warning_is_shown_at_every_check(
    pipeline: Pipeline,
    done: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(backend, "check_flow", lambda *_, **__: ("warning: no topic",))
    with caplog.at_level("INFO"):
        ExternalStack(pipeline, ENVIRONMENT, Path("/ours")).verify()
    assert done == ["pipeline", "connector"]
    assert "warning: no topic" in caplog.text
