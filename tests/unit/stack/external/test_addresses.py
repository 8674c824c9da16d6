from pathlib import Path
from typing import Any

import msgspec
import pytest
from pymongo import MongoClient

from cdc_perf.errors import UsageFailure
from cdc_perf.redaction import redacted
from cdc_perf.settings.pipeline import ExternalStackSettings, Pipeline, Stacks
from cdc_perf.stack.external.addresses import addresses, client_file

FOLDER = Path("/pipeline")
GIVEN = {
    "CDC_POSTGRES_DSN": "host=db.test user=cdc",
    "CDC_KAFKA_BOOTSTRAP": "kafka.test:9092",
    "CDC_MONGODB_URI": "mongodb://mongo.test",
}


def with_external(pipeline: Pipeline, **given: str) -> Pipeline:
    return msgspec.structs.replace(pipeline, stacks=Stacks(external=ExternalStackSettings(**given)))


def test_the_environment_goes_before_the_file(pipeline: Pipeline) -> None:
    filed = with_external(
        pipeline, postgres_dsn="host=other.test", consumer_url="http://consumer.test"
    )
    found = addresses(filed, GIVEN, FOLDER)
    assert found.stack == "external"
    assert found.postgres_dsn == "host=db.test user=cdc"
    assert found.kafka_bootstrap == "kafka.test:9092"
    assert (found.connect_url, found.consumer_url) == ("", "http://consumer.test")
    assert pipeline.mongodb is not None
    assert found.mongodb_database == pipeline.mongodb.database
    assert (found.sink, found.slot) == ("mongodb", pipeline.postgres.slot)
    assert found.tables["public.address"].topic == "cdc.public.address"


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, "--stack external: postgres_dsn is not set"),
        ({"CDC_MONGODB_URI": ""}, "--stack external: postgres_dsn is not set"),
        (
            {"CDC_POSTGRES_DSN": "host=db.test", "CDC_KAFKA_BOOTSTRAP": "kafka.test"},
            "--stack external: mongodb_uri is not set",
        ),
        (
            {**GIVEN, "CDC_POSTGRES_DSN": "db.test:5432 password=secret"},
            "CDC_POSTGRES_DSN: is not a PostgreSQL address",
        ),
        ({**GIVEN, "CDC_POSTGRES_DSN": "dbname=cdc"}, "CDC_POSTGRES_DSN: is not a PostgreSQL"),
        (
            {**GIVEN, "CDC_MONGODB_URI": "mongo.test secret"},
            "CDC_MONGODB_URI: is not a MongoDB address",
        ),
        ({**GIVEN, "CDC_CONNECT_URL": "c.test:8083"}, "CDC_CONNECT_URL: is not a URL"),
    ],
)
def test_a_wrong_address_is_one_line_without_its_secret(
    pipeline: Pipeline, environment: dict[str, str], line: str
) -> None:
    with pytest.raises(UsageFailure) as caught:
        addresses(pipeline, environment, FOLDER)
    assert caught.value.message.startswith(line)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("dsn", ["postgresql://cdc:secret@db.test/cdc", "host=x password=secret"])
def test_a_password_in_the_file_is_refused(pipeline: Pipeline, dsn: str) -> None:
    filed = with_external(pipeline, postgres_dsn=dsn, mongodb_uri="mongodb://m")
    with pytest.raises(UsageFailure, match=r"stacks\.external\.postgres_dsn: contains a password"):
        addresses(filed, {}, FOLDER)


def test_a_password_of_a_certificate_in_the_file_is_refused(pipeline: Pipeline) -> None:
    uri = "mongodb://m/?tlsCertificateKeyFilePassword=secret"
    with pytest.raises(UsageFailure, match=r"stacks\.external\.mongodb_uri: contains a password"):
        addresses(with_external(pipeline, mongodb_uri=uri), GIVEN, FOLDER)


def test_the_names_of_files_are_no_passwords(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "passwords.properties").write_text("client.id=cdc-perf\n")
    filed = with_external(pipeline, kafka_client_file="passwords.properties")
    found = addresses(filed, GIVEN, tmp_path)
    assert found.kafka_client == {"client.id": "cdc-perf"}
    assert client_file(filed, GIVEN, tmp_path) == tmp_path / "passwords.properties"
    assert client_file(pipeline, GIVEN, tmp_path) is None


@pytest.mark.parametrize(
    ("name", "written", "what"),
    [
        ("kafka_client_file", "no.properties", "/pipeline/no.properties does not exist"),
        ("connect_ca", "no.pem", "/pipeline/no.pem does not exist"),
        ("postgres_dsn", "host=a sslrootcert=b.pem", "sslrootcert: /pipeline/b.pem does not exist"),
        ("sink_dsn", "host=a sslkey=b.pem", "sslkey: /pipeline/b.pem does not exist"),
        (
            "mongodb_uri",
            "mongodb://cdc:secret@m/?tlsCAFile=b.pem",
            "tlsCAFile: /pipeline/b.pem does not exist",
        ),
    ],
)
def test_a_file_that_does_not_exist_is_named_with_its_setting(
    pipeline: Pipeline, name: str, written: str, what: str
) -> None:
    with pytest.raises(UsageFailure) as caught:
        addresses(pipeline, {**GIVEN, f"CDC_{name.upper()}": written}, FOLDER)
    assert caught.value.message == f"CDC_{name.upper()}: {what}"
    assert "secret" not in str(caught.value)


