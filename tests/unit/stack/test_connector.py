import json
from collections.abc import Iterator

import msgspec
import pytest
import requests
import responses
from responses.registries import OrderedRegistry

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import connect_api, connector, source
from cdc_perf.stack.connector import (
    ConnectorChange,
    current_health,
    decide,
    delete,
    deploy,
    deployed_settings,
    desired_config,
    pending_changes,
    restart,
    revive,
    wait_running,
)
from cdc_perf.stack.connector_health import Condition, ConnectorDown
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady

URL = "http://127.0.0.1:20003/connectors/postgres-cdc-connector"
CONFIG, STATUS = f"{URL}/config", f"{URL}/status"
RUNNING = {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "RUNNING"}]}
STARTING = {"connector": {"state": "RUNNING"}, "tasks": []}
FAILED = {
    "connector": {"state": "RUNNING"},
    "tasks": [
        {"id": 0, "state": "FAILED", "trace": "a.ConnectException: gone\n\tat b"},
        {"id": 1, "state": "FAILED", "trace": "another"},
    ],
}


@pytest.fixture(autouse=True)
def slot(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The slot is read from; returns the questions that were asked about it."""
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(source, "slot_active", lambda dsn, slot: asked.append((dsn, slot)))
    monkeypatch.setattr(source, "log_position", lambda _: "0/1")
    monkeypatch.setattr(source, "slot_passed", lambda *_: True)
    return asked


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    """A Connect that gives the answers of a test, in their order and each once."""
    monkeypatch.setattr(connector, "DEADLINE_SECONDS", 5.0)
    with responses.RequestsMock(registry=OrderedRegistry) as mock:
        yield mock


@pytest.fixture
def desired(pipeline: Pipeline, endpoints: Endpoints) -> dict[str, str]:
    return desired_config(pipeline, endpoints.postgres_dsn)


def test_the_configuration_is_the_files_with_the_addresses_filled_in(
    pipeline: Pipeline, desired: dict[str, str]
) -> None:
    assert pipeline.connector.config.items() <= desired.items()
    filled_in = {name: desired[name] for name in desired.keys() - pipeline.connector.config.keys()}
    assert filled_in == {
        "name": "postgres-cdc-connector",
        "database.hostname": "127.0.0.1",
        "database.port": "20001",
        "database.user": "cdc",
        "database.password": "",
        "database.dbname": "cdc",
        "topic.prefix": "cdc",
        "slot.name": "cdc_slot",
        "publication.name": "cdc_publication",
        # Regular expressions, of which an unescaped dot would find more.
        "table.include.list": (
            r"public\.customer,public\.address,public\.orders,public\.order_item,"
            r"public\.cdc_perf_canary"
        ),
    }


def test_the_deployed_settings_are_those_that_connect_has(
    connect: responses.RequestsMock, pipeline: Pipeline, endpoints: Endpoints
) -> None:
    connect.get(CONFIG, json={"poll.interval.ms": "500", "database.password": "hunter2"})
    connect.get(CONFIG, status=404)
    assert deployed_settings(pipeline, endpoints) == {"poll.interval.ms": "500"}
    assert deployed_settings(pipeline, endpoints) == {}


def test_a_connect_that_is_away_tells_no_settings(
    monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline, endpoints: Endpoints
) -> None:
    monkeypatch.setattr(connect_api, "ANSWER_SECONDS", 0.0)
    with responses.RequestsMock() as mock:
        mock.get(CONFIG, body=requests.ConnectionError())
        assert deployed_settings(pipeline, endpoints) == {}
    assert deployed_settings(pipeline, msgspec.structs.replace(endpoints, connect_url="")) == {}


def test_port_user_and_password_of_a_dsn_are_optional(pipeline: Pipeline) -> None:
    plain = desired_config(pipeline, "host=db.test")
    assert (plain["database.port"], plain["database.user"]) == ("5432", "cdc")
    full = desired_config(pipeline, "postgresql://someone:p%40ss@db.test:1/other")
    assert (full["database.user"], full["database.password"]) == ("someone", "p@ss")
    assert (full["database.hostname"], full["database.dbname"]) == ("db.test", "cdc")


def test_connect_may_reach_postgres_at_another_address_than_we_do(pipeline: Pipeline) -> None:
    found = desired_config(pipeline, "postgresql://cdc@127.0.0.1:20001/cdc", "postgres:5432")
    assert (found["database.hostname"], found["database.port"]) == ("postgres", "5432")


def test_a_password_that_connect_finds_itself_goes_before_that_of_the_address(
    pipeline: Pipeline,
) -> None:
    finds = {**pipeline.connector.config, "database.password": "${file:/run/secrets:postgres}"}
    changed = msgspec.structs.replace(
        pipeline, connector=msgspec.structs.replace(pipeline.connector, config=finds)
    )
    found = desired_config(changed, "postgresql://cdc:secret@db.test/cdc")
    assert found["database.password"] == "${file:/run/secrets:postgres}"


@pytest.mark.parametrize(
    ("parameters", "own", "mode"),
    [
        ("", {}, None),
        ("?sslmode=disable", {}, "disable"),
        ("?sslmode=require", {}, "require"),
        # The authority's file is on this machine, not on the worker's.
        ("?sslmode=verify-full&sslrootcert=/a.pem", {}, "require"),
        ("?sslmode=verify-full", {"database.sslmode": "verify-full"}, "verify-full"),
    ],
)
def test_connect_encrypts_if_the_address_asks_for_it(
    pipeline: Pipeline, parameters: str, own: dict[str, str], mode: str | None
) -> None:
    config = {**pipeline.connector.config, **own}
    changed = msgspec.structs.replace(
        pipeline, connector=msgspec.structs.replace(pipeline.connector, config=config)
    )
    found = desired_config(changed, f"postgresql://cdc@db.test/cdc{parameters}")
    assert found.get("database.sslmode") == mode
    assert "database.sslrootcert" not in found


@pytest.mark.parametrize(
    ("current", "change"),
    [
        (None, ConnectorChange.CREATE),
        ({"a": "1"}, ConnectorChange.NONE),
        ({"a": "2"}, ConnectorChange.UPDATE),
        ({"a": "1", "left": "over"}, ConnectorChange.UPDATE),
        ({}, ConnectorChange.UPDATE),
    ],
)
def test_a_deployment_is_decided_before_anything_is_done(
    current: dict[str, str] | None, change: ConnectorChange
) -> None:
    deployment = decide(current, {"a": "1"})
    assert (deployment.change, deployment.config) == (change, {"a": "1"})


def test_a_connector_that_is_not_there_is_created(
    connect: responses.RequestsMock,
    pipeline: Pipeline,
    endpoints: Endpoints,
    desired: dict[str, str],
    slot: list[tuple[str, str]],
) -> None:
    connect.get(CONFIG, status=404, json={"message": "not found"})
    put = connect.put(CONFIG, status=201, json={})
    connect.get(STATUS, status=404, json={"message": "no status yet"})
    connect.get(STATUS, json=STARTING)
    connect.get(STATUS, json=RUNNING)
    assert deploy(pipeline, endpoints) is ConnectorChange.CREATE
    assert json.loads(put.calls[0].request.body) == desired
    assert slot == [(endpoints.postgres_dsn, "cdc_slot")]


def test_the_same_configuration_is_not_put_again(
    connect: responses.RequestsMock,
    pipeline: Pipeline,
    endpoints: Endpoints,
    desired: dict[str, str],
) -> None:
    connect.get(CONFIG, json=desired)
    connect.get(STATUS, json=RUNNING)
    assert deploy(pipeline, endpoints) is ConnectorChange.NONE
    assert {call.request.method for call in connect.calls} == {"GET"}


def test_a_changed_configuration_is_put(
    connect: responses.RequestsMock,
    pipeline: Pipeline,
    endpoints: Endpoints,
    desired: dict[str, str],
) -> None:
    connect.get(CONFIG, json={**desired, "poll.interval.ms": "500"})
    put = connect.put(CONFIG, json={})
    connect.get(STATUS, json=RUNNING)
    assert deploy(pipeline, endpoints) is ConnectorChange.UPDATE
    assert json.loads(put.calls[0].request.body) == desired


def test_a_connect_that_starts_and_rebalances_is_waited_for(
    connect: responses.RequestsMock, pipeline: Pipeline, endpoints: Endpoints
) -> None:
    connect.get(CONFIG, body=requests.ConnectionError())
    connect.get(CONFIG, body=requests.ReadTimeout())
    connect.get(CONFIG, status=409, json={"message": "rebalance"})
    connect.get(CONFIG, status=404)
    connect.put(CONFIG, status=409, json={"message": "rebalance"})
    connect.get(CONFIG, status=404)
    connect.put(CONFIG, status=201, json={})
    connect.get(STATUS, status=409, json={"message": "rebalance"})
    connect.get(STATUS, json=RUNNING)
    assert deploy(pipeline, endpoints) is ConnectorChange.CREATE
    assert len(connect.calls) == 9


def test_a_configuration_that_connect_refuses_is_not_tried_again(
    connect: responses.RequestsMock, pipeline: Pipeline, endpoints: Endpoints
) -> None:
    connect.get(CONFIG, status=404)
    message = "The configuration is invalid and has 1 error(s):\nslot.name must be set"
    connect.put(CONFIG, status=400, json={"message": message})
    with pytest.raises(StackFailure) as caught:
        deploy(pipeline, endpoints)
    assert "answered 400 to PUT" in caught.value.message
    assert caught.value.detail == ("slot.name must be set",)


def test_a_failed_task_ends_the_wait_with_the_first_line_of_its_trace(
    monkeypatch: pytest.MonkeyPatch,
    connect: responses.RequestsMock,
    pipeline: Pipeline,
    endpoints: Endpoints,
) -> None:
    monkeypatch.setattr(connector, "STALE_FAILURE_SECONDS", 0.0)
    connect.get(STATUS, json=STARTING)
    connect.get(STATUS, json=FAILED)
    connect.get(STATUS, json=FAILED)
    with pytest.raises(StackFailure) as caught:
        wait_running(pipeline, endpoints)
    assert isinstance(caught.value, ConnectorDown)
    assert caught.value.health.condition is Condition.FAILED
    assert [x.who for x in caught.value.health.failures] == ["task 0", "task 1"]
    assert len(caught.value.detail) == 1


def test_a_failure_from_before_a_restart_is_given_time_to_go(
    connect: responses.RequestsMock,
    pipeline: Pipeline,
    endpoints: Endpoints,
    slot: list[tuple[str, str]],
) -> None:
    connect.post(f"{URL}/restart", status=409, json={"message": "rebalance"})
    connect.post(f"{URL}/restart", status=202, json=FAILED)
    connect.get(STATUS, json=FAILED)
    connect.get(STATUS, json=RUNNING)
    connect.get(STATUS, json=RUNNING)
    restart(pipeline, endpoints)
    assert len(slot) == 1


def test_a_task_that_runs_for_a_moment_and_fails_again_is_no_restart(
    monkeypatch: pytest.MonkeyPatch,
    connect: responses.RequestsMock,
    pipeline: Pipeline,
    endpoints: Endpoints,
) -> None:
    passed: list[bool] = [False, False]
    monkeypatch.setattr(source, "slot_passed", lambda *_: passed.pop(0))
    connect.post(f"{URL}/restart", status=202, json=FAILED)
    for answer in (RUNNING, RUNNING, RUNNING, FAILED):
        connect.get(STATUS, json=answer)
    with pytest.raises(ConnectorDown) as caught:
        restart(pipeline, endpoints)
    assert caught.value.health.condition is Condition.FAILED
    assert passed == []


@pytest.mark.parametrize("state", ["PAUSED", "STOPPED"])
def test_a_connector_that_someone_paused_is_resumed_by_a_restart(
    connect: responses.RequestsMock, pipeline: Pipeline, endpoints: Endpoints, state: str
) -> None:
    connect.post(f"{URL}/restart", status=202)
    connect.get(STATUS, json={"connector": {"state": state}, "tasks": []})
    resumed = connect.put(f"{URL}/resume", status=202)
    connect.get(STATUS, json={"connector": {"state": state}, "tasks": []})
    connect.get(STATUS, json=RUNNING)
    connect.get(STATUS, json=RUNNING)
    restart(pipeline, endpoints)
    assert resumed.call_count == 1


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        ({"json": RUNNING}, []),
        ({"json": FAILED}, ["restart"]),
        ({"json": {"connector": {"state": "PAUSED"}, "tasks": []}}, ["wait"]),
        ({"json": {"connector": {"state": "STOPPED"}, "tasks": []}}, ["wait"]),
        ({"json": STARTING}, ["wait"]),
        ({"status": 404}, ["deploy"]),
        ({"status": 500}, ["wait"]),
        ({"body": requests.ConnectionError()}, ["wait"]),
    ],
    ids=["running", "failed", "paused", "stopped", "no task", "absent", "5xx", "refused"],
)
@responses.activate
def test_what_does_not_run_is_brought_back_each_in_its_way(
    monkeypatch: pytest.MonkeyPatch,
    pipeline: Pipeline,
    endpoints: Endpoints,
    answer: dict[str, object],
    asked: list[str],
    progress: list[str],
) -> None:
    responses.add("GET", STATUS, **answer)  # type: ignore[arg-type]
    done: list[str] = []
    monkeypatch.setattr(connector, "deploy", lambda *_: done.append("deploy"))
    monkeypatch.setattr(connector, "restart", lambda *_: done.append("restart"))
    monkeypatch.setattr(connector, "wait_running", lambda *_, **__: done.append("wait"))
    assert revive(pipeline, endpoints) is bool(asked)
    assert (done, len(progress)) == (asked, len(asked))


@responses.activate
def test_a_connector_that_is_not_there_cannot_be_restarted_or_shown(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    responses.add("POST", f"{URL}/restart", status=404)
    responses.add("GET", STATUS, status=404)
    for command in (restart, current_health):
        with pytest.raises(StackFailure) as caught:
            command(pipeline, endpoints)
        assert str(caught.value) == (
            "there is no connector postgres-cdc-connector\n  remedy: inv connector.deploy"
        )


@pytest.mark.parametrize(("status", "deleted"), [(204, True), (404, False)])
@responses.activate
def test_deleting_tells_whether_there_was_a_connector(
    pipeline: Pipeline, endpoints: Endpoints, status: int, *, deleted: bool
) -> None:
    responses.add("DELETE", URL, status=status)
    assert delete(pipeline, endpoints) is deleted


@responses.activate
def test_the_state_is_reported_as_it_is(pipeline: Pipeline, endpoints: Endpoints) -> None:
    responses.add("GET", STATUS, json=FAILED)
    found = current_health(pipeline, endpoints)
    assert [(x.who, x.cause) for x in found.failures] == [
        ("task 0", "ConnectException: gone"),
        ("task 1", "another"),
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": 404}, "there is no connector postgres-cdc-connector yet"),
        (
            {"json": STARTING},
            "connector postgres-cdc-connector is RUNNING and has no task",
        ),
        (
            {"json": {**RUNNING, "connector": {"state": "UNASSIGNED"}}},
            "connector postgres-cdc-connector is UNASSIGNED, task 0 RUNNING",
        ),
        ({"status": 409}, "http://127.0.0.1:20003 is rebalancing"),
        (
            {"body": requests.ConnectionError()},
            "http://127.0.0.1:20003 does not answer: ConnectionError",
        ),
        (
            {"status": 503, "json": {"message": "starting"}},
            "Kafka Connect answered 503 to GET /connectors/postgres-cdc-connector/status: starting",
        ),
        ({"json": RUNNING}, "replication slot cdc_slot is not active"),
    ],
    ids=["not there", "no task", "unassigned", "rebalancing", "refused", "5xx", "slot not read"],
)
@responses.activate
def test_what_does_not_come_to_run_says_why_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
    pipeline: Pipeline,
    endpoints: Endpoints,
    answer: dict[str, object],
    reason: str,
) -> None:
    def inactive(_dsn: str, slot: str) -> None:
        raise NotReady(f"replication slot {slot} is not active")

    monkeypatch.setattr(source, "slot_active", inactive)
    monkeypatch.setattr(connector, "DEADLINE_SECONDS", 0.02)
    responses.add("GET", STATUS, **answer)  # type: ignore[arg-type]
    with pytest.raises(StackFailure) as caught:
        wait_running(pipeline, endpoints)
    assert caught.value.message == (
        f"connector postgres-cdc-connector was not ready within 0 s: {reason}"
    )
    assert caught.value.hint == "see `inv logs --component connect`"


ALL = "http://127.0.0.1:20003/connectors?expand=info"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"slot.name": "cdc_slot"}, "theirs reads the slot cdc_slot of the database cdc"),
        ({"topic.prefix": "cdc"}, "theirs has the topic prefix cdc of the database cdc"),
    ],
)
def test_a_second_connector_is_not_created_in_the_connect_of_others(
    connect: responses.RequestsMock,
    pipeline: Pipeline,
    endpoints: Endpoints,
    other: dict[str, str],
    words: str,
) -> None:
    connect.get(CONFIG, status=404)
    config = {"database.dbname": "cdc", **other}
    connect.get(ALL, json={"theirs": {"info": {"config": config}}})
    with pytest.raises(StackFailure) as caught:
        pending_changes(pipeline, endpoints)
    assert words in caught.value.message
    assert caught.value.hint == 'set connector.name = "theirs" in pipeline.toml'


def test_a_connector_of_other_data_is_no_obstacle(
    connect: responses.RequestsMock, pipeline: Pipeline, endpoints: Endpoints
) -> None:
    others = (
        {"database.dbname": "other", "slot.name": "cdc_slot", "topic.prefix": "cdc"},
        {"database.dbname": "cdc", "slot.name": "other", "topic.prefix": "other"},
        {"topics": "cdc.public.customer"},
    )
    connect.get(CONFIG, status=404)
    connect.get(
        ALL, json={str(number): {"info": {"config": each}} for number, each in enumerate(others)}
    )
    changes = pending_changes(pipeline, endpoints)
    assert "add slot.name = cdc_slot" in changes
