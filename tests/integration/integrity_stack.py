"""A stack of its own to plant losses in, with a table of every type and a composite key."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition
from pymongo import MongoClient
from pymongo.collection import Collection

from cdc_perf.integrity.check import Checker
from cdc_perf.integrity.records import Finding, FindingKind, Integrity
from cdc_perf.integrity.topic import StartOffsets
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import canary
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.lag import ConsumerLag
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.embedded import local_stack
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.supervisor import Supervisor
from cdc_perf.tools.cache import Cache
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.conftest import copy_checkout

CUSTOMER = "cdc.public.customer"
KINDS = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE kinds (
    part text, number bigint, PRIMARY KEY (part, number),
    a_bool boolean, an_int2 smallint, an_int4 integer, a_float4 real, a_float8 double precision,
    a_numeric numeric(12, 2), a_free_numeric numeric, a_char character(5), a_varchar varchar(9),
    a_uuid uuid, a_json json, a_jsonb jsonb, bytes bytea, a_date date, a_time time,
    a_short_time time(0), a_timestamp timestamp, a_short_timestamp timestamp(3),
    a_timestamptz timestamptz, a_mood mood, texts text[], numbers integer[], span interval,
    an_inet inet
);
"""
TABLE = """
[[tables]]
table = "public.kinds"
key = ["part", "number"]
target = "kinds"

[connector]
"""


@dataclass(frozen=True)
class Planted:
    """The stack and the ways in which a test may spoil what is in it."""

    checkout: Checkout
    stack: LocalStack
    pipeline: Pipeline
    endpoints: Endpoints
    client: MongoClient[dict[str, Any]]

    @property
    def checker(self) -> Checker:
        return Checker(self.pipeline, self.endpoints)

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(Layout(self.checkout.stack))

    @property
    def customers(self) -> Collection[dict[str, Any]]:
        return self.client[self.endpoints.mongodb_database]["customer"]

    def execute(self, statement: str, values: Sequence[object] = ()) -> None:
        with psycopg.connect(self.endpoints.postgres_dsn, autocommit=True) as connection:
            connection.execute(statement.encode(), values)

    def insert(self) -> str:
        identity = str(uuid.uuid4())
        self.execute(
            "INSERT INTO customer (id, email) VALUES (%s, %s)", (identity, f"{identity}@e.test")
        )
        return identity

    def update(self, identity: str) -> None:
        self.execute("UPDATE customer SET status = %s WHERE id = %s", (str(uuid.uuid4()), identity))

    def settled(self) -> StartOffsets:
        """Wait until the customers written so far are in MongoDB; return where the topics end.

        The canary has a topic of its own: its arrival says that the events before it are in Kafka,
        and the group's offsets say that they were consumed.
        """
        canary.run_canary(self.pipeline, self.endpoints)
        client = self.endpoints.kafka_client
        with closing(ConsumerLag(self.endpoints.kafka_bootstrap, self.pipeline, client)) as lag:

            def consumed() -> None:
                if behind := lag.read():
                    raise NotReady(f"{behind} events are not consumed")

            wait_until(consumed, what="the consumer", deadline_seconds=canary.DEADLINE_SECONDS)
        return self.checker.begin()

    def records(self, begins: StartOffsets) -> list[tuple[bytes, dict[str, Any]]]:
        """Return key and value of the customers' events."""
        settings = {"bootstrap.servers": self.endpoints.kafka_bootstrap, "group.id": "planting"}
        consumer = Consumer(settings)
        try:
            place = TopicPartition(CUSTOMER, 0, begins[CUSTOMER, 0])
            consumer.assign([place])
            _, end = consumer.get_watermark_offsets(place, timeout=10)
            messages = consumer.consume(end - place.offset, timeout=20)
        finally:
            consumer.close()
        return [
            (message.key(), json.loads(message.value()))  # type: ignore[misc, arg-type]
            for message in messages
            if message.value() is not None
        ]

    def produce(self, key: bytes, value: bytes) -> None:
        """Put a record into the customers' topic, as nobody should."""
        producer = Producer({"bootstrap.servers": self.endpoints.kafka_bootstrap})
        producer.produce(CUSTOMER, key=key, value=value)
        assert producer.flush(20) == 0

    def check(
        self, begins: StartOffsets, ledger: Path | None = None, excused: str = ""
    ) -> Integrity:
        return self.checker.check(begins, ledger, excused)

    def found(
        self, begins: StartOffsets, ledger: Path | None = None
    ) -> Mapping[FindingKind, Finding]:
        """Return what the check finds, by kind; each kind is of one table."""
        integrity = self.check(begins, ledger)
        assert integrity.drained, integrity.drain
        by_kind = {finding.kind: finding for finding in integrity.findings}
        assert len(by_kind) == len(integrity.findings), integrity.findings
        return by_kind


@contextmanager
def planted(
    folder: Path, schema_sql: str = KINDS, tables: str = TABLE, connector: str = ""
) -> Iterator[Planted]:
    """Start a stack whose schema has further tables.

    Args:
        folder: Where the checkout is copied to.
        schema_sql: The statements that make them.
        tables: Their sections of pipeline.toml, and the header of [connector].
        connector: The header of [connector.config], with settings that come first in it.
    """
    checkout = copy_checkout(folder)
    schema = checkout.pipeline / "schema.sql"
    # The schema is applied anew by each `inv up`, so it says IF NOT EXISTS; this one is used once.
    schema.write_text(schema.read_text(encoding="utf-8") + schema_sql, encoding="utf-8")
    text = checkout.pipeline_file.read_text(encoding="utf-8")
    text = text.replace("[connector]\n", tables)
    text = text.replace("[connector.config]\n", connector.lstrip() or "[connector.config]\n")
    checkout.pipeline_file.write_text(text, encoding="utf-8")
    pipeline = load_pipeline(checkout)
    stack = local_stack(checkout, pipeline, Cache.of_environment())
    endpoints = stack.up()
    try:
        with MongoClient[dict[str, Any]](endpoints.mongodb_uri) as client:
            yield Planted(checkout, stack, pipeline, endpoints, client)
    finally:
        stack.down()
