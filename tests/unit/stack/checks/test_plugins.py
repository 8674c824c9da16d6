from collections.abc import Iterator

import msgspec
import pytest
import responses

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Connector, Pipeline
from cdc_perf.stack.checks.plugins import expect_plugins
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady

DEBEZIUM = "io.debezium.connector.postgresql.PostgresConnector"
JDBC = "io.debezium.connector.jdbc.JdbcSinkConnector"
MIRROR = "org.apache.kafka.connect.mirror.MirrorSourceConnector"


@pytest.fixture
def connect() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def with_sink(pipeline: Pipeline, name: str) -> Pipeline:
    return msgspec.structs.replace(
        pipeline, sink_connector=Connector("sink", {"connector.class": name})
    )


def serve(connect: responses.RequestsMock, endpoints: Endpoints, *classes: str) -> None:
    connect.get(
        f"{endpoints.connect_url}/connector-plugins", json=[{"class": name} for name in classes]
    )


@pytest.mark.parametrize("name", [JDBC, "JdbcSinkConnector", "JdbcSink"])
def test_plugins_that_the_worker_has_are_no_fault(
    connect: responses.RequestsMock, pipeline: Pipeline, endpoints: Endpoints, name: str
) -> None:
    serve(connect, endpoints, DEBEZIUM, JDBC)
    expect_plugins(with_sink(pipeline, name), endpoints)


@pytest.mark.parametrize(
    ("classes", "place", "name"),
    [
        ((MIRROR, JDBC), "connector", DEBEZIUM),
        ((MIRROR, DEBEZIUM), "sink_connector", JDBC),
    ],
)
def test_a_class_that_the_worker_lacks_is_refused(
    connect: responses.RequestsMock,
    pipeline: Pipeline,
    endpoints: Endpoints,
    classes: tuple[str, ...],
    place: str,
    name: str,
) -> None:
    serve(connect, endpoints, *classes)
    with pytest.raises(StackFailure) as caught:
        expect_plugins(with_sink(pipeline, JDBC), endpoints)
    assert caught.value.message.startswith(
        f"pipeline.toml: {place}.config.connector.class: Kafka Connect has no connector {name}; "
    )


def test_a_worker_without_an_address_is_not_asked(pipeline: Pipeline, endpoints: Endpoints) -> None:
    expect_plugins(pipeline, msgspec.structs.replace(endpoints, connect_url=""))


@pytest.mark.parametrize("status", [403, 404, 409, 503])
def test_a_worker_without_an_answer_is_left_to_other_checks(
    connect: responses.RequestsMock, pipeline: Pipeline, endpoints: Endpoints, status: int
) -> None:
    connect.get(f"{endpoints.connect_url}/connector-plugins", status=status, body="no")
    with pytest.raises(NotReady):
        expect_plugins(pipeline, endpoints)
