"""TLS and logins on every endpoint: a run, each client of the harness, and each bad input."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cdc_perf import process
from cdc_perf.integrity.topic import Topics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import kafka_client
from cdc_perf.stack.connect_api import ConnectApi
from cdc_perf.stack.lag import ConsumerLag
from cdc_perf.stack.sinks.kafka import KafkaTarget
from cdc_perf.stack.sinks.postgres import PostgresTarget
from cdc_perf.waiting import NotReady
from tests.integration.conftest import ROOT
from tests.integration.inv import Inv
from tests.integration.postgres_15 import PROGRAMS
from tests.integration.secured.certificates import HOST
from tests.integration.secured.servers import (
    CONNECT_PASSWORD,
    SECRET,
    Measured,
    Servers,
    consuming,
    measured,
    secured,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PROGRAMS.is_dir(), reason="needs PostgreSQL 15 (Debian's postgresql-15)"
    ),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl"),
]
# A wrong setting is found without waiting for a timeout. A command itself takes seconds here.
QUICK_SECONDS = 30


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("secured")
    with secured(folder, Checkout.at(ROOT, {})) as found:
        yield found


def folder_of(name: str, target: Path) -> Checkout:
    left_out = shutil.ignore_patterns("results", ".stack")
    shutil.copytree(ROOT / "pipelines", target, ignore=left_out)
    return Checkout.at(ROOT, {"CDC_PIPELINE": str(target / name)})


@pytest.fixture(scope="module")
def followed(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """A pipeline without a consumer: k6 itself reads the topics."""
    target = tmp_path_factory.mktemp("followed") / "pipelines"
    return measured(servers, folder_of("kafka-only", target))


@pytest.fixture(scope="module")
def consumed(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """A pipeline with cdc-consumer, which reads Kafka's other listener, and another database."""
    folder = tmp_path_factory.mktemp("consumed")
    names = {
        'database = "cdc"\nuser': 'database = "consumed"\nuser',
        '"cdc_slot"': '"consumed_slot"',
        '"cdc_publication"': '"consumed_publication"',
        'topic_prefix = "cdc"': 'topic_prefix = "consumed"',
        '"postgres-cdc-connector"': '"consumed-connector"',
    }
    found = measured(servers, folder_of("sample", folder / "pipelines"), names)
    with consuming(found, folder) as url:
        environment = {**found.environment, "CDC_CONSUMER_URL": url}
        yield replace(found, environment=environment)


@pytest.fixture
def inv(followed: Measured) -> Inv:
    return Inv(followed.checkout)


def run(inv: Inv, measured: Measured, *words: str, **changes: str) -> tuple[int, str]:
    """Run a command with the addresses, and check that it shows no password."""
    environment = {
        **measured.environment,
        **changes,
        "CDC_PIPELINE": str(measured.checkout.pipeline),
    }
    completed = inv(*words, "--stack", "external", "--yes", env=environment)
    assert SECRET not in completed.output
    return completed.exit_code, completed.output


def test_every_client_of_the_harness_reads(followed: Measured) -> None:
    pipeline, endpoints = followed.pipeline, followed.endpoints
    bootstrap, client = endpoints.kafka_bootstrap, endpoints.kafka_client
    assert kafka_client.cluster_id(bootstrap, client) == kafka_client.cluster_id(
        followed.servers.plaintext, {}
    )
    topics = {pipeline.topic(table) for table in pipeline.tables}
    assert {name for name, _ in Topics(bootstrap, pipeline, client).ends()} == topics
    assert Topics(bootstrap, pipeline, client).compacted(min(topics)) is False
    assert KafkaTarget(bootstrap, pipeline, client).server() == "Kafka"
    kafka = msgspec.structs.replace(pipeline.kafka, consumer_group="nobody")
    grouped = msgspec.structs.replace(pipeline, kafka=kafka)
    with closing(ConsumerLag(bootstrap, grouped, client)) as lag:
        assert lag.read() >= 0
    assert PostgresTarget(endpoints.postgres_dsn).server().startswith("PostgreSQL 15")
    assert ConnectApi.of(endpoints).status(pipeline.connector.name) is not None
    config = ConnectApi.of(endpoints).config(pipeline.connector.name) or {}
    assert config["database.sslmode"] == "require"


