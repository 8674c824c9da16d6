"""The pipeline under test, as pipeline.toml describes it."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from cdc_perf.settings.table_name import TableName

Text = Annotated[str, msgspec.Meta(min_length=1)]
# PostgreSQL: lowercase letters, digits, and underscores, at most 63 (NAMEDATALEN - 1).
SlotName = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9_]{1,63}\Z")]
TopicName = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._-]{1,249}\Z")]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section; unknown settings are errors."""


class Postgres(_Section, frozen=True):
    """The source: database, user, schema file (relative to the folder), publication, slot."""

    database: Text
    user: Text
    schema: Text
    publication: Text
    slot: SlotName


class Kafka(_Section, frozen=True):
    """The topics, and who reads them.

    Attributes:
        topic_prefix: The prefix of the tables' topics.
        partitions: The number of partitions of topics that the harness creates.
        consumer_group: The group that reads the topics; empty: that of the sink connector, if there
            is one.
        dead_letter_topic: The topic of records that could not be applied; empty if there is none.
        client_properties: Settings of every Kafka client on an external stack, with librdkafka's
            names, without secrets.
    """

    topic_prefix: TopicName
    partitions: Annotated[int, msgspec.Meta(ge=1)]
    consumer_group: str = ""
    dead_letter_topic: TopicName | Literal[""] = ""
    client_properties: Mapping[Text, str] = {}


class MongodbSink(_Section, frozen=True, tag_field="type", tag="mongodb"):
    """Changes arrive in the collections of a MongoDB database."""

    database: Text


class PostgresSink(_Section, frozen=True, tag_field="type", tag="postgres"):
    """Changes arrive in the tables of a PostgreSQL database.

    Attributes:
        database: The database.
        schema: The file that creates its tables in a stack that the harness starts, relative to the
            folder. There, the database is on the source's server and has the same owner.
    """

    database: Text
    schema: Text


class KafkaSink(_Section, frozen=True, tag_field="type", tag="kafka"):
    """Nothing reads the topics: a change has arrived when it can be read from its topic."""


Sink = MongodbSink | PostgresSink | KafkaSink


class Consumer(_Section, frozen=True):
    """Settings of cdc-consumer, which reads them itself; typed here to detect mistakes early."""

    max_batch_size: Annotated[int, msgspec.Meta(ge=1)]
    retry_seconds: Annotated[float, msgspec.Meta(gt=0, le=43_000)]
    delete_marker_ttl_hours: Annotated[int, msgspec.Meta(ge=1)]


class Table(_Section, frozen=True):
    """A table, its key columns, and where its changes arrive.

    Attributes:
        table: The table, `schema.table`.
        key: The columns of its primary key.
        target: The collection, or the sink's `schema.table`; empty if the sink is Kafka.
        columns: The names of columns in the sink, by name in the source, where they differ.
        not_compared: Columns that the pipeline drops or changes on purpose.
    """

    table: Text
    key: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    target: str = ""
    columns: Mapping[Text, Text] = {}
    not_compared: tuple[Text, ...] = ()

    def in_sink(self, column: str) -> str:
        """Return the name that a column of the source has in the sink."""
        return self.columns.get(column, column)

    @property
    def name(self) -> TableName:
        """The parts of the table's name, which `load_pipeline` has validated."""
        return TableName.parse(self.table)


CANARY_TABLE = "public.cdc_perf_canary"
# Its key and its columns are fixed: `canary_row.CREATE`.
OWN_CANARY = Table(CANARY_TABLE, ("id",))


class Canary(_Section, frozen=True):
    """The row that must pass every hop before a stack counts as ready."""

    table: str
    values: Annotated[dict[str, str | int | float | bool], msgspec.Meta(min_length=1)]


class Connector(_Section, frozen=True):
    """The connector's name and the freely chosen part of its configuration."""

    name: Text
    config: dict[str, str]


class ConnectPlugin(_Section, frozen=True):
    """A connector that Kafka Connect loads in addition to Debezium's PostgreSQL connector.

    Attributes:
        name: The name of its folder on `plugin.path`.
        jars: The lock file of its jars, relative to the folder.
        sink_connectors: Classes of sink connectors that the jars contain but do not declare for the
            service loader (META-INF/services).
    """

    name: Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9.-]*\Z")]
    jars: Text
    sink_connectors: tuple[Text, ...] = ()


class Connect(_Section, frozen=True):
    """The worker of Kafka Connect in a stack that the harness starts."""

    plugins: tuple[ConnectPlugin, ...] = ()


