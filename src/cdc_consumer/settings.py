"""Settings: tables, topics, and database from pipeline.toml, addresses from the environment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from cdc_consumer.errors import ConfigurationError
from cdc_consumer.topics import topic_of

Text = Annotated[str, Meta(min_length=1)]
HIGHEST_PORT = 65535
# MongoDB's maximum is 2**31 - 1 seconds.
LONGEST_TTL_HOURS = 596_523
# Two retries and some margin must fit in a day, the maximum of `max.poll.interval.ms`.
LONGEST_RETRY_SECONDS = 43_000


class Table(Struct, frozen=True, rename={"collection": "target"}):
    """A source table, its key columns, and the collection that mirrors it."""

    table: Text
    key: Annotated[tuple[Text, ...], Meta(min_length=1)]
    collection: Text


class Kafka(Struct, frozen=True):
    """Names in Kafka."""

    topic_prefix: Text
    consumer_group: Text
    dead_letter_topic: Text


class Sink(Struct, frozen=True, tag_field="type", tag="mongodb"):
    """Names in MongoDB, the only sink of this consumer."""

    database: Text


class Limits(Struct, frozen=True):
    """Sizes and times of the consumer, in the units of their names."""

    max_batch_size: Annotated[int, Meta(ge=1, le=100_000)]
    retry_seconds: Annotated[float, Meta(gt=0, le=LONGEST_RETRY_SECONDS)]
    delete_marker_ttl_hours: Annotated[float, Meta(gt=0, le=LONGEST_TTL_HOURS)]


# The harness creates and captures this table, unless [canary] declares a row of another one.
CANARY = Table("public.cdc_perf_canary", ("id",), "cdc_perf_canary")


class Pipeline(Struct, frozen=True):
    """The sections of pipeline.toml that the consumer uses; others are ignored."""

    kafka: Kafka
    sink: Sink
    consumer: Limits
    tables: Annotated[tuple[Table, ...], Meta(min_length=1)]
    canary: dict[str, Any] | None = None

    @property
    def mirrored(self) -> tuple[Table, ...]:
        """The tables that the consumer mirrors: those of the file, and that of the canary."""
        return self.tables if self.canary is not None else (*self.tables, CANARY)

    def required_topics(self) -> frozenset[str]:
        """Return the topics of the file's tables. That of the canary exists only with its table."""
        return frozenset(topic_of(self.kafka.topic_prefix, table.table) for table in self.tables)

    def by_topic(self) -> dict[str, Table]:
        """Return the tables by their topics (`prefix.schema.table`).

        Raises:
            ConfigurationError: A name is not a `schema.table`.
        """
        return {topic_of(self.kafka.topic_prefix, table.table): table for table in self.mirrored}


class Endpoints(Struct, frozen=True):
    """The addresses of Kafka and MongoDB, and the address that the consumer's HTTP server uses.

    `group_instance` is the name of this consumer in its group; empty: it has none.
    """

    kafka_bootstrap: str
    mongodb_uri: str
    http_host: str
    http_port: int
    group_instance: str = ""


def pipeline_file(arguments: Sequence[str]) -> Path:
    """Return the only argument of the command line.

    Raises:
        ConfigurationError: There is not exactly one.
    """
    if len(arguments) != 1:
        raise ConfigurationError("usage: python -m cdc_consumer PIPELINE_TOML")
    return Path(arguments[0])


def load_pipeline(path: Path) -> Pipeline:
    """Read pipeline.toml.

    Raises:
        ConfigurationError: The file is unreadable or not TOML, or a setting is missing or wrong.
    """
    try:
        pipeline = msgspec.toml.decode(path.read_bytes(), type=Pipeline)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    try:
        topics = [topic_of(pipeline.kafka.topic_prefix, table.table) for table in pipeline.mirrored]
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    _reject_repeated(path, "table", [table.table for table in pipeline.mirrored])
    _reject_repeated(path, "topic", topics)
    _reject_repeated(path, "target", [table.collection for table in pipeline.mirrored])
    dead_letters = pipeline.kafka.dead_letter_topic
    if dead_letters in topics:
        raise ConfigurationError(
            f"{path}: dead_letter_topic {dead_letters!r} is also the topic of a table"
        )
    return pipeline


def load_endpoints(environment: Mapping[str, str]) -> Endpoints:
    """Read the endpoints from the environment.

    Raises:
        ConfigurationError: A variable is missing, or CDC_HTTP_LISTEN is not `host:port`.
    """
    listen = _variable(environment, "CDC_HTTP_LISTEN")
    host, _, port = listen.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > HIGHEST_PORT:
        raise ConfigurationError(f"CDC_HTTP_LISTEN: {listen!r} is not host:port")
    return Endpoints(
        kafka_bootstrap=_variable(environment, "CDC_KAFKA_BOOTSTRAP"),
        mongodb_uri=_variable(environment, "CDC_MONGODB_URI"),
        http_host=host,
        http_port=int(port),
        group_instance=environment.get("CDC_GROUP_INSTANCE_ID", "").strip(),
    )


def _variable(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise ConfigurationError(f"{name} is not set in the environment")
    return value


def _reject_repeated(path: Path, what: str, names: list[str]) -> None:
    """Reject a repeated name: rows of two tables would overwrite each other's documents."""
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ConfigurationError(
            f"{path}: {what} {twice[0]!r} appears in more than one of [[tables]]"
        )