def test_without_its_settings_no_client_gets_in(followed: Measured) -> None:
    with pytest.raises(NotReady, match=r"expects another security\.protocol"):
        kafka_client.cluster_id(followed.endpoints.kafka_bootstrap, {})


def test_a_canary_row_goes_through(inv: Inv, followed: Measured, tmp_path: Path) -> None:
    given = client(socket_keepalive_enable="true")(followed, tmp_path)
    code, output = run(inv, followed, "up", **given)
    assert code == 0, output
    assert "k6 reads the topics without socket.keepalive.enable" in output
    assert "a canary row went through every hop" in output
    assert "connect answers (Kafka Connect" in output


@pytest.mark.parametrize(
    ("name", "hop"), [("followed", "Kafka to sink"), ("consumed", "consumer to MongoDB")]
)
def test_a_run_passes_with_hops_and_integrity(
    request: pytest.FixtureRequest, name: str, hop: str
) -> None:
    pipe: Measured = request.getfixturevalue(name)
    words = ("perf", "--scenarios", "baseline", "--duration", "24s")
    code, output = run(Inv(pipe.checkout), pipe, *words)
    assert "health-check: PASS" in output, output
    assert "no data lost" in output, output
    assert hop in output, output
    # On a busy machine the load generator may be late, which is INVALID.
    assert code == 0 or "the load generator was starved" in output, output
    for path in pipe.checkout.results.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


Change = Callable[[Measured, Path], dict[str, str]]


def client(**changes: str) -> Change:
    def change(measured: Measured, folder: Path) -> dict[str, str]:
        filled = {
            name: value.format(stranger=measured.servers.certificates.stranger)
            for name, value in changes.items()
        }
        return {"CDC_KAFKA_CLIENT_FILE": str(measured.servers.client_file(folder, **filled))}

    return change


def dsn(**changes: str) -> Change:
    def change(measured: Measured, _: Path) -> dict[str, str]:
        stranger = str(measured.servers.certificates.stranger)
        filled = {name: value.format(stranger=stranger) for name, value in changes.items()}
        return {"CDC_POSTGRES_DSN": measured.servers.dsn(**filled)}

    return change


def connect(password: str = CONNECT_PASSWORD, host: str = HOST) -> Change:
    return lambda measured, _: {"CDC_CONNECT_URL": measured.servers.connect_url(password, host)}


def kafka_at(host: str) -> Change:
    return lambda measured, _: {"CDC_KAFKA_BOOTSTRAP": f"{host}:{measured.servers.kafka_port}"}


WRONG: dict[str, tuple[Change, int, str]] = {
    "postgres: wrong password": (
        dsn(password=f"wrong-{SECRET}"),
        3,
        'postgres: .*password authentication failed for user "capture"',
    ),
    "postgres: unknown authority": (
        dsn(sslrootcert="{stranger}"),
        3,
        "postgres: .*certificate verify failed",
    ),
    "postgres: another host": (
        dsn(host="127.0.0.1"),
        3,
        'postgres: .*certificate for "localhost".* does not match host name "127.0.0.1"',
    ),
    "postgres: no TLS": (dsn(sslmode="disable"), 3, "postgres: .*no encryption"),
    "postgres: no such file": (
        dsn(sslrootcert="/no/ca.pem"),
        2,
        "CDC_POSTGRES_DSN: sslrootcert: /no/ca.pem does not exist",
    ),
    "kafka: wrong password": (
        client(sasl_password=f"wrong-{SECRET}"),
        3,
        "kafka: .*Authentication failed",
    ),
    "kafka: unknown authority": (
        client(ssl_ca_location="{stranger}"),
        3,
        "kafka: .*SSL handshake failed.*certificate verify failed",
    ),
    "kafka: another host": (
        kafka_at("127.0.0.1"),
        3,
        "kafka: .*certificate verify failed",
    ),
    "kafka: no TLS": (
        client(security_protocol="SASL_PLAINTEXT"),
        3,
        r"kafka: .*expects another security\.protocol",
    ),
    "kafka: unknown setting": (
        client(sasl_pasword=SECRET),
        2,
        r"kafka\.properties: sasl\.pasword: No such configuration property",
    ),
    "kafka: wrong value": (
        client(security_protocol=SECRET),
        2,
        r"kafka\.properties: security\.protocol: librdkafka does not accept the value",
    ),
    "kafka: no such file": (
        lambda *_: {"CDC_KAFKA_CLIENT_FILE": "/no/kafka.properties"},
        2,
        r"CDC_KAFKA_CLIENT_FILE: /no/kafka\.properties does not exist",
    ),
    "connect: wrong password": (
        connect(password=f"wrong-{SECRET}"),
        3,
        r"connect: https://\*\*\*@localhost:\d+ refuses the login \(401",
    ),
    "connect: unknown authority": (
        lambda measured, _: {"CDC_CONNECT_CA": str(measured.servers.certificates.stranger)},
        3,
        r"connect: .*TLS: certificate verify failed",
    ),
    "connect: another host": (
        connect(host="127.0.0.1"),
        3,
        r"connect: .*certificate verify failed: IP address mismatch",
    ),
}


