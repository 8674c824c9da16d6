"""The sink connector's configuration, and its deployment to a Connect that `responses` plays."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import responses
from responses.registries import OrderedRegistry

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.settings.pipeline import Connector, Pipeline, PostgresSink
from cdc_perf.stack import connect_api, sink_connector
from cdc_perf.stack.connector import ConnectorChange
from cdc_perf.stack.connector_health import Condition, ConnectorDown
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local.passwords import CONNECTOR_REFERENCE
from cdc_perf.stack.sink_connector import (
    JDBC_CLASS,
    MONGODB_CLASS,
    PluginApi,
    SinkAddress,
    change_sink,
    deploy_sink,
    desired_sink_config,
    expect_class,
    pending_sink_changes,
    restart_sink,
    sink_address,
    sink_health,
)

URL = "http://127.0.0.1:20003"
PLUGINS, CONNECTOR = f"{URL}/connector-plugins", f"{URL}/connectors/sink"
CONFIG, STATUS = f"{CONNECTOR}/config", f"{CONNECTOR}/status"
RUNNING = {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "RUNNING"}]}
PAUSED = {"connector": {"state": "PAUSED"}, "tasks": [{"id": 0, "state": "PAUSED"}]}
TRACE = "a.ConnectException: sink\n\tat b\nCaused by: org.x.SQLException: refused\n\tat c"
FAILED = {
    "connector": {"state": "RUNNING"},
    "tasks": [{"id": 0, "state": "FAILED", "trace": TRACE}],
}
MONGODB = SinkAddress("mongodb://127.0.0.1:20004")
POSTGRES = SinkAddress(
    "postgresql://writer:hunter2@db.test:20010/other", password=CONNECTOR_REFERENCE
)


def with_sink(pipeline: Pipeline, connector_class: str, **config: str) -> Pipeline:
    sink_connector = Connector("sink", {"connector.class": connector_class, **config})
    return msgspec.structs.replace(pipeline, consumer=None, sink_connector=sink_connector)


def to_postgres(pipeline: Pipeline, **config: str) -> Pipeline:
    sink = PostgresSink(database="the sink", schema="sink.sql")
    return msgspec.structs.replace(with_sink(pipeline, JDBC_CLASS, **config), sink=sink)


@pytest.fixture
def mongodb(pipeline: Pipeline) -> Pipeline:
    return with_sink(pipeline, MONGODB_CLASS)


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    """A Connect that gives the answers of a test, in their order and each once."""
    monkeypatch.setattr(sink_connector, "STALE_FAILURE_SECONDS", 0.0)
    with responses.RequestsMock(registry=OrderedRegistry) as mock:
        yield mock


def sent(connect: responses.RequestsMock) -> list[str]:
    return [f"{x.request.method} {x.request.url}".replace(URL, "") for x in connect.calls]


def plugins(connect: responses.RequestsMock, *classes: str) -> None:
    connect.get(PLUGINS, json=[{"class": name, "type": "sink"} for name in classes])


def test_mongodb_gets_its_address_and_a_collection_for_each_topic(mongodb: Pipeline) -> None:
    assert desired_sink_config(mongodb, MONGODB) == {
        "connector.class": MONGODB_CLASS,
        "name": "sink",
        "topics": "cdc.public.customer,cdc.public.address,cdc.public.orders,cdc.public.order_item,"
        "cdc.public.cdc_perf_canary",
        "connection.uri": "mongodb://127.0.0.1:20004",
        "database": "cdc",
        "topic.override.cdc.public.customer.collection": "customer",
        "topic.override.cdc.public.address.collection": "address",
        "topic.override.cdc.public.orders.collection": "orders",
        "topic.override.cdc.public.order_item.collection": "order_item",
        "topic.override.cdc.public.cdc_perf_canary.collection": "cdc_perf_canary",
    }


def test_postgres_gets_its_address_and_a_reference_instead_of_the_password(
    pipeline: Pipeline,
) -> None:
    config = desired_sink_config(to_postgres(pipeline), POSTGRES)
    assert config["connection.url"] == "jdbc:postgresql://db.test:20010/the%20sink"
    assert config["connection.username"] == "writer"
    assert config["connection.password"] == CONNECTOR_REFERENCE
    assert "hunter2" not in str(config)
    assert "hunter2" not in repr(POSTGRES)


def test_the_password_is_that_of_the_file_else_that_of_the_address(pipeline: Pipeline) -> None:
    plain = SinkAddress("host=db.test password=hunter2")
    config = desired_sink_config(to_postgres(pipeline), plain)
    assert config["connection.url"] == "jdbc:postgresql://db.test:5432/the%20sink"
    assert (config["connection.username"], config["connection.password"]) == ("cdc", "hunter2")
    own = to_postgres(pipeline, **{"connection.password": "${file:x}"})
    assert desired_sink_config(own, plain)["connection.password"] == "${file:x}"


@pytest.mark.parametrize(
    ("uri", "reached"),
    [
        ("mongodb://127.0.0.1:1/?x=y", "mongodb://mongodb:27017/?x=y"),
        ("mongodb://a:b%40c@h1:1,h2:2/db", "mongodb://a:b%40c@mongodb:27017/db"),
    ],
)
def test_connect_may_reach_the_sink_at_another_address(
    mongodb: Pipeline, pipeline: Pipeline, uri: str, reached: str
) -> None:
    config = desired_sink_config(mongodb, SinkAddress(uri, from_connect="mongodb:27017"))
    assert config["connection.uri"] == reached
    inside = SinkAddress("host=127.0.0.1", from_connect="sink:5432")
    config = desired_sink_config(to_postgres(pipeline), inside)
    assert config["connection.url"] == "jdbc:postgresql://sink:5432/the%20sink"


def test_the_other_sections_override_the_connectors_own_settings(pipeline: Pipeline) -> None:
    other = with_sink(pipeline, MONGODB_CLASS, database="x", topics="x", name="x", mine="kept")
    config = desired_sink_config(other, MONGODB)
    assert (config["database"], config["name"], config["mine"]) == ("cdc", "sink", "kept")
    assert config["topics"].startswith("cdc.public.customer,")


def test_a_class_that_is_not_known_gets_only_its_topics(pipeline: Pipeline) -> None:
    config = desired_sink_config(with_sink(pipeline, "org.example.Sink", address="x"), MONGODB)
    assert config.keys() == {"connector.class", "address", "name", "topics"}


@pytest.mark.parametrize(
    ("connector_class", "product", "kind"),
    [(MONGODB_CLASS, "MongoDB", "mongodb"), (JDBC_CLASS, "PostgreSQL", "postgres")],
)
def test_a_connector_of_another_sink_is_refused(
    pipeline: Pipeline, connector_class: str, product: str, kind: str
) -> None:
    sink = (
        to_postgres(pipeline)
        if connector_class == MONGODB_CLASS
        else with_sink(pipeline, JDBC_CLASS)
    )
    connector = Connector("sink", {"connector.class": connector_class})
    wrong = msgspec.structs.replace(sink, sink_connector=connector)
    with pytest.raises(UsageFailure) as caught:
        desired_sink_config(wrong, MONGODB)
    assert str(caught.value) == (
        f"pipeline.toml: sink_connector.config.connector.class: writes to {product}, "
        f'but sink.type is not "{kind}"'
    )


def test_a_new_connector_is_created_and_awaited(
    connect: responses.RequestsMock, mongodb: Pipeline, endpoints: Endpoints
) -> None:
    plugins(connect, MONGODB_CLASS)
    connect.get(CONFIG, status=404)
    connect.put(CONFIG, status=201, json={})
    connect.get(STATUS, status=404)
    connect.get(STATUS, json={"connector": {"state": "RUNNING"}, "tasks": []})
    connect.get(STATUS, json=RUNNING)
    assert deploy_sink(mongodb, endpoints, MONGODB) is ConnectorChange.CREATE
    body = connect.calls[2].request.body
    assert body is not None
    assert json.loads(body) == desired_sink_config(mongodb, MONGODB)


def test_a_changed_connector_is_updated(
    connect: responses.RequestsMock, mongodb: Pipeline, endpoints: Endpoints
) -> None:
    plugins(connect, MONGODB_CLASS)
    connect.get(CONFIG, json={"connector.class": MONGODB_CLASS})
    connect.put(CONFIG, json={})
    connect.get(STATUS, json=RUNNING)
    assert deploy_sink(mongodb, endpoints, MONGODB) is ConnectorChange.UPDATE


@pytest.mark.parametrize(
    ("status", "revival"),
    [
        (RUNNING, []),
        (FAILED, ["POST /connectors/sink/restart?includeTasks=true"]),
        (PAUSED, ["PUT /connectors/sink/resume"]),
    ],
    ids=["running", "failed", "paused"],
)
def test_a_connector_with_the_same_settings_is_revived_if_it_does_not_run(
    connect: responses.RequestsMock,
    mongodb: Pipeline,
    endpoints: Endpoints,
    status: dict[str, Any],
    revival: list[str],
) -> None:
    plugins(connect, MONGODB_CLASS)
    connect.get(CONFIG, json=desired_sink_config(mongodb, MONGODB))
    connect.get(STATUS, json=status)
    for request in revival:
        method, path = request.split()
        connect.add(method, f"{URL}{path}", status=202)
    connect.get(STATUS, json=RUNNING)
    assert deploy_sink(mongodb, endpoints, MONGODB) is ConnectorChange.NONE
    assert sent(connect)[3:-1] == revival


def test_a_failed_task_is_one_line_with_its_cause(
    connect: responses.RequestsMock, mongodb: Pipeline, endpoints: Endpoints
) -> None:
    plugins(connect, MONGODB_CLASS)
    connect.get(CONFIG, status=404)
    connect.put(CONFIG, status=201, json={})
    connect.get(STATUS, json=FAILED)
    with pytest.raises(ConnectorDown) as caught:
        deploy_sink(mongodb, endpoints, MONGODB)
    assert caught.value.message == "connector sink: task 0 FAILED: SQLException: refused"
    assert caught.value.hint.endswith("then inv up")


@pytest.mark.parametrize("before", [FAILED, RUNNING], ids=["failed", "running"])
def test_the_state_before_an_update_is_not_the_state_after_it(
    monkeypatch: pytest.MonkeyPatch,
    connect: responses.RequestsMock,
    mongodb: Pipeline,
    endpoints: Endpoints,
    before: dict[str, Any],
) -> None:
    clock = iter(range(0, 10, 2))
    monkeypatch.setattr(sink_connector, "STALE_FAILURE_SECONDS", 3.0)
    monkeypatch.setattr(sink_connector, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    plugins(connect, MONGODB_CLASS)
    connect.get(CONFIG, json={})
    connect.put(CONFIG, json={})
    connect.get(STATUS, json=before)
    connect.get(STATUS, json=RUNNING)
    assert deploy_sink(mongodb, endpoints, MONGODB) is ConnectorChange.UPDATE
    assert next(clock) == 6


NO_DATABASE = "HibernateException: Unable to determine Dialect without JDBC metadata"
REJECTED = 'PSQLException: FATAL: password authentication failed for user "cdc"'


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (("Caused by: x.PSQLException: ERROR: older", f"Caused by: org.x.{REJECTED}"), REJECTED),
        (("WARN something else",), NO_DATABASE),
    ],
    ids=["in the log", "nowhere"],
)
def test_a_login_that_only_the_log_shows_is_the_cause(
    connect: responses.RequestsMock,
    pipeline: Pipeline,
    endpoints: Endpoints,
    log: tuple[str, ...],
    cause: str,
) -> None:
    plugins(connect, JDBC_CLASS)
    connect.get(CONFIG, status=404)
    connect.put(CONFIG, status=201, json={})
    task = {"id": 0, "state": "FAILED", "trace": f"a.X: failed\nCaused by: org.y.{NO_DATABASE}"}
    connect.get(STATUS, json={**FAILED, "tasks": [task]})
    with pytest.raises(ConnectorDown) as caught:
        deploy_sink(to_postgres(pipeline), endpoints, POSTGRES, lambda: log)
    assert caught.value.message == f"connector sink: task 0 FAILED: {cause}"


def test_a_plugin_that_the_worker_did_not_load_is_named_with_the_logs_cause(
    connect: responses.RequestsMock, mongodb: Pipeline, endpoints: Endpoints
) -> None:
    plugins(connect, JDBC_CLASS)
    cause = "ERROR PluginScanner: Failed to discover SinkConnector in /plugins/mongodb: ..."
    with pytest.raises(StackFailure) as caught:
        deploy_sink(mongodb, endpoints, MONGODB, lambda: ("WARN something else", cause))
    assert caught.value.message == f"Kafka Connect has no connector {MONGODB_CLASS}"
    assert "connect.plugins" in caught.value.hint
    assert caught.value.detail == (cause,)
    assert sent(connect) == ["GET /connector-plugins"]


@pytest.mark.parametrize(
    ("log", "problem"),
    [
        (
            (
                "Caused by: java.lang.NoClassDefFoundError: Could not initialize class a.Config",
                "Caused by: java.lang.NoClassDefFoundError: com/mongodb/ConnectionString",
                "Caused by: java.lang.ClassNotFoundException: a.Later",
            ),
            f"the plugin of {MONGODB_CLASS} has no class com.mongodb.ConnectionString",
        ),
        (("WARN something else",), "Kafka Connect was not ready within 0 s: "),
    ],
    ids=["a jar is missing", "another cause"],
)
def test_a_plugin_without_one_of_its_jars_is_named_with_the_missing_class(
    monkeypatch: pytest.MonkeyPatch,
    connect: responses.RequestsMock,
    mongodb: Pipeline,
    endpoints: Endpoints,
    log: tuple[str, ...],
    problem: str,
) -> None:
    monkeypatch.setattr(connect_api, "ANSWER_SECONDS", 0.0)
    plugins(connect, MONGODB_CLASS)
    connect.get(CONFIG, status=404)
    connect.put(CONFIG, status=500, json={"message": "Server Error"})
    with pytest.raises(StackFailure) as caught:
        deploy_sink(mongodb, endpoints, MONGODB, lambda: log)
    assert caught.value.message.startswith(problem)


@pytest.mark.parametrize("name", [JDBC_CLASS, "JdbcSinkConnector", "JdbcSink"])
def test_a_class_may_have_the_short_names_that_connect_accepts(
    connect: responses.RequestsMock, name: str
) -> None:
    plugins(connect, MONGODB_CLASS, JDBC_CLASS)
    expect_class(PluginApi(URL), name)


@pytest.mark.parametrize("name", ["dbcSink", "Jdbc", "io.debezium.connector.jdbc.JdbcSink"])
def test_a_part_of_a_name_is_not_a_class(connect: responses.RequestsMock, name: str) -> None:
    plugins(connect, JDBC_CLASS)
    with pytest.raises(StackFailure, match=f"has no connector {name}"):
        expect_class(PluginApi(URL), name)


def test_another_server_on_connects_port_is_reported(connect: responses.RequestsMock) -> None:
    connect.get(PLUGINS, json={"error": "what?"})
    with pytest.raises(StackFailure, match="is not Kafka Connect"):
        expect_class(PluginApi(URL), JDBC_CLASS)


def test_a_pipeline_without_a_sink_connector_is_a_mistake_of_the_caller(pipeline: Pipeline) -> None:
    with pytest.raises(LookupError):
        desired_sink_config(pipeline, MONGODB)


def test_the_address_is_that_of_the_worker(endpoints: Endpoints) -> None:
    assert sink_address(endpoints) == SinkAddress(endpoints.mongodb_uri)
    inside = msgspec.structs.replace(
        endpoints,
        sink_dsn="postgresql://cdc@127.0.0.1:1/sink",
        connector_sink="postgres:5432",
        connector_password=CONNECTOR_REFERENCE,
    )
    assert sink_address(inside) == SinkAddress(
        "postgresql://cdc@127.0.0.1:1/sink", "postgres:5432", CONNECTOR_REFERENCE
    )


THEIRS = {
    "connection.url": "jdbc:postgresql://db.internal/sink?ssl=true",
    "connection.username": "writer",
    "connection.password": "hunter3",
}


@pytest.fixture
def theirs(pipeline: Pipeline, endpoints: Endpoints) -> tuple[Pipeline, Endpoints, dict[str, str]]:
    """A pipeline of others, its addresses, and the settings of its sink connector."""
    known = msgspec.structs.replace(
        endpoints, stack="external", sink_dsn="postgresql://load:hunter2@sink.test/sink"
    )
    jdbc = to_postgres(pipeline, **{"tasks.max": "1"})
    return jdbc, known, {**desired_sink_config(jdbc, sink_address(known)), **THEIRS}


def test_a_sink_connector_of_others_keeps_its_address(
    connect: responses.RequestsMock, theirs: tuple[Pipeline, Endpoints, dict[str, str]]
) -> None:
    jdbc, known, current = theirs
    connect.get(CONFIG, json=current)
    assert pending_sink_changes(jdbc, known) == ()
    connect.get(CONFIG, json={**current, "tasks.max": "4"})
    assert pending_sink_changes(jdbc, known) == ("change tasks.max = 4 to 1",)
    connect.get(CONFIG, json={**current, "tasks.max": "4"})
    plugins(connect, JDBC_CLASS)
    connect.get(CONFIG, json={**current, "tasks.max": "4"})
    connect.put(CONFIG, json={})
    connect.get(STATUS, json=RUNNING)
    assert change_sink(jdbc, known) is ConnectorChange.UPDATE
    body = connect.calls[-2].request.body
    assert body is not None
    assert json.loads(body) == current


def test_a_sink_connector_is_never_created_in_the_connect_of_others(
    connect: responses.RequestsMock, theirs: tuple[Pipeline, Endpoints, dict[str, str]]
) -> None:
    jdbc, known, _ = theirs
    for act in (pending_sink_changes, change_sink):
        connect.get(CONFIG, status=404)
        connect.get(
            f"{URL}/connectors?expand=info", json={"sink-1": {"info": {"config": {"name": "x"}}}}
        )
        with pytest.raises(StackFailure) as caught:
            act(jdbc, known)
        assert caught.value.message == (
            "Kafka Connect has no sink connector sink; did you mean sink-1?"
        )
        assert "creates no sink connector" in caught.value.hint
    assert {request.split()[0] for request in sent(connect)} == {"GET"}


def test_a_restart_resumes_and_waits(
    connect: responses.RequestsMock, mongodb: Pipeline, endpoints: Endpoints
) -> None:
    restart, resume = f"{CONNECTOR}/restart?includeTasks=true", f"{CONNECTOR}/resume"
    connect.post(restart, status=202)
    connect.put(resume, status=202)
    connect.get(STATUS, json={"connector": {"state": "RUNNING"}, "tasks": []})
    connect.get(STATUS, json=RUNNING)
    restart_sink(mongodb, endpoints)
    connect.post(restart, status=202)
    connect.put(resume, status=202)
    connect.get(STATUS, json=FAILED)
    with pytest.raises(ConnectorDown, match="SQLException: refused"):
        restart_sink(mongodb, endpoints)
    connect.post(restart, status=404)
    with pytest.raises(StackFailure, match="there is no sink connector sink"):
        restart_sink(mongodb, endpoints)


def test_the_state_of_the_sink_connector_is_asked_if_there_is_one(
    connect: responses.RequestsMock, pipeline: Pipeline, mongodb: Pipeline, endpoints: Endpoints
) -> None:
    assert sink_health(pipeline, endpoints) is None
    connect.get(STATUS, json=FAILED)
    failed = sink_health(mongodb, endpoints)
    assert failed is not None
    assert (failed.condition, failed.role) == (Condition.FAILED, "sink connector")
    connect.get(STATUS, status=404)
    absent = sink_health(mongodb, endpoints)
    assert absent is not None
    assert absent.condition is Condition.ABSENT
