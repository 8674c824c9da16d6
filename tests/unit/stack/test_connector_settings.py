import pytest

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.connector import desired_config
from cdc_perf.stack.connector_settings import changed_settings, shown_settings
from cdc_perf.stack.endpoints import Endpoints


def test_what_is_chosen_is_shown_and_where_it_runs_is_not(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    shown = shown_settings(desired_config(pipeline, endpoints.postgres_dsn))
    assert pipeline.connector.config.items() <= shown.items()
    assert shown.keys() - pipeline.connector.config.keys() == {
        *("name", "database.dbname", "topic.prefix", "slot.name", "publication.name"),
        "table.include.list",
    }


@pytest.mark.parametrize(
    "name",
    [
        *("database.hostname", "database.port", "database.user", "database.password"),
        *("database.pwd", "database.sslpassword", "database.sslkey", "driver.password"),
        *("Authorization", "headers.Authorization", "value.converter.apicurio.auth.X"),
        *("basic.auth.user.info", "value.converter.basic.auth.user.info"),
        "value.converter.schema.registry.url",
        "value.converter.bearer.auth.token",
        "producer.override.sasl.jaas.config",
        "producer.override.ssl.key.password",
        "producer.override.ssl.truststore.certificates",
        "producer.override.acks.secret",
        "database.initial.statements",
        "heartbeat.action.query",
        "snapshot.select.statement.overrides.public.customer",
        "transforms.encrypt.api.key",
        "transforms.stamp.value.literal",
        "name.something",
        "something",
    ],
)
def test_a_setting_that_is_not_known_to_hold_no_secret_is_left_out(name: str) -> None:
    assert shown_settings({name: "hunter2", "poll.interval.ms": "5"}) == {"poll.interval.ms": "5"}


@pytest.mark.parametrize(
    "value", ["http://user:hunter2@registry.test:8081", "https://hunter2@registry.test", "sig=abc"]
)
def test_a_value_with_a_secret_in_a_known_setting_is_left_out(value: str) -> None:
    assert shown_settings({"signal.data.collection": value}) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("message.key.columns", "public.customer:id"),
        ("topic.creation.default.partitions", "3"),
        ("transforms.unwrap.add.fields", "op,source.lsn"),
        ("producer.override.acks", "all"),
    ],
)
def test_what_is_no_secret_stays(name: str, value: str) -> None:
    assert shown_settings({name: value}) == {name: value}


def test_a_deployment_shows_each_change_and_no_secret() -> None:
    current = {
        "poll.interval.ms": "500",
        "max.batch.size": "10",
        "tasks.max": "1",
        "database.password": "old hunter2",
        "something": "hunter2",
    }
    desired = {
        "poll.interval.ms": "5",
        "tasks.max": "1",
        "database.password": "new hunter2",
        "producer.override.acks": "all",
    }
    lines = list(changed_settings(current, desired))
    assert {line.split(" = ")[0] for line in lines} == {
        "change poll.interval.ms",
        "remove max.batch.size",
        "change database.password",
        "remove something",
        "add producer.override.acks",
    }
    assert "change poll.interval.ms = 500 to 5" in lines
    assert "hunter2" not in "".join(lines)
    assert list(changed_settings(desired, desired)) == []
