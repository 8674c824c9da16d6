"""A consumer process of its own for a test, with topics, group and database that nobody else has.

Events are made by hand in the shape that Debezium's flattening transform gives them, so that a test
says what arrives, in which order and how often.
"""

import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import requests
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from prometheus_client.parser import text_string_to_metric_families
from pymongo import MongoClient
from pymongo.collection import Collection

from cdc_perf import process
from cdc_perf.ports import free_port
from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady, wait_until

T = TypeVar("T")
Document = dict[str, Any]
DEADLINE_SECONDS = 30.0
BROKER_SECONDS = 10.0
# The counters of which each record that was read is in exactly one.
COUNTED = (
    "cdc_consumer_events_total",
    "cdc_consumer_stale_events_total",
    "cdc_consumer_tombstones_total",
    "cdc_consumer_dead_letters_total",
)
PIPELINE = """\
[kafka]
topic_prefix = "{name}"
consumer_group = "{group}"
dead_letter_topic = "{name}.dead-letter"

[sink]
type = "mongodb"
database = "{name}"

[consumer]
max_batch_size = {max_batch_size}
retry_seconds = {retry_seconds}
delete_marker_ttl_hours = 1

[[tables]]
table = "public.orders"
key = ["id"]
target = "orders"
"""
ITEM = """
[[tables]]
table = "public.item"
key = ["order_id", "line"]
target = "item"
"""


@dataclass(frozen=True)
class Record:
    """A record to produce: key and value as bytes, or as what becomes JSON; None is a null."""

    key: object
    value: object
    table: str = "orders"
    partition: int = 0


def event(
    lsn: int,
    op: str,
    key: object,
    *,
    table: str = "orders",
    commit: int | None = 0,
    sequence: bool = True,
    at_us: int | None = None,
    **columns: object,
) -> Record:
    """Return an event as Debezium writes it.

    Args:
        lsn: Its LSN.
        op: Debezium's letter of the operation.
        key: The key; a plain one is the value of the column `id`.
        table: The table.
        commit: The commit before it, in its sequence.
        sequence: Whether it has one.
        at_us: When it was committed, microseconds since the epoch; None: now.
        columns: The columns.
    """
    identity = key if isinstance(key, dict) else {"id": key}
    now_us = time.time_ns() // 1000 if at_us is None else at_us
    pair = (None if commit is None else str(commit), str(lsn))
    metadata = {
        "__deleted": "true" if op == "d" else "false",
        "__op": op,
        "__source_lsn": lsn,
        "__source_sequence": msgspec.json.encode(pair).decode() if sequence else None,
        "__source_txId": 1,
        "__source_ts_us": now_us,
        "__ts_us": now_us,
    }
    return Record(identity, {**identity, **columns, **metadata}, table)


def tombstone(key: str) -> Record:
    """Return what follows a delete."""
    return Record({"id": key}, None)


class ConsumerProcess:
    """A running consumer."""

    def __init__(self, running: process.Running, url: str, log: Path) -> None:
        self._running = running
        self._url = url
        self._log = log

    def get(self, path: str) -> requests.Response:
        """Ask its HTTP server.

        Raises:
            NotReady: It does not answer.
        """
        try:
            return requests.get(f"{self._url}{path}", timeout=5)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise NotReady(f"{path}: {type(error).__name__}") from None

    def metrics(self) -> dict[str, float]:
        """Return the sum of each metric over its labels."""
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(self.get("/metrics").text):
            for sample in family.samples:
                found[sample.name] = found.get(sample.name, 0) + sample.value
        return found

    def partitions(self) -> list[str]:
        """Return the partitions that it has."""
        return list(self.get("/readyz").json()["partitions"])

    def wait_ready(self) -> None:
        """Wait until it is."""

        def probe() -> None:
            if not self._running.alive:
                raise AssertionError(f"the consumer ended: {self.log}")
            answer = self.get("/readyz")
            if not answer.ok:
                raise NotReady(answer.text)

        self.wait(probe, "the consumer")

    def wait_counted(self, count: int) -> dict[str, float]:
        """Wait until it has counted so many records since its start, and return its metrics."""

        def probe() -> dict[str, float]:
            metrics = self.metrics()
            counted = sum(metrics[name] for name in COUNTED)
            if counted < count:
                raise NotReady(f"{counted:.0f} of {count} records are counted")
            assert counted == count, metrics
            return metrics

        return self.wait(probe, f"the count of {count} records")

    def wait(self, probe: Callable[[], T], what: str) -> T:
        """Wait for a condition; the log explains a failure."""
        return wait_until(
            probe,
            what=what,
            deadline_seconds=DEADLINE_SECONDS,
            interval_seconds=0.02,
            explain=lambda: tuple(self.log.splitlines()[-20:]),
        )

    @property
    def log(self) -> str:
        """All that it has written."""
        return self._log.read_text() if self._log.exists() else ""

    def stop(self) -> int:
        """End it as a supervisor does; return the exit code."""
        self.signal(signal.SIGTERM)
        return self.ended()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._running.signal(number)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._running.signal(signal.SIGKILL)
        assert self.ended() == -signal.SIGKILL

    def ended(self) -> int:
        """Wait for its end; return the exit code."""
        assert self._running.ended_within(DEADLINE_SECONDS), self.log
        return self._running.wait().exit_code

    def discard(self) -> None:
        """Kill it if it still runs."""
        self._running.kill_group()
        if self._running.alive:
            self._running.wait()


