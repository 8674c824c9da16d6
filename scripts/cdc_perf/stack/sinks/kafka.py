"""The sink Kafka: a change has arrived when it can be read from its topic."""

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.cimpl import Message

from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.stack.change_events import event_of, row_of
from cdc_perf.stack.sinks.sink import Begins, Document, NotSent, Target
from cdc_perf.stack.topic_windows import (
    TIMEOUT_SECONDS,
    broker_ready,
    messages,
    topic_consumer,
    windows_of,
)

# `_id`, position, and content of a record.
Record = dict[str, object]
_MOST_MESSAGES = 500
_BATCH = 5000
_MEMORY = "400MB"
# What Debezium writes for a value that PostgreSQL did not send again, because it is unchanged.
_UNCHANGED = "__debezium_unavailable_value"
_COLUMNS = "{id: 'VARCHAR', position: 'BIGINT', value: 'JSON'}"
_LOAD = f"CREATE TABLE record AS FROM read_json($path, format = 'nd', columns = {_COLUMNS})"
# By bytes, as PostgreSQL orders with the collation C.
_READ = "SELECT id, value FROM record ORDER BY encode(id), position"


class KafkaReader:
    """Follows the topics of a pipeline from the moment that it was created."""

    def __init__(self, bootstrap: str, pipeline: Pipeline, client: Mapping[str, str]) -> None:
        self._bootstrap = bootstrap
        self._client = client
        self._pipeline = pipeline
        self._tables = {pipeline.topic(table): table for table in pipeline.captured}
        self._consumer = topic_consumer(bootstrap, client)
        self._live: dict[tuple[str, str], bool] = {}
        self._absent: set[str] = set()

    def follow(self) -> None:
        """Begin at the current ends of the topics.

        Raises:
            NotReady: The broker does not answer.
        """
        with broker_ready():
            ends = windows_of(self._consumer, self._tables)
            self._assign([TopicPartition(*place, end) for place, (_, end) in ends.items()])

    def _follow_new(self) -> None:
        """Follow topics that did not exist, from their first record."""
        found = windows_of(self._consumer, self._absent)
        if found:
            followed = self._consumer.position(self._consumer.assignment())
            self._assign([*followed, *(TopicPartition(*place, 0) for place in found)])

    def _assign(self, partitions: list[TopicPartition]) -> None:
        self._consumer.assign(partitions)
        self._absent = self._tables.keys() - {each.topic for each in partitions}

    def has(self, table: Table, key: str) -> bool:
        """Return whether the last record of the row, since the beginning, is not a delete."""
        with broker_ready():
            if self._absent:
                self._follow_new()
            for message in self._consumer.consume(_MOST_MESSAGES, timeout=0.0):
                self._note(message)
        return self._live.get((table.table, key), False)

    def _note(self, message: Message) -> None:
        if message.error() is not None:
            raise KafkaException(message.error())
        table = self._tables[str(message.topic())]
        event = event_of(message, table)
        if event.id is not None:
            self._live[table.table, event.id] = event.op in ("c", "u", "r")

    def documents(self, target: Target) -> Generator[Document]:
        """Yield the last state of each row in its topic, in the order of `_id`.

        Of chosen rows, only the records from `begins` on are read.

        Raises:
            NotReady: The broker does not answer, or the topic does not exist.
        """
        import duckdb  # noqa: PLC0415 - slow to import, and only needed here

        partly = target.keys is not None and bool(target.begins)
        # A whole topic without a value of a row has lost it, which is a difference.
        unknown = NotSent.VALUE if partly else _UNCHANGED
        with TemporaryDirectory(prefix="cdc-topic-") as folder:
            path = Path(folder) / "records.json"
            with path.open("w", encoding="utf-8") as stream:
                for record in self._wanted(target):
                    stream.write(json.dumps(record) + "\n")
            config: dict[str, Any] = {"memory_limit": _MEMORY, "temp_directory": folder}
            with duckdb.connect(str(Path(folder) / "records.duckdb"), config=config) as connection:
                connection.execute(_LOAD, {"path": str(path)})
                path.unlink()
                found = connection.execute(_READ)
                rows = iter(found.fetchone, None)
                for identity, records in groupby(rows, key=itemgetter(0)):
                    document = _last_state((value for _, value in records), unknown)
                    if document is not None:
                        yield {**document, "_id": identity}

    def _wanted(self, target: Target) -> Iterator[Record]:
        """Yield the records of the rows to read, which are chosen a batch of records at a time."""
        if target.keys is None:
            yield from self._records(target.table, {})
            return
        records = self._records(target.table, target.begins)
        while batch := tuple(islice(records, _BATCH)):
            wanted = target.keys.among([str(each["id"]) for each in batch])
            yield from (each for each in batch if each["id"] in wanted)

    def _records(self, table: Table, begins: Begins) -> Iterator[Record]:
        topic = self._pipeline.topic(table)
        with closing(topic_consumer(self._bootstrap, self._client)) as consumer, broker_ready():
            windows = {
                place: (_within(begins.get(place, first), first, end), end)
                for place, (first, end) in windows_of(consumer, (topic,)).items()
            }
            for message in messages(consumer, windows):
                event = event_of(message, table)
                # A finding of its own if it is not an event of a row.
                if event.id is not None and event.op != "?":
                    row = row_of(message, table)
                    yield {"id": event.id, "position": event.position, "value": row}

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()


class KafkaTarget:
    """The topics.

    Args:
        bootstrap: The broker.
        pipeline: The pipeline.
        client: Further settings of Kafka clients, with librdkafka's names: TLS and login.
    """

    name: ClassVar[str] = "Kafka"
    typed: ClassVar[bool] = False

    def __init__(self, bootstrap: str, pipeline: Pipeline, client: Mapping[str, str]) -> None:
        self._bootstrap = bootstrap
        self._client = client
        self._pipeline = pipeline

    def server(self) -> str:
        """Return nothing but the name: a broker does not report its version.

        Raises:
            NotReady: It does not answer.
        """
        with closing(topic_consumer(self._bootstrap, self._client)) as consumer, broker_ready():
            consumer.list_topics(timeout=TIMEOUT_SECONDS)
        return self.name

    @contextmanager
    def open(self) -> Iterator[KafkaReader]:
        """Follow the topics from now on."""
        with closing(KafkaReader(self._bootstrap, self._pipeline, self._client)) as reader:
            reader.follow()
            yield reader


def _within(begin: int, first: int, end: int) -> int:
    """Return where to read from; a topic that was created again is read from its beginning."""
    return begin if first <= begin <= end else first


def _last_state(values: Iterator[str | None], unknown: object) -> Document | None:
    """Return a row after its changes; None if the last one deleted it.

    Args:
        values: The row after each change, as JSON; None for a delete.
        unknown: The value of a column that none of the changes has set.
    """
    state: Document | None = None
    for value in values:
        row: Document | None = None if value is None else json.loads(value)
        if row is not None:
            before = state or {}
            row = {
                name: before.get(name, unknown) if each == _UNCHANGED else each
                for name, each in row.items()
            }
        state = row
    return state
