"""An external pipeline whose servers require TLS and a login.

PostgreSQL 15 with a role that is not a superuser, Kafka with SASL_SSL, and Kafka Connect with
https and basic authentication. Connect reaches Kafka without TLS, on another listener.
"""

import os
import pwd
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import msgspec
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cdc_perf import process
from cdc_perf.ports import free_port
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import connector, kafka_client, readiness, source, topics
from cdc_perf.stack.connect_api import ConnectApi, Rebalancing, Unreachable
from cdc_perf.stack.endpoints import CONNECT_USER, Endpoints
from cdc_perf.stack.external.addresses import addresses
from cdc_perf.stack.local import consumer, jvm, mongodb, ports
from cdc_perf.stack.local.embedded import EmbeddedTools
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.passwords import Passwords
from cdc_perf.stack.local.program import Program
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.install import install_all
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.postgres_15 import postgres
from tests.integration.secured.certificates import (
    HOST,
    STORE_PASSWORD,
    Certificates,
    make_certificates,
)
from tests.integration.secured.tls_proxy import tls_proxy

# One word in every password: no output may have it.
SECRET = "hunter2"  # noqa: S105 - a planted secret
ROLE, ROLE_PASSWORD = "capture", f"pg-{SECRET}"
KAFKA_USER, KAFKA_PASSWORD = "load", f"kafka-{SECRET}"
CONNECT_PASSWORD = f"connect-{SECRET}"
_READY_SECONDS = 90.0
_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


@dataclass(frozen=True)
class Servers:
    """The servers, and how a client reaches them.

    Attributes:
        superuser: The address of PostgreSQL's superuser, without TLS, for preparations.
        certificates: The certificates of all of them.
        postgres_port: The port of PostgreSQL; the others are those of SASL_SSL and https.
        mongodb_port: The port of MongoDB with TLS, and without a login: the stand-in has none.
        mongodb_uri: The same server without TLS.
        plaintext: Kafka's other listener.
    """

    superuser: str
    certificates: Certificates
    postgres_port: int
    kafka_port: int
    connect_port: int
    mongodb_port: int
    mongodb_uri: str
    plaintext: str

    def dsn(self, database: str = "cdc", **parameters: str) -> str:
        """Return the address for the role, with the password unless a parameter replaces it."""
        given: dict[str, str] = {
            "host": HOST,
            "port": str(self.postgres_port),
            "user": ROLE,
            "password": ROLE_PASSWORD,
            "dbname": database,
            "sslmode": "verify-full",
            "sslrootcert": str(self.certificates.authority),
            **parameters,
        }
        return make_conninfo("", **{name: value for name, value in given.items() if value})

    def connect_url(self, password: str = CONNECT_PASSWORD, host: str = HOST) -> str:
        """Return the address of Kafka Connect with its login."""
        return f"https://{CONNECT_USER}:{quote(password)}@{host}:{self.connect_port}"

    def client_file(self, folder: Path, **changes: str) -> Path:
        """Write a file with the settings of Kafka clients; an empty value removes a setting."""
        client = {
            "sasl.username": KAFKA_USER,
            "sasl.password": KAFKA_PASSWORD,
            "ssl.ca.location": str(self.certificates.authority),
            **{name.replace("_", "."): value for name, value in changes.items()},
        }
        path = folder / "kafka.properties"
        lines = [f"{name}={value}" for name, value in client.items() if value]
        path.write_text("\n".join(["# settings of a test", *lines, ""]), encoding="utf-8")
        return path


@dataclass(frozen=True)
class Measured:
    """A pipeline on the servers.

    Attributes:
        servers: The servers.
        checkout: The tool, and the folder of the pipeline.
        environment: The addresses.
    """

    servers: Servers
    checkout: Checkout
    environment: Mapping[str, str]

    @property
    def pipeline(self) -> Pipeline:
        return load_pipeline(self.checkout)

    @property
    def endpoints(self) -> Endpoints:
        return addresses(self.pipeline, self.environment, self.checkout.pipeline)