WRONG_MONGODB: dict[str, tuple[str, int, str]] = {
    "unknown authority": (
        "localhost:{port}/?tls=true&tlsCAFile={stranger}",
        3,
        "mongodb: .*certificate verify failed: unable to get local issuer certificate$",
    ),
    "another host": (
        "127.0.0.1:{port}/?tls=true&tlsCAFile=ca.pem",
        3,
        "mongodb: .*certificate verify failed: IP address mismatch",
    ),
    "no such file": (
        "localhost:{port}/?tls=true&tlsCAFile=no.pem",
        2,
        r"CDC_MONGODB_URI: tlsCAFile: .*/no\.pem does not exist",
    ),
    "no key": (
        "localhost:{port}/?tls=true&tlsCertificateKeyFile=ca.pem",
        3,
        "mongodb: ConfigurationError: Private key doesn't match certificate",
    ),
}


@pytest.mark.parametrize(("uri", "code", "line"), WRONG_MONGODB.values(), ids=WRONG_MONGODB.keys())
def test_bad_input_of_mongodb_is_one_line(
    consumed: Measured, uri: str, code: int, line: str
) -> None:
    servers = consumed.servers
    address = uri.format(port=servers.mongodb_port, stranger=servers.certificates.stranger)
    given = {"CDC_MONGODB_URI": f"mongodb://{address}"}
    found, output = run(Inv(consumed.checkout), consumed, "up", **given)
    assert found == code, output
    assert re.search(line, output, re.MULTILINE), output
    assert "Traceback" not in output


@pytest.mark.parametrize(("change", "code", "line"), WRONG.values(), ids=WRONG.keys())
def test_bad_input_is_one_line(
    inv: Inv, followed: Measured, tmp_path: Path, change: Change, code: int, line: str
) -> None:
    began = time.monotonic()
    found, output = run(inv, followed, "up", **change(followed, tmp_path))
    seconds = time.monotonic() - began
    assert found == code, output
    # The reason and the remedy are the last lines; nothing was sent.
    assert re.search(line, output), output
    assert "Traceback" not in output
    assert "canary" not in output
    assert seconds < QUICK_SECONDS


def test_no_load_starts_with_a_wrong_password(inv: Inv, followed: Measured, tmp_path: Path) -> None:
    before = inv.runs()
    given = client(sasl_password=f"wrong-{SECRET}")(followed, tmp_path)
    code, output = run(inv, followed, "perf", "--scenarios", "baseline", **given)
    assert code == 3, output
    assert "kafka: localhost:" in output
    assert "Authentication failed" in output
    assert inv.runs() == before


def test_a_file_with_secrets_in_git_is_reported(followed: Measured, inv: Inv) -> None:
    folder = followed.checkout.pipeline
    try:
        for words in (("init", "--quiet"), ("add", "kafka.properties")):
            process.run(["git", "-C", folder, *words])
        code, output = run(inv, followed, "up")
        assert code == 0, output
        assert f"git tracks {folder / 'kafka.properties'}, which may contain secrets" in output
    finally:
        shutil.rmtree(folder / ".git", ignore_errors=True)
    _, output = run(inv, followed, "up")
    assert "git tracks" not in output


def test_a_pipeline_with_secrets_in_its_file_is_refused(followed: Measured, inv: Inv) -> None:
    file = followed.checkout.pipeline_file
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(f'{before}"sasl.password" = "{SECRET}"\n', encoding="utf-8")
        code, output = run(inv, followed, "up")
    finally:
        file.write_text(before, encoding="utf-8")
    assert code == 2
    assert "pipeline.toml: kafka.client_properties.sasl.password: is a secret" in output
    assert load_pipeline(followed.checkout).kafka.client_properties
