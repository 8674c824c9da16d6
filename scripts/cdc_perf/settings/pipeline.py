"""The pipeline under test, as pipeline.toml describes it."""

from typing import Annotated

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
    """The topics and the consumer group."""

    topic_prefix: TopicName
    partitions: Annotated[int, msgspec.Meta(ge=1)]
    consumer_group: Text
    dead_letter_topic: TopicName


class Mongodb(_Section, frozen=True):
    """The target database."""

    database: Text


class Consumer(_Section, frozen=True):
    """Settings of cdc-consumer, which reads them itself; typed here to detect mistakes early."""

    max_batch_size: Annotated[int, msgspec.Meta(ge=1)]
    retry_seconds: Annotated[float, msgspec.Meta(gt=0, le=43_000)]
    delete_marker_ttl_hours: Annotated[int, msgspec.Meta(ge=1)]


class Table(_Section, frozen=True):
    """A table, its key columns, and its collection."""

    table: Text
    key: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    collection: Text

    @property
    def name(self) -> TableName:
        """The parts of the table's name, which `load_pipeline` has validated."""
        return TableName.parse(self.table)


class Canary(_Section, frozen=True):
    """The row that must pass every hop before a stack counts as ready."""

    table: str
    values: Annotated[dict[str, str | int | float | bool], msgspec.Meta(min_length=1)]


class Connector(_Section, frozen=True):
    """The connector's name and the freely chosen part of its configuration."""

    name: Text
    config: dict[str, str]


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
        connect_url: Kafka Connect.
        mongodb_uri: The target.
        consumer_url: cdc-consumer.
        connector_postgres: `host:port` of PostgreSQL as Kafka Connect reaches it, if different.
        prometheus_url: A Prometheus that accepts remote write, to watch the load.
    """

    postgres_dsn: str = ""
    kafka_bootstrap: str = ""
    connect_url: str = ""
    mongodb_uri: str = ""
    consumer_url: str = ""
    connector_postgres: str = ""
    prometheus_url: str = ""


class Stacks(_Section, frozen=True):
    """The settings of each backend."""

    local: LocalStackSettings = LocalStackSettings()
    external: ExternalStackSettings = ExternalStackSettings()


class Pipeline(_Section, frozen=True):
    """The content of pipeline.toml."""

    postgres: Postgres
    kafka: Kafka
    mongodb: Mongodb
    consumer: Consumer
    tables: Annotated[tuple[Table, ...], msgspec.Meta(min_length=1)]
    canary: Canary
    connector: Connector
    stacks: Stacks = Stacks()

    def topic(self, table: Table) -> str:
        """Return the topic of a table's events."""
        return table.name.topic(self.kafka.topic_prefix)

    @property
    def canary_table(self) -> Table:
        """The table of the canary row."""
        return next(table for table in self.tables if table.table == self.canary.table)
