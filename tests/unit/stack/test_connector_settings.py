import pytest

from scripts.settings.pipeline import Pipeline
from scripts.stack.connector import desired_config
from scripts.stack.connector_settings import shown_settings
from scripts.stack.endpoints import Endpoints


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
        "database.password",
        "database.sslpassword",
        "database.sslkey",
        "driver.password",
        "basic.auth.user.info",
        "value.converter.basic.auth.user.info",
        "value.converter.bearer.auth.token",
        "producer.override.sasl.jaas.config",
        "producer.override.sasl.oauthbearer.client.credentials.client.secret",
        "producer.override.ssl.key.password",
        "producer.override.ssl.keystore.key",
        "producer.override.ssl.keystore.certificate.chain",
        "producer.override.ssl.truststore.certificates",
        "signal.kafka.bearer.TOKEN",
        "transforms.encrypt.api.key",
        "aws.access.key.id",
        "azure.account_key",
    ],
)
def test_a_secret_is_left_out_by_its_name(name: str) -> None:
    assert shown_settings({name: "hunter2", "poll.interval.ms": "5"}) == {"poll.interval.ms": "5"}


@pytest.mark.parametrize(
    "value",
    [
        "http://user:hunter2@registry.test:8081",
        "https://hunter2@registry.test",
        "ALTER ROLE cdc PASSWORD 'hunter2'",
        "Authorization: Bearer hunter2",
        "${secretsManager:hunter2}",
    ],
)
def test_a_secret_is_left_out_by_its_value(value: str) -> None:
    assert shown_settings({"something": value}) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("message.key.columns", "public.customer:id"),
        ("value.converter.schema.registry.url", "http://registry.test:8081"),
        ("topic.creation.default.partitions", "3"),
    ],
)
def test_what_is_no_secret_stays(name: str, value: str) -> None:
    assert shown_settings({name: value}) == {name: value}
