"""The order of the checks of an external pipeline."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cdc_perf.errors import SettingFailure, StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import readiness
from cdc_perf.stack.checks.capture import PUBLISHED
from cdc_perf.stack.checks.results import Checks, Result, State
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.external import backend
from cdc_perf.stack.external.backend import ExternalStack
from cdc_perf.stack.external.canary import ChosenCanary

ENVIRONMENT = {
    "CDC_POSTGRES_DSN": "postgresql://someone@db.test/cdc",
    "CDC_KAFKA_BOOTSTRAP": "kafka.test:9092",
    "CDC_MONGODB_URI": "mongodb://mongo.test",
}
MISSING = "warning: the pipeline does not carry public.cdc_perf_canary"
BEFORE = ["everything", "row of the canary"]


@pytest.fixture
def stack(pipeline: Pipeline) -> ExternalStack:
    return ExternalStack(pipeline, ENVIRONMENT, Path("/ours"))


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done; every check passes."""
    found: list[str] = []

    def flow(*_: object, reading: bool) -> tuple[Result, ...]:
        found.append(f"flow {reading}")
        return ()

    def everything(*_: object, checks: Checks) -> None:
        found.append("everything")
        checks.note(Result(PUBLISHED, State.OK))
        checks.note(Result("topics", State.OK, warnings=("warning: no topic",)))

    def choose(_: object, endpoints: Endpoints) -> ChosenCanary:
        found.append("row of the canary")
        return ChosenCanary(endpoints, (MISSING,))

    monkeypatch.setattr(backend, "probe_all", lambda *_: ())
    monkeypatch.setattr(backend, "warnings", lambda *_: ())
    monkeypatch.setattr(backend, "check_answers", everything)
    monkeypatch.setattr(backend, "check_flow", flow)
    monkeypatch.setattr(backend, "choose_canary", choose)
    monkeypatch.setattr(backend, "check_events", lambda *_: found.append("events"))
    monkeypatch.setattr(readiness, "prove_pipeline", lambda *_, **__: found.append("canary"))
    return found


def refuse(message: str) -> None:
    raise StackFailure(message)


def test_all_is_checked_before_the_canary_and_its_event_afterwards(
    stack: ExternalStack, done: list[str]
) -> None:
    stack.up()
    assert done == [*BEFORE, "canary", "events"]


def test_a_check_alone_writes_nothing(stack: ExternalStack, done: list[str]) -> None:
    results = stack.check()
    assert done == BEFORE
    assert [warning for each in results for warning in each.warnings] == [
        "warning: no topic",
        MISSING,
    ]


def test_before_a_deployment_no_connector_is_required(
    stack: ExternalStack, done: list[str]
) -> None:
    stack.verify(connector=False)
    assert done == ["flow False"]


def test_nothing_is_written_if_checks_fail_and_all_of_them_are_shown(
    stack: ExternalStack, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def everything(*_: object, checks: Checks) -> None:
        slot = SettingFailure("a wrong slot")
        checks.note(Result("replication slot", State.FAILED, failures=(slot,)))
        checks.note(Result("postgres", State.FAILED, failures=(StackFailure("no answer"),)))

    monkeypatch.setattr(backend, "check_answers", everything)
    with pytest.raises(StackFailure) as caught:
        stack.up()
    assert str(caught.value).splitlines() == ["a wrong slot", "no answer"]
    # The row that a pipeline can carry depends on its tables.
    assert done == []


def test_a_pipeline_that_no_canary_fits_is_refused(
    stack: ExternalStack, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "choose_canary", lambda *_: refuse("no row can be generated"))
    with pytest.raises(StackFailure, match="no row can be generated"):
        stack.up()
    assert done == ["everything"]


def test_the_wait_for_the_canary_can_be_ended_by_the_form_of_its_event(
    stack: ExternalStack, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def prove(*_: object, explain: Callable[[], None]) -> None:
        done.append("late")
        explain()

    monkeypatch.setattr(readiness, "prove_pipeline", prove)
    stack.up()
    assert done == [*BEFORE, "late", "events", "events"]
    monkeypatch.setattr(backend, "check_events", lambda *_: refuse("not JSON"))
    with pytest.raises(StackFailure, match="not JSON"):
        stack.up()


def test_warnings_are_shown_at_every_check(
    stack: ExternalStack,
    done: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    results = (Result("topics", State.OK, warnings=("warning: no topic",)),)
    monkeypatch.setattr(backend, "check_flow", lambda *_, **__: results)
    with caplog.at_level("INFO"):
        stack.verify()
        assert MISSING not in caplog.text
        stack.up()
    assert caplog.text.count("warning: no topic") == 2
    assert MISSING in caplog.text
    assert "canary" in done