@contextmanager
def secured(folder: Path, checkout: Checkout) -> Iterator[Servers]:
    """Run the servers."""
    certificates = make_certificates(folder / "certificates")
    chosen, sasl_port = ports.choose({}), free_port()
    with ExitStack() as stack:
        superuser = stack.enter_context(postgres(folder / "postgres"))
        _require_tls(superuser, folder / "postgres" / "data", certificates)
        layout = Layout(folder / "stack")
        layout.make()
        kafka, connect, server = _programs(checkout, layout, chosen, sasl_port, certificates)
        plaintext = f"127.0.0.1:{chosen.kafka}"
        stack.enter_context(_running(server, layout))
        stack.enter_context(_running(kafka, layout))
        _wait("Kafka", lambda: kafka_client.cluster_id(plaintext, {}))
        stack.enter_context(_running(connect, layout))
        found = Servers(
            superuser=superuser,
            certificates=certificates,
            postgres_port=int(str(conninfo_to_dict(superuser)["port"])),
            kafka_port=sasl_port,
            connect_port=chosen.connect,
            mongodb_port=stack.enter_context(tls_proxy(certificates, chosen.mongodb)),
            mongodb_uri=f"mongodb://127.0.0.1:{chosen.mongodb}",
            plaintext=plaintext,
        )
        api = ConnectApi(found.connect_url(), ca=str(certificates.authority))

        def answers() -> None:
            try:
                api.version()
            except (Unreachable, Rebalancing) as reason:
                raise NotReady(str(reason)) from None

        _wait("Kafka Connect", answers)
        yield found


def _wait(what: str, probe: Callable[[], object]) -> None:
    wait_until(probe, what=what, deadline_seconds=_READY_SECONDS, interval_seconds=0.5)


def _require_tls(superuser: str, data: Path, certificates: Certificates) -> None:
    for path in (certificates.certificate, certificates.key):
        copied = data / path.name
        shutil.copy(path, copied)
        copied.chmod(0o600)
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            os.chown(copied, user.pw_uid, user.pw_gid)
    (data / "pg_hba.conf").write_text(
        "host all cdc 127.0.0.1/32 trust\n"
        f"hostssl all {ROLE} 127.0.0.1/32 scram-sha-256\n"
        f"hostssl replication {ROLE} 127.0.0.1/32 scram-sha-256\n",
        encoding="utf-8",
    )
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET ssl_cert_file = 'server.pem'")
        connection.execute("ALTER SYSTEM SET ssl_key_file = 'server.key'")
        connection.execute("ALTER SYSTEM SET ssl = on")
        connection.execute("SELECT pg_reload_conf()")
        create = sql.SQL("CREATE ROLE {} LOGIN REPLICATION PASSWORD {}")
        connection.execute(create.format(sql.Identifier(ROLE), sql.Literal(ROLE_PASSWORD)))


def _programs(
    checkout: Checkout,
    layout: Layout,
    chosen: ports.Ports,
    sasl_port: int,
    certificates: Certificates,
) -> tuple[Program, Program, Program]:
    cache = Cache.of_environment()
    tools = EmbeddedTools.of(checkout, load_pipeline(checkout), cache)
    programs = tools.programs
    install_all(cache, tools.all)
    java = jvm.Java(
        home=cache.path(programs.java),
        jars=cache.path(programs.kafka),
        caches=cache.path(tools.jvm_caches),
    )
    passwords = Passwords(connect=CONNECT_PASSWORD)
    jvm.write_settings(layout, chosen, passwords)
    jvm.copy_storage(cache.path(tools.storage), layout, jvm.new_cluster_id())
    store = {
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": str(certificates.store),
        "ssl.keystore.password": STORE_PASSWORD,
        "ssl.key.password": STORE_PASSWORD,
    }
    sasl = "listener.name.sasl_ssl."
    controller = f"CONTROLLER://127.0.0.1:{chosen.kafka_controller}"
    _change(
        layout.settings / "kafka.properties",
        {
            "listeners": f"PLAINTEXT://127.0.0.1:{chosen.kafka},{controller}"
            f",SASL_SSL://127.0.0.1:{sasl_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{chosen.kafka}"
            f",SASL_SSL://{HOST}:{sasl_port}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"
            ",SASL_SSL:SASL_SSL",
            "sasl.enabled.mechanisms": "PLAIN",
            f"{sasl}plain.sasl.jaas.config": f"{_LOGIN} required "
            f'user_{KAFKA_USER}="{KAFKA_PASSWORD}";',
            **{f"{sasl}{name}": value for name, value in store.items()},
        },
    )
    _change(
        layout.settings / "connect.properties",
        {
            "listeners": f"https://127.0.0.1:{chosen.connect}",
            "rest.advertised.listener": "https",
            **{f"listeners.https.{name}": value for name, value in store.items()},
        },
    )
    kafka, connect = jvm.programs(layout, java, passwords)
    server = mongodb.find_server("", "")
    found = mongodb.program(layout, server, cache.path(programs.mongodb), chosen.mongodb)
    return kafka, connect, found