class PortSettings(_Section, frozen=True):
    """The ports of the embedded stack; None: use any free port."""

    postgres: Port | None = None
    kafka: Port | None = None
    kafka_controller: Port | None = None
    connect: Port | None = None
    mongodb: Port | None = None
    consumer: Port | None = None
    prometheus: Port | None = None
    kafka_jmx: Port | None = None
    connect_jmx: Port | None = None


class LocalStackSettings(_Section, frozen=True):
    """The embedded stack: fixed ports, and the path of a `mongod` (relative to the folder)."""

    ports: PortSettings = PortSettings()
    mongod: Text | None = None


class ExternalStackSettings(_Section, frozen=True):
    """The addresses of an external pipeline; empty if not given. No secrets: this is a file.

    Attributes:
        postgres_dsn: The source, as a libpq connection string.
        kafka_bootstrap: The broker.
        kafka_client_file: A file of further settings of Kafka clients, with secrets; it is not
            committed. A relative path, here and in the addresses, is resolved against the folder.
        connect_url: Kafka Connect.
        connect_ca: A file (PEM) of the certificate authorities that sign the certificates of Kafka
            Connect and of the consumer, if their addresses are https; empty: the system's.
        mongodb_uri: The sink, if it is MongoDB.
        sink_dsn: The sink, if it is PostgreSQL, as a libpq connection string.
        consumer_url: cdc-consumer.
        connector_postgres: `host:port` of PostgreSQL as Kafka Connect reaches it, if different.
        prometheus_url: A Prometheus that accepts remote write, to watch the load.
        toxiproxy_url: The API of a Toxiproxy whose proxies have the names of the links, for network
            faults.
    """

    postgres_dsn: str = ""
    kafka_bootstrap: str = ""
    kafka_client_file: str = ""
    connect_url: str = ""
    connect_ca: str = ""
    mongodb_uri: str = ""
    sink_dsn: str = ""
    consumer_url: str = ""
    connector_postgres: str = ""
    prometheus_url: str = ""
    toxiproxy_url: str = ""


class Stacks(_Section, frozen=True):
    """The settings of each backend."""

    local: LocalStackSettings = LocalStackSettings()
    external: ExternalStackSettings = ExternalStackSettings()


class Pipeline(_Section, frozen=True):
    """The content of pipeline.toml.

    Attributes:
        postgres: The source.
        kafka: The topics.
        sink: Where changes arrive.
        tables: The captured tables.
        canary: The row that proves that the pipeline works; None: a row of the canary's own table.
        connector: Debezium's connector.
        consumer: The settings of cdc-consumer; None if the pipeline has another consumer or none.
        sink_connector: The connector that writes to the sink; None if there is none.
        connect: Kafka Connect.
        stacks: The settings of each backend.
        workload: The file of the workload, relative to the folder; empty: workload.toml, if there
            is one.
    """

    postgres: Postgres
    kafka: Kafka
    sink: Sink
    tables: Annotated[tuple[Table, ...], msgspec.Meta(min_length=1)]
    connector: Connector
    canary: Canary | None = None
    consumer: Consumer | None = None
    sink_connector: Connector | None = None
    connect: Connect = Connect()
    stacks: Stacks = Stacks()
    workload: str = ""

    @property
    def consumer_group(self) -> str:
        """The group that reads the topics; empty if there is none or it is unknown."""
        connector = self.sink_connector
        # https://kafka.apache.org/documentation/#connectconfigs: connect-<name of the connector>
        return self.kafka.consumer_group or (f"connect-{connector.name}" if connector else "")

    @property
    def mongodb(self) -> MongodbSink | None:
        """The sink, if it is a MongoDB database."""
        return self.sink if isinstance(self.sink, MongodbSink) else None

    def topic(self, table: Table) -> str:
        """Return the topic of a table's events."""
        return table.name.topic(self.kafka.topic_prefix)

    @property
    def canary_table(self) -> Table:
        """The table of the canary row, with its target."""
        if self.canary is not None:
            return next(table for table in self.tables if table.table == self.canary.table)
        match self.sink:
            case MongodbSink():
                target = OWN_CANARY.name.name
            case PostgresSink():
                target = CANARY_TABLE
            case KafkaSink():
                target = ""
        return msgspec.structs.replace(OWN_CANARY, target=target)

    @property
    def captured(self) -> tuple[Table, ...]:
        """All tables that the pipeline carries: those that are measured, and the canary's own."""
        return self.tables if self.canary is not None else (*self.tables, self.canary_table)
