"""A pipeline that others run, seen from here: Debian's PostgreSQL 15 in front of an embedded stack.

PostgreSQL 15 is started by hand; Kafka, Kafka Connect, MongoDB and the consumer are those of an
embedded stack, whose own connector is deleted. A second checkout has their addresses alone.
"""

import os
import pwd
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from cdc_perf import process
from cdc_perf.ports import free_port
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import connector, source
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import wait_until
from tests.integration.conftest import copy_checkout
from tests.integration.integrity_stack import Planted, planted
from tests.integration.inv import Inv

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
CONNECTOR = "postgres-15-connector"


@dataclass(frozen=True)
class External:
    """The pipeline, and a checkout that measures it.

    Attributes:
        local: The embedded stack behind it.
        dsn: Of PostgreSQL 15.
        inv: The command in the checkout that has addresses alone.
        environment: The addresses.
    """

    local: Planted
    dsn: str
    inv: Inv
    environment: Mapping[str, str]

    @property
    def pipeline(self) -> Pipeline:
        return load_pipeline(self.inv.checkout)

    def execute(self, statement: str, values: Sequence[object] | None = None) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(statement.encode(), values)

    def __call__(self, *words: str) -> process.Completed:
        return self.inv(*words, "--stack", "external", env=self.environment)


@contextmanager
def external(folder: Path, schema: str, tables: str) -> Iterator[External]:
    """Start both, with further tables.

    Args:
        folder: Where the checkouts are.
        schema: The statements that make the tables.
        tables: Their sections of pipeline.toml, and the header of [connector].
    """
    with (
        planted(folder / "local", schema, tables) as local,
        postgres(folder / "postgres") as server,
    ):
        connector.delete(local.pipeline, local.endpoints)
        checkout = copy_checkout_of(local.checkout, folder / "external")
        name = local.pipeline.postgres.database
        source.create_database(server, name)
        dsn = make_conninfo(server, dbname=name)
        # Whoever runs that pipeline has made its tables and its publication.
        pipeline = load_pipeline(checkout)
        source.prepare(dsn, pipeline, checkout.pipeline)
        inv = Inv(checkout)
        yield External(local, dsn, inv, addresses(local.endpoints, dsn))


def addresses(endpoints: Endpoints, dsn: str) -> dict[str, str]:
    return {
        "CDC_POSTGRES_DSN": dsn,
        "CDC_KAFKA_BOOTSTRAP": endpoints.kafka_bootstrap,
        "CDC_CONNECT_URL": endpoints.connect_url,
        "CDC_MONGODB_URI": endpoints.mongodb_uri,
        "CDC_CONSUMER_URL": endpoints.consumer_url,
    }


def copy_checkout_of(checkout: Checkout, target: Path) -> Checkout:
    """Copy the checkout, with the pipeline of another one, and a connector of its own name.

    Kafka Connect keeps a connector's position by its name: under the old one it would look for a
    place in the log of another database.
    """
    copied = copy_checkout(target)
    shutil.copy(checkout.pipeline / "schema.sql", copied.pipeline / "schema.sql")
    text = checkout.pipeline_file.read_text(encoding="utf-8")
    text = text.replace("postgres-cdc-connector", CONNECTOR)
    copied.pipeline_file.write_text(text, encoding="utf-8")
    return copied


@contextmanager
def postgres(
    folder: Path, programs: Path = PROGRAMS, more: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run PostgreSQL, and yield the address of its superuser.

    Args:
        folder: Where its data and its log are.
        programs: The folder of its programs; PostgreSQL 15 unless given.
        more: Further settings of the server.
    """
    data, port = folder / "data", free_port()
    data.mkdir(parents=True)
    uid = None
    if os.geteuid() == 0:
        # It refuses to run as root.
        user = pwd.getpwnam("nobody")
        uid = user.pw_uid
        os.chown(data, user.pw_uid, user.pw_gid)
        for above in (folder, *folder.parents):
            if above.stat().st_uid == 0 and above != Path("/"):
                above.chmod(above.stat().st_mode | 0o011)
    process.run(
        [
            *(programs / "initdb", "--pgdata", data, "--auth", "trust", "--username", "cdc"),
            *("--no-sync", "--locale", "C.UTF-8", "--encoding", "UTF8"),
        ],
        cwd=folder,
        uid=uid,
    )
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "wal_level": "logical",
        "max_connections": "300",
        "fsync": "off",
        **(more or {}),
    }
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    running = process.start(
        [programs / "postgres", "-D", data, *words], cwd=folder, uid=uid, output=folder / "log"
    )
    dsn = make_conninfo(host="127.0.0.1", port=port, user="cdc", dbname="postgres")

    def answers() -> None:
        with source.connect(dsn):
            pass

    try:
        wait_until(answers, what="PostgreSQL", deadline_seconds=30)
        yield dsn
    finally:
        running.kill_group()
        running.wait()
