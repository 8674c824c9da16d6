"""The state of the connector and its tasks, and the waits that it ends."""

import msgspec
import psycopg
import pytest
import requests
import responses

from cdc_perf.settings.pipeline import Connector, Pipeline
from cdc_perf.stack import source
from cdc_perf.stack.connect_api import ConnectorStatus, TaskStatus
from cdc_perf.stack.connector_health import (
    Condition,
    ConnectorDown,
    Guard,
    assess,
    expect_running,
    is_connector,
    read_connectors,
    read_health,
    read_sink_health,
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
    rows = status_rows([health])
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
    assert read_connectors(pipeline, unknown) == ()
    assert status_rows(()) == ()


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


SINK_STATUS = "http://127.0.0.1:20003/connectors/sink/status"
# What Debezium's JDBC sink connector leaves: the first line says nothing, the root cause does.
SINK_TRACE = (
    "org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to "
    "unrecoverable exception.\n\tat a.b\nCaused by: org.postgresql.util.PSQLException: ERROR: "
    "permission denied for table customer\n\tat c.d"
)


@pytest.fixture
def with_sink(pipeline: Pipeline) -> Pipeline:
    sink = Connector("sink", {"connector.class": "org.example.Sink"})
    return msgspec.structs.replace(pipeline, consumer=None, sink_connector=sink)


def both(source: Answer, sink: Answer) -> None:
    responses.add("GET", STATUS, **source)  # type: ignore[arg-type]
    responses.add("GET", SINK_STATUS, **sink)  # type: ignore[arg-type]


@responses.activate
def test_a_failed_task_of_the_sink_connector_is_seen_with_its_cause(
    with_sink: Pipeline, endpoints: Endpoints
) -> None:
    both(answer("RUNNING", "RUNNING"), answer("RUNNING", "FAILED", trace=SINK_TRACE))
    source_health, sink = read_connectors(with_sink, endpoints)
    assert source_health.running
    assert sink.condition is Condition.FAILED
    assert sink.detail == (
        "connector sink: task 0 FAILED: PSQLException: ERROR: permission denied for table customer"
    )
    # A remedy for the source, such as a right to replicate, would mislead.
    assert "REPLICATION" not in sink.remedy
    assert "inv connector.restart" in sink.remedy
    rows = status_rows((source_health, sink))
    assert [(row.name, row.state) for row in rows] == [
        ("connector", "running"),
        ("connector task 0", "running"),
        ("sink connector", "running"),
        ("sink connector task 0", "failed"),
    ]
    assert "permission denied" in rows[-1].detail
    assert sink.remedy in rows[-1].detail
    assert all(map(is_connector, rows))
    with pytest.raises(ConnectorDown) as caught:
        expect_running(with_sink, endpoints)
    assert caught.value.health is not source_health
    assert "permission denied" in caught.value.message


@pytest.mark.parametrize(("stack", "remedy"), [("local", "deploy"), ("external", "creates no")])
@responses.activate
def test_a_missing_sink_connector_is_not_created_in_the_connect_of_others(
    with_sink: Pipeline, endpoints: Endpoints, stack: str, remedy: str
) -> None:
    both(answer("RUNNING", "RUNNING"), {"status": 404})
    there = msgspec.structs.replace(endpoints, stack=stack)
    health = read_sink_health(with_sink, there)
    assert health is not None
    assert (health.condition, health.detail) == (
        Condition.ABSENT,
        "there is no sink connector sink",
    )
    assert remedy in health.remedy
    assert [(row.name, row.state) for row in status_rows([health])] == [
        ("sink connector", "missing")
    ]
    with pytest.raises(NotReady, match="there is no sink connector"):
        expect_running(with_sink, there)


@responses.activate
def test_a_worker_that_does_not_answer_is_unknown_for_both(
    with_sink: Pipeline, endpoints: Endpoints
) -> None:
    both({"status": 500}, {"status": 500})
    found = read_connectors(with_sink, endpoints)
    assert [health.condition for health in found] == [Condition.UNKNOWN] * 2
    assert [row.name for row in status_rows(found)] == ["connector", "sink connector"]


@responses.activate
def test_the_first_connector_that_does_not_recover_ends_a_wait(
    with_sink: Pipeline, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    both(answer("UNASSIGNED", "UNASSIGNED"), answer("PAUSED", "PAUSED"))
    with pytest.raises(ConnectorDown, match="sink is paused"):
        expect_running(with_sink, endpoints)
    now = 100.0
    monkeypatch.setattr("cdc_perf.stack.connector_health.time.monotonic", lambda: now)
    guard = Guard(with_sink, endpoints)
    now += 0.5
    with pytest.raises(ConnectorDown, match="sink is paused"):
        guard()


@responses.activate
def test_a_sink_connector_has_to_be_gone_for_long(
    with_sink: Pipeline, endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    both(answer("RUNNING", "RUNNING"), {"status": 404})
    now = 100.0
    monkeypatch.setattr("cdc_perf.stack.connector_health.time.monotonic", lambda: now)
    guard = Guard(with_sink, endpoints)
    now += 0.5
    guard()
    now += 5.0
    with pytest.raises(ConnectorDown, match="there is no sink connector sink"):
        guard()


def test_without_a_sink_connector_nothing_is_asked(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    assert read_sink_health(pipeline, endpoints) is None
