"""The state of the connector and its tasks, and the waits that it ends."""

import msgspec
import psycopg
import pytest
import requests
import responses

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import source
from cdc_perf.stack.connect_api import ConnectorStatus, TaskStatus
from cdc_perf.stack.connector_health import (
    Condition,
    ConnectorDown,
    Guard,
    assess,
    expect_running,
    read_health,
    status_rows,
)
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.task_failure import FailureCode
from cdc_perf.waiting import NotReady
from tests.unit.stack.test_task_failure import NULL

STATUS = "http://127.0.0.1:20003/connectors/postgres-cdc-connector/status"
Answer = dict[str, object]


def answer(state: str, *tasks: str, trace: str = "") -> Answer:
    return {
        "json": {
            "connector": {"state": state},
            "tasks": [
                {"id": number, "state": task, "trace": trace} for number, task in enumerate(tasks)
            ],
        }
    }


CONDITIONS: dict[Condition, tuple[Answer, ...]] = {
    Condition.RUNNING: (answer("RUNNING", "RUNNING"), answer("RUNNING", "RUNNING", "RUNNING")),
    Condition.FAILED: (
        answer("RUNNING", "FAILED"),
        answer("RUNNING", "RUNNING", "FAILED"),
        answer("FAILED"),
        answer("PAUSED", "FAILED"),
    ),
    Condition.PAUSED: (answer("PAUSED"), answer("PAUSED", "PAUSED"), answer("RUNNING", "PAUSED")),
    Condition.STOPPED: (answer("STOPPED"),),
    Condition.NO_TASKS: (answer("RUNNING"), answer("UNASSIGNED")),
    Condition.UNASSIGNED: (
        answer("UNASSIGNED", "UNASSIGNED"),
        answer("RUNNING", "UNASSIGNED"),
        answer("RUNNING", "RESTARTING"),
        answer("RESTARTING", "RUNNING"),
    ),
    Condition.ABSENT: ({"status": 404},),
    Condition.UNKNOWN: (
        {"status": 500},
        {"status": 503},
        {"status": 409},
        {"body": requests.ConnectionError()},
        {"body": "<h1>It works!</h1>"},
    ),
}
CASES = [(condition, each) for condition, answers in CONDITIONS.items() for each in answers]
IDS = [f"{condition}-{number}" for number, (condition, _) in enumerate(CASES)]


@pytest.mark.parametrize(("condition", "given"), CASES, ids=IDS)
@responses.activate
def test_a_look_tells_the_state_of_the_connector_with_its_tasks(
    pipeline: Pipeline, endpoints: Endpoints, condition: Condition, given: Answer
) -> None:
    responses.add("GET", STATUS, **given)  # type: ignore[arg-type]
    health = read_health(pipeline, endpoints)
    assert health is not None
    assert health.condition is condition
    assert health.running is (condition is Condition.RUNNING)
    assert bool(health.detail) is not health.running
    rows = status_rows(health)
    assert rows[0].name == "connector"
    assert all(row.running for row in rows) is health.running
    assert any(row.detail for row in rows) is not health.running


LASTING = (Condition.FAILED, Condition.PAUSED, Condition.STOPPED)


@pytest.mark.parametrize(("condition", "given"), CASES, ids=IDS)
@responses.activate
def test_a_load_is_not_begun_without_it(
    pipeline: Pipeline, endpoints: Endpoints, condition: Condition, given: Answer
) -> None:
    responses.add("GET", STATUS, **given)  # type: ignore[arg-type]
    if condition is Condition.RUNNING:
        expect_running(pipeline, endpoints)
        return
    with pytest.raises(ConnectorDown if condition in LASTING else NotReady):
        expect_running(pipeline, endpoints)


@pytest.mark.parametrize(("condition", "given"), CASES, ids=IDS)
@responses.activate
def test_a_wait_ends_soon_where_nothing_can_come(
    pipeline: Pipeline,
    endpoints: Endpoints,
    monkeypatch: pytest.MonkeyPatch,
    condition: Condition,
    given: Answer,
) -> None:
    responses.add("GET", STATUS, **given)  # type: ignore[arg-type]
    now = 100.0
    monkeypatch.setattr("cdc_perf.stack.connector_health.time.monotonic", lambda: now)
    guard = Guard(pipeline, endpoints)
    guard()  # what comes at once costs no question
    now += 0.5
    if condition not in LASTING:
        guard()
        return
    with pytest.raises(ConnectorDown) as caught:
        guard()
    assert caught.value.health.condition is condition


@responses.activate
def test_connect_is_asked_now_and_then_and_a_connector_has_to_be_gone_for_long(
    pipeline: Pipeline, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = responses.add("GET", STATUS, status=404)
    now = 100.0
    monkeypatch.setattr("cdc_perf.stack.connector_health.time.monotonic", lambda: now)
    guard = Guard(pipeline, endpoints)
    guard()
    assert asked.call_count == 0
    now += 0.5
    guard()
    guard()
    assert asked.call_count == 1
    now += 4.9
    guard()
    now += 0.5
    with pytest.raises(ConnectorDown) as caught:
        guard()
    assert caught.value.health.condition is Condition.ABSENT
    assert asked.call_count == 3


def test_without_an_address_of_connect_it_is_unknown(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    unknown = msgspec.structs.replace(endpoints, connect_url="")
    assert read_health(pipeline, unknown) is None
    Guard(pipeline, unknown)()
    expect_running(pipeline, unknown)
    assert status_rows(None) == ()


@pytest.mark.parametrize("error", [None, NotReady("away"), psycopg.Error("no")])
@responses.activate
def test_the_table_of_a_column_is_looked_up_where_the_trace_does_not_say_it(
    pipeline: Pipeline,
    endpoints: Endpoints,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception | None,
) -> None:
    def tables(_dsn: str, _pipeline: Pipeline, column: str) -> tuple[str, ...]:
        assert column == "vals"
        if error is not None:
            raise error
        return ("public.sensor",)

    monkeypatch.setattr(source, "tables_requiring", tables)
    responses.add("GET", STATUS, **answer("RUNNING", "FAILED", trace=NULL))  # type: ignore[arg-type]
    health = read_health(pipeline, endpoints)
    assert health is not None
    (failure,) = health.failures
    assert failure.code is FailureCode.NULL_IN_REQUIRED
    assert failure.tables == (() if error else ("public.sensor",))
    assert ("public.sensor" in health.sentence) is (error is None)


def test_the_first_failure_is_reported_and_the_others_are_kept() -> None:
    tasks = (TaskStatus(0, "FAILED", "a.b.One"), TaskStatus(1, "FAILED", "a.b.Two"))
    health = assess("cdc", ConnectorStatus("cdc", "RUNNING", "", tasks))
    down = ConnectorDown(health)
    assert [failure.cause for failure in health.failures] == ["One", "Two"]
    assert (down.message, len(down.detail)) == (health.detail, 1)