def _change(path: Path, settings: Mapping[str, str]) -> None:
    """Add settings; of two lines with one name, Java takes the last."""
    with path.open("a", encoding="utf-8") as stream:
        stream.writelines(f"{name}={value}\n" for name, value in settings.items())


@contextmanager
def _running(program: Program, layout: Layout) -> Iterator[None]:
    running = process.start(
        program.argv, cwd=layout.root, env=program.environment, output=layout.log(program.name)
    )
    try:
        yield
    finally:
        running.kill_group()
        running.wait()


@contextmanager
def consuming(pipe: Measured, folder: Path) -> Iterator[str]:
    """Run cdc-consumer, and yield its address."""
    layout, port = Layout(folder / "stack"), free_port()
    layout.make()
    servers = pipe.servers
    plain = msgspec.structs.replace(
        pipe.endpoints, kafka_bootstrap=servers.plaintext, mongodb_uri=servers.mongodb_uri
    )
    program = consumer.program(pipe.checkout.root, pipe.checkout.pipeline_file, plain, port)
    url = f"http://127.0.0.1:{port}"
    found = msgspec.structs.replace(plain, consumer_url=url)
    with _running(program, layout):
        _wait("cdc-consumer", lambda: readiness.consumer_ready(found))
        yield url


def measured(
    servers: Servers, checkout: Checkout, names: Mapping[str, str] = MappingProxyType({})
) -> Measured:
    """Copy the pipeline `checkout.pipeline`, make its tables and topics, and deploy its connector.

    Args:
        servers: The servers.
        checkout: The tool, and the folder to copy the pipeline to, whose parent exists.
        names: Texts of pipeline.toml to replace, by text: two pipelines share the servers.
    """
    folder = checkout.pipeline
    text = checkout.pipeline_file.read_text(encoding="utf-8")
    for old, new in names.items():
        assert old in text
        text = text.replace(old, new)
    text += "\n[kafka.client_properties]\n"
    text += '"security.protocol" = "SASL_SSL"\n"sasl.mechanism" = "PLAIN"\n'
    checkout.pipeline_file.write_text(text, encoding="utf-8")
    passfile = folder / "pgpass"
    passfile.write_text(f"*:*:*:{ROLE}:{ROLE_PASSWORD}\n", encoding="utf-8")
    passfile.chmod(0o600)
    servers.client_file(folder)
    shutil.copy(servers.certificates.authority, folder / "ca.pem")
    database = load_pipeline(checkout).postgres.database
    environment = {
        # Files are found in the folder of the pipeline.
        "CDC_POSTGRES_DSN": servers.dsn(
            database, password="", passfile="pgpass", sslrootcert="ca.pem"
        ),
        "CDC_KAFKA_BOOTSTRAP": f"{HOST}:{servers.kafka_port}",
        "CDC_KAFKA_CLIENT_FILE": "kafka.properties",
        "CDC_CONNECT_URL": servers.connect_url(),
        "CDC_CONNECT_CA": "ca.pem",
        "CDC_MONGODB_URI": f"mongodb://{HOST}:{servers.mongodb_port}/?tls=true&tlsCAFile=ca.pem",
    }
    found = Measured(servers, checkout, environment)
    pipeline, endpoints = found.pipeline, found.endpoints
    source.create_database(servers.superuser, database)
    owner = make_conninfo(servers.superuser, dbname=database)
    source.prepare(owner, pipeline, folder)
    with psycopg.connect(owner, autocommit=True) as connection:
        grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "
        connection.execute(sql.SQL(grant) + sql.Identifier(ROLE))
    topics.create(endpoints.kafka_bootstrap, pipeline, endpoints.kafka_client)
    # Connect does not see the file of the harness.
    with_password = {**environment, "CDC_POSTGRES_DSN": servers.dsn(database)}
    connector.deploy(pipeline, addresses(pipeline, with_password, folder))
    return found
