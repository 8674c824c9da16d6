"""The pipeline under test, as pipeline.toml describes it."""

from typing import Annotated

import msgspec

from cdc_perf.settings.table_name import TableName

Text = Annotated[str, msgspec.Meta(min_length=1)]
# PostgreSQL: lower case letters, digits and underscores, at most 63 (NAMEDATALEN - 1).
SlotName = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9_]{1,63}\Z")]
TopicName = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._-]{1,249}\Z")]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section in which every setting is known."""


class Postgres(_Section, frozen=True):
    """The source: database, user, schema file (relative to the checkout), publication, slot."""

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
    """The target."""

    database: Text


class Consumer(_Section, frozen=True):
    """Settings of cdc-consumer, which reads them itself; typed here to find a slip early."""

    max_batch_size: Annotated[int, msgspec.Meta(ge=1)]
    retry_seconds: Annotated[float, msgspec.Meta(gt=0, le=43_000)]
    delete_marker_ttl_hours: Annotated[int, msgspec.Meta(ge=1)]


class Table(_Section, frozen=True):
    """A table, its key columns and the collection that it ends up in."""

    table: Text
    key: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
    collection: Text

    @property
    def name(self) -> TableName:
        """The table's name in its parts; `load_pipeline` has refused what spells none."""
        return TableName.parse(self.table)


class Canary(_Section, frozen=True):
    """The row that is sent through every hop before a stack counts as ready."""

    table: str
    values: Annotated[dict[str, str | int | float | bool], msgspec.Meta(min_length=1)]


class Connector(_Section, frozen=True):
    """The connector's name and what of its configuration is chosen freely."""

    name: Text
    config: dict[str, str]


class PortSettings(_Section, frozen=True):
    """The ports of the local stack; None: a free one is chosen when it is started."""

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
    """The local stack: given ports, and the path of a real `mongod` (relative to the checkout)."""

    ports: PortSettings = PortSettings()
    mongod: Text | None = None


class ExternalStackSettings(_Section, frozen=True):
    """The addresses of a pipeline that others run; empty: not given. No secrets: it is a file.

    Attributes:
        postgres_dsn: Of the source, as libpq takes it.
        kafka_bootstrap: Of the broker.
        connect_url: Of Kafka Connect.
        mongodb_uri: Of the target.
        consumer_url: Of cdc-consumer.
        connector_postgres: `host:port` of PostgreSQL as Kafka Connect reaches it, where that is
            another address.
        prometheus_url: Of a Prometheus that takes what is pushed, if the load is to be watched.
    """

    postgres_dsn: str = ""
    kafka_bootstrap: str = ""
    connect_url: str = ""
    mongodb_uri: str = ""
    consumer_url: str = ""
    connector_postgres: str = ""
    prometheus_url: str = ""


class Stacks(_Section, frozen=True):
    """Settings of each backend."""

    local: LocalStackSettings = LocalStackSettings()
    external: ExternalStackSettings = ExternalStackSettings()


class Pipeline(_Section, frozen=True):
    """Everything that pipeline.toml says."""

    postgres: Postgres
    kafka: Kafka
    mongodb: Mongodb
    consumer: Consumer
    tables: Annotated[tuple[Table, ...], msgspec.Meta(min_length=1)]
    canary: Canary
    connector: Connector
    stacks: Stacks = Stacks()

    def topic(self, table: Table) -> str:
        """Return the topic that carries a table's events."""
        return table.name.topic(self.kafka.topic_prefix)

    @property
    def canary_table(self) -> Table:
        """The table of the canary row."""
        return next(table for table in self.tables if table.table == self.canary.table)
