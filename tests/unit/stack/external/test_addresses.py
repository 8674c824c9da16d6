import msgspec
import pytest

from scripts.errors import UsageFailure
from scripts.settings.pipeline import ExternalStack, Pipeline, Stacks
from scripts.stack.external.addresses import addresses

GIVEN = {
    "CDC_POSTGRES_DSN": "host=db.test user=cdc",
    "CDC_KAFKA_BOOTSTRAP": "kafka.test:9092",
    "CDC_MONGODB_URI": "mongodb://mongo.test",
}


def with_external(pipeline: Pipeline, **given: str) -> Pipeline:
    return msgspec.structs.replace(pipeline, stacks=Stacks(external=ExternalStack(**given)))


def test_the_environment_goes_before_the_file(pipeline: Pipeline) -> None:
    filed = with_external(
        pipeline, postgres_dsn="host=other.test", consumer_url="http://consumer.test"
    )
    found = addresses(filed, GIVEN)
    assert found.stack == "external"
    assert found.postgres_dsn == "host=db.test user=cdc"
    assert found.kafka_bootstrap == "kafka.test:9092"
    assert (found.connect_url, found.consumer_url) == ("", "http://consumer.test")
    assert found.mongodb_database == pipeline.mongodb.database


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, "--stack external: postgres_dsn is not given"),
        ({"CDC_MONGODB_URI": ""}, "--stack external: postgres_dsn is not given"),
        (
            {"CDC_POSTGRES_DSN": "host=db.test", "CDC_KAFKA_BOOTSTRAP": "kafka.test"},
            "--stack external: mongodb_uri is not given",
        ),
        (
            {**GIVEN, "CDC_POSTGRES_DSN": "db.test:5432 password=secret"},
            "CDC_POSTGRES_DSN: is no address of PostgreSQL",
        ),
        ({**GIVEN, "CDC_POSTGRES_DSN": "dbname=cdc"}, "CDC_POSTGRES_DSN: is no address of Post"),
        (
            {**GIVEN, "CDC_MONGODB_URI": "mongo.test secret"},
            "CDC_MONGODB_URI: is no address of MongoDB",
        ),
        ({**GIVEN, "CDC_CONNECT_URL": "c.test:8083"}, "CDC_CONNECT_URL: 'c.test:8083' is no URL"),
    ],
)
def test_a_wrong_address_is_one_line_without_its_secret(
    pipeline: Pipeline, environment: dict[str, str], line: str
) -> None:
    with pytest.raises(UsageFailure) as caught:
        addresses(pipeline, environment)
    assert caught.value.message.startswith(line)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("dsn", ["postgresql://cdc:secret@db.test/cdc", "host=x password=secret"])
def test_a_password_in_the_file_is_refused(pipeline: Pipeline, dsn: str) -> None:
    filed = with_external(pipeline, postgres_dsn=dsn, mongodb_uri="mongodb://m")
    with pytest.raises(UsageFailure, match=r"stacks\.external\.postgres_dsn: holds a password"):
        addresses(filed, {})