def test_a_login_of_mongodb_is_kept_and_not_shown(pipeline: Pipeline) -> None:
    uri = "mongodb://cdc:p%40ss@mongo.test:27017/?authSource=admin&tls=true"
    found = addresses(pipeline, {**GIVEN, "CDC_MONGODB_URI": uri}, FOLDER)
    assert found.mongodb_uri == found.environment()["CDC_MONGODB_URI"] == uri
    # What PyMongo makes of it, without a connection.
    client: MongoClient[dict[str, object]] = MongoClient(uri, connect=False)
    login: Any = client.options.pool_options._credentials  # noqa: SLF001 - has no public name
    client.close()
    assert (login.username, login.password) == ("cdc", "p@ss")
    assert redacted(uri) == "mongodb://***@mongo.test:27017/?authSource=admin&tls=true"


URLS = ("connect_url", "consumer_url", "prometheus_url")


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("http://x.test:8083/", "http://x.test:8083"),
        ("http://x.test:8083//", "http://x.test:8083"),
        ("  http://x.test:8083\t", "http://x.test:8083"),
        ("HTTP://x.test:8083/", "http://x.test:8083"),
        ("https://x.test", "https://x.test"),
        ("https://gateway.test/cdc/", "https://gateway.test/cdc"),
        ("http://[::1]:8083/", "http://[::1]:8083"),
        ("   ", ""),
        ("", ""),
    ],
)
def test_a_url_is_used_in_one_form(pipeline: Pipeline, name: str, written: str, used: str) -> None:
    variable = {**GIVEN, f"CDC_{name.upper()}": written}
    assert getattr(addresses(pipeline, variable, FOLDER), name) == used
    assert (
        getattr(addresses(with_external(pipeline, **{name: written}), GIVEN, FOLDER), name) == used
    )


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize(
    "written",
    [
        "x.test:8083",
        "x.test",
        "ftp://x.test",
        "http:/x.test",
        "http://",
        "http:///connectors",
        "http://:8083",
        "http://x.test:port",
        "http://x.test:99999",
        "http://x.test:0",
        "http://x test:8083",
        "http://x.test/?a=b",
        "http://x.test/#a",
        "http://x.test?",
        "http://[::1:8083",
    ],
)
def test_what_cannot_work_as_a_url_is_refused(pipeline: Pipeline, name: str, written: str) -> None:
    with pytest.raises(UsageFailure):
        addresses(pipeline, {**GIVEN, f"CDC_{name.upper()}": written}, FOLDER)


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("connect_url", "/connectors"),
        ("connect_url", "/cdc/connectors/postgres-cdc-connector/"),
        ("connect_url", "/connector-plugins"),
        ("consumer_url", "/metrics"),
        ("consumer_url", "/readyz"),
        ("prometheus_url", "/api/v1/write"),
        ("prometheus_url", "/graph"),
    ],
)
def test_a_page_of_the_server_is_not_the_server(pipeline: Pipeline, name: str, page: str) -> None:
    with pytest.raises(UsageFailure):
        addresses(pipeline, {**GIVEN, f"CDC_{name.upper()}": f"http://x.test:1234{page}"}, FOLDER)


@pytest.mark.parametrize(
    ("name", "written", "used"),
    [
        ("kafka_bootstrap", " a.test:9092 , b.test:9092,", "a.test:9092,b.test:9092"),
        ("kafka_bootstrap", "a.test:9092/", "a.test:9092"),
        ("kafka_bootstrap", "PLAINTEXT://a.test:9092", "a.test:9092"),
        ("kafka_bootstrap", "[::1]:9092", "[::1]:9092"),
        ("kafka_bootstrap", "a.test", "a.test"),
        ("postgres_dsn", " postgresql://cdc@db.test/cdc/ ", "postgresql://cdc@db.test/cdc"),
        ("postgres_dsn", "host=db.test user=cdc ", "host=db.test user=cdc"),
        (
            "postgres_dsn",
            "postgresql://db.test/cdc?application_name=/a/",
            "postgresql://db.test/cdc?application_name=/a/",
        ),
        ("mongodb_uri", " mongodb://mongo.test:27017/ ", "mongodb://mongo.test:27017/"),
        ("connector_postgres", " db.internal ", "db.internal:5432"),
        ("connector_postgres", "db.internal:6543", "db.internal:6543"),
    ],
)
def test_other_addresses_are_used_in_one_form(
    pipeline: Pipeline, name: str, written: str, used: str
) -> None:
    variable = {**GIVEN, f"CDC_{name.upper()}": written}
    assert getattr(addresses(pipeline, variable, FOLDER), name) == used


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("kafka_bootstrap", "http://a.test:9092"),
        ("kafka_bootstrap", "a.test:9092/topic"),
        ("kafka_bootstrap", "a.test:port"),
        ("kafka_bootstrap", "a.test:70000"),
        ("kafka_bootstrap", "SASL_SSL://a.test:9092"),
        ("kafka_bootstrap", "a.test:9092 b.test:9092"),
        ("mongodb_uri", "mongo.test:27017"),
        ("connector_postgres", "postgresql://db.internal"),
        ("connector_postgres", "db.internal:port"),
    ],
)
def test_other_addresses_that_cannot_work_are_refused(
    pipeline: Pipeline, name: str, written: str
) -> None:
    with pytest.raises(UsageFailure):
        addresses(pipeline, {**GIVEN, f"CDC_{name.upper()}": written}, FOLDER)


@pytest.mark.parametrize("given", [{"CDC_CONNECT_URL": "x"}, {}])
def test_a_refusal_says_where_the_address_comes_from(
    pipeline: Pipeline, given: dict[str, str]
) -> None:
    filed = with_external(pipeline, connect_url="y")
    with pytest.raises(UsageFailure) as caught:
        addresses(filed, {**GIVEN, **given}, FOLDER)
    assert caught.value.message.startswith(
        "CDC_CONNECT_URL:" if given else "pipeline.toml: stacks.external.connect_url:"
    )
