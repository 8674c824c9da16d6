"""The addresses of a running stack."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from cdc_perf.files import NOT_JSON, PRIVATE, readable_json, write_atomically
from cdc_perf.settings.kafka_client import generator_settings
from cdc_perf.settings.pipeline import Pipeline, PostgresSink
from cdc_perf.stack.canary_row import CanaryRow, canary_of, own_canary

# The only account of a Kafka Connect that the harness starts.
CONNECT_USER = "cdc-perf"


class SinkTable(msgspec.Struct, frozen=True, kw_only=True):
    """Where the changes of a table arrive, for the k6 scripts.

    Attributes:
        topic: The topic.
        target: The collection, or the sink's table; empty if the sink is Kafka.
        key: The columns of the key in the source.
        columns: The names of columns in the sink, by name in the source, where they differ.
        ignored: Columns that the pipeline drops or changes on purpose.
    """

    topic: str
    target: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    ignored: tuple[str, ...]


def names_in(pipeline: Pipeline) -> dict[str, Any]:
    """Return the fields of `Endpoints` that are names, not addresses."""
    return {
        "sink": pipeline.sink.__struct_config__.tag,
        "connector": pipeline.connector.name,
        "mongodb_database": pipeline.mongodb.database if pipeline.mongodb else "",
        "slot": pipeline.postgres.slot,
        "canary": canary_of(pipeline),
        "tables": {
            table.table: SinkTable(
                topic=pipeline.topic(table),
                target=table.target,
                key=table.key,
                columns=table.columns,
                ignored=table.not_compared,
            )
            for table in pipeline.captured
        },
    }


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of a stack's components, as stored in `.stack/endpoints.json`.

    Addresses may contain passwords. k6 scripts that are run by hand read that file, so it contains
    them too, and only its owner can read it.

    Attributes:
        stack: The backend that the addresses belong to.
        sink: The kind of sink: `mongodb`, `postgres`, or `kafka`.
        kafka_client: Settings of every Kafka client, with librdkafka's names: TLS and login.
        connect_ca: A file of the certificate authorities of `connect_url` and `consumer_url`;
            empty: the system's.
        mongodb_uri: Empty if the sink is not MongoDB; likewise the name of its database.
        sink_dsn: Empty if the sink is not PostgreSQL.
        consumer_url: Empty if the pipeline has no cdc-consumer, or its address is unknown.
        slot: The name of the replication slot.
        tables: Where the changes of each table arrive, by table.
        canary: The canary row.
        connector_postgres: `host:port` of PostgreSQL as Kafka Connect reaches it; empty if it is
            the same as for the harness.
        connector_password: A reference that Kafka Connect resolves to PostgreSQL's password; empty:
            it gets the password of `postgres_dsn`.
        connector_sink: `host:port` of the sink as Kafka Connect reaches it; empty if it is the same
            as for the harness.
        toxiproxy_url: The API of a Toxiproxy whose proxies have the names of the links; empty if
            there is none.
        prometheus_url: Empty if there is no Prometheus.
        grafana_url: Empty if there is no Grafana.
    """

    stack: str = "local"
    sink: str = "mongodb"
    postgres_dsn: str
    kafka_bootstrap: str
    kafka_client: Mapping[str, str] = {}
    connect_url: str
    connect_ca: str = ""
    connector: str
    mongodb_uri: str = ""
    mongodb_database: str = ""
    sink_dsn: str = ""
    consumer_url: str = ""
    slot: str = ""
    tables: Mapping[str, SinkTable] = {}
    canary: CanaryRow = own_canary()
    prometheus_url: str = ""
    grafana_url: str = ""
    connector_postgres: str = ""
    connector_password: str = ""
    connector_sink: str = ""
    toxiproxy_url: str = ""

    def environment(self) -> dict[str, str]:
        """Return the environment variables that pass the addresses to k6 and the consumer."""
        fields = msgspec.structs.asdict(self)
        fields["kafka_client"] = generator_settings(self.kafka_client)
        found = {
            f"CDC_{name.upper()}": value
            if isinstance(value, str)
            else msgspec.json.encode(value).decode()
            for name, value in fields.items()
        }
        if self.connect_ca:
            # Go reads it in addition to the folders of the system's certificates:
            # https://pkg.go.dev/crypto/x509#SystemCertPool
            found["SSL_CERT_FILE"] = self.connect_ca
        return found

    @classmethod
    def read(cls, path: Path, stack: str) -> "Endpoints | None":
        """Return the content of the file; None if it is missing, invalid, or of another backend."""
        found = cls._in(path)
        return found if found is not None and found.stack == stack else None

    @classmethod
    def stack_in(cls, path: Path) -> str:
        """Return the backend that the file belongs to; empty if unknown."""
        found = cls._in(path)
        return "" if found is None else found.stack

    @classmethod
    def _in(cls, path: Path) -> "Endpoints | None":
        with suppress(FileNotFoundError, *NOT_JSON):
            return msgspec.json.decode(path.read_bytes(), type=cls)
        return None

    def write(self, path: Path) -> None:
        """Write the file."""
        write_atomically(path, readable_json(self), mode=PRIVATE)


def on_loopback(
    stack: str,
    pipeline: Pipeline,
    ports: Mapping[str, int],
    *,
    observed: bool,
    connector_postgres: str = "",
    postgres_password: str = "",
    connector_password: str = "",
    connect_password: str = "",
) -> Endpoints:
    """Return the addresses of a stack whose components listen on 127.0.0.1.

    Args:
        stack: The backend.
        pipeline: Names the databases and the connector.
        ports: Ports by component.
        observed: Whether Prometheus runs beside it, and Grafana if it has a port.
        connector_postgres: As in `Endpoints`.
        postgres_password: Password of the pipeline's role; empty if PostgreSQL requires none.
        connector_password: As in `Endpoints`.
        connect_password: Password of Kafka Connect's account; empty if it requires none.
    """
    at = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    postgres = pipeline.postgres
    connect = f"{CONNECT_USER}:{quote(connect_password, safe='')}@" if connect_password else ""
    account = quote(postgres.user, safe="")
    if postgres_password:
        account += f":{quote(postgres_password, safe='')}"
    server = f"postgresql://{account}@{at['postgres']}"
    sink = pipeline.sink if isinstance(pipeline.sink, PostgresSink) else None
    return Endpoints(
        stack=stack,
        **names_in(pipeline),
        postgres_dsn=f"{server}/{quote(postgres.database, safe='')}",
        kafka_bootstrap=at["kafka"],
        connect_url=f"http://{connect}{at['connect']}",
        mongodb_uri=f"mongodb://{at['mongodb']}" if pipeline.mongodb else "",
        sink_dsn=f"{server}/{quote(sink.database, safe='')}" if sink else "",
        consumer_url=f"http://{at['consumer']}" if pipeline.consumer else "",
        prometheus_url=f"http://{at['prometheus']}" if observed else "",
        grafana_url=f"http://{at['grafana']}" if observed and "grafana" in at else "",
        connector_postgres=connector_postgres,
        connector_password=connector_password,
    )