@dataclass
class Lane:
    """Topics, a group, a database and the consumers that use them."""

    checkout: Checkout
    kafka_bootstrap: str
    mongodb_uri: str
    folder: Path
    name: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")
    group: str = ""
    tables: tuple[str, ...] = ("orders",)
    started: list[ConsumerProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.group = self.group or self.name
        self.client: MongoClient[Document] = MongoClient(
            self.mongodb_uri, serverSelectionTimeoutMS=5000
        )
        self.admin = AdminClient({"bootstrap.servers": self.kafka_bootstrap})
        self._producer = Producer(
            {
                "bootstrap.servers": self.kafka_bootstrap,
                "log_level": 0,
                "acks": "all",
                # Little beyond what the broker takes, so that it has the last word.
                "message.max.bytes": 2_000_000,
            }
        )

    def rename_group(self) -> None:
        """Let the next consumer begin at the beginning."""
        self.group += "-again"

    @property
    def dead_letter_topic(self) -> str:
        """The topic for what cannot be applied."""
        return f"{self.name}.dead-letter"

    def topic(self, table: str = "orders") -> str:
        """Return the topic of a table."""
        return f"{self.name}.public.{table}"

    def create_topics(self, *, partitions: int = 1, dead_letter: dict[str, str] = {}) -> None:  # noqa: B006 - never changed
        """Make the topics; `dead_letter` is the configuration of the dead-letter topic."""
        wanted = [
            *(NewTopic(self.topic(t), partitions, replication_factor=1) for t in self.tables),
            NewTopic(self.dead_letter_topic, 1, replication_factor=1, config=dead_letter),
        ]
        settle(self.admin.create_topics(wanted).values())

    def produce(self, records: Iterable[Record]) -> int:
        """Produce records, in their order, wait until they are there, and return how many."""
        failures: list[str] = []

        def report(error: object, _: Message) -> None:
            if error is not None:
                failures.append(str(error))

        count = 0
        for record in records:
            self._producer.produce(
                self.topic(record.table),
                key=_encoded(record.key),
                value=_encoded(record.value),
                partition=record.partition,
                on_delivery=report,
            )
            self._producer.poll(0)
            count += 1
        assert self._producer.flush(BROKER_SECONDS) == 0
        assert failures == []
        return count

    def start(
        self,
        *,
        max_batch_size: int = 500,
        retry_seconds: float = 30,
        ready: bool = True,
        instance: str = "",
    ) -> ConsumerProcess:
        """Start a consumer, a static member if it has a name, and wait until it is ready."""
        number = len(self.started)
        settings = self.write_settings(
            f"pipeline-{number}.toml", max_batch_size=max_batch_size, retry_seconds=retry_seconds
        )
        port = free_port()
        log = self.folder / f"consumer-{number}.log"
        running = process.start(
            [sys.executable, "-m", "cdc_consumer", settings],
            env={**self.environment(port), "CDC_GROUP_INSTANCE_ID": instance},
            output=log,
        )
        consumer = ConsumerProcess(running, f"http://127.0.0.1:{port}", log)
        self.started.append(consumer)
        if ready:
            consumer.wait_ready()
        return consumer

    def write_settings(
        self, name: str, *, max_batch_size: int = 500, retry_seconds: float = 30
    ) -> Path:
        """Write the file that a consumer is given."""
        path = self.folder / name
        text = PIPELINE.format(
            name=self.name,
            group=self.group,
            max_batch_size=max_batch_size,
            retry_seconds=retry_seconds,
        )
        path.write_text(text + (ITEM if "item" in self.tables else ""))
        return path

    def environment(self, port: int) -> dict[str, str]:
        """Return the additions to a consumer's environment."""
        return {
            "PYTHONPATH": str(self.checkout.root / "src"),
            "PYTHONUNBUFFERED": "1",
            "CDC_KAFKA_BOOTSTRAP": self.kafka_bootstrap,
            "CDC_MONGODB_URI": self.mongodb_uri,
            "CDC_HTTP_LISTEN": f"127.0.0.1:{port}",
        }

    def collection(self, name: str = "orders") -> Collection[Document]:
        """Return a collection that the consumer writes to."""
        return self.client[self.name][name]

    def documents(self, collection: str = "orders") -> dict[str, Document]:
        """Return every document by its id, markers too."""
        return {item["_id"]: item for item in self.collection(collection).find()}

    def columns(self, name: str) -> Document | None:
        """Return the columns of the row that a reader sees; None where there is none."""
        found = self.collection().find_one({"_id": name})
        if found is None or found["_cdc"]["op"] == "d":
            return None
        return {k: v for k, v in found.items() if k not in {"_id", "_cdc"}}

    def committed(self, partition: int = 0) -> int:
        """Return the group's committed offset; 0: none yet."""
        with self._reader() as reader:
            place = TopicPartition(self.topic(), partition)
            (found,) = reader.committed([place], timeout=BROKER_SECONDS)
            return max(found.offset, 0)

    def end(self, partition: int = 0) -> int:
        """Return the end of the topic."""
        with self._reader() as reader:
            place = TopicPartition(self.topic(), partition)
            return reader.get_watermark_offsets(place, timeout=BROKER_SECONDS)[1]

    def dead_letters(self) -> list[Message]:
        """Return every record of the dead-letter topic."""
        with self._reader() as reader:
            place = TopicPartition(self.dead_letter_topic, 0, 0)
            end = reader.get_watermark_offsets(place, timeout=BROKER_SECONDS)[1]
            reader.assign([place])
            taken: list[Message] = []
            while len(taken) < end:
                messages = reader.consume(end - len(taken), timeout=BROKER_SECONDS)
                assert messages, f"{len(taken)} of {end} dead letters can be read"
                taken.extend(messages)
            assert [m.error() for m in taken if m.error()] == []
            return taken

    @contextmanager
    def _reader(self) -> Iterator[Consumer]:
        reader = Consumer({"bootstrap.servers": self.kafka_bootstrap, "group.id": self.group})
        try:
            yield reader
        finally:
            reader.close()

    def close(self) -> None:
        """End what runs; topics and documents go with the stack."""
        for consumer in self.started:
            consumer.discard()
        self.client.close()


@contextmanager
def lane(
    checkout: Checkout,
    endpoints: Endpoints,
    folder: Path,
    *,
    mongodb_uri: str = "",
    tables: Sequence[str] = ("orders",),
) -> Iterator[Lane]:
    """Provide a lane on the running stack, or with another MongoDB than the stack's."""
    made = Lane(
        checkout,
        endpoints.kafka_bootstrap,
        mongodb_uri or endpoints.mongodb_uri,
        folder,
        tables=tuple(tables),
    )
    try:
        yield made
    finally:
        made.close()


def settle(answers: Iterable[Future[Any]]) -> None:
    """Wait for the broker's answers and raise what they hold."""
    for answer in answers:
        answer.result(timeout=BROKER_SECONDS)


def _encoded(content: object) -> bytes | None:
    if content is None or isinstance(content, bytes):
        return content
    return msgspec.json.encode(content)
