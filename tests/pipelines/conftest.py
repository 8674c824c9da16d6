"""The pipelines of the checkout, each on a stack of its own that is up for all of its tests."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from pymongo import MongoClient

from cdc_perf import process_tags
from cdc_perf.errors import ExitCode
from cdc_perf.settings.paths import PIPELINE, Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.canary import DEADLINE_SECONDS
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.sinks.choice import sink_of
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv

NAMES = ("sample", "mongodb-sink", "postgres-to-postgres", "kafka-only")


@dataclass(frozen=True)
class Site:
    """A pipeline that is up.

    Attributes:
        name: The name of its folder.
        inv: The command, with that folder.
        stack: The stack that is up.
    """

    name: str
    inv: Inv
    stack: str = "local"

    @property
    def pipeline(self) -> Pipeline:
        return load_pipeline(self.inv.checkout)

    @property
    def endpoints(self) -> Endpoints:
        found = Endpoints.read(self.inv.checkout.endpoints_file, self.stack)
        assert found is not None
        return found

    def pid(self, component: str) -> int:
        states = json.loads(self.inv("status", "--json").output)
        return next(int(each["pid"]) for each in states if each["name"] == component)

    def insert(self, count: int) -> list[str]:
        """Insert customers, and wait until each one is in the sink."""
        keys = [str(uuid.uuid4()) for _ in range(count)]
        (customer,) = (x for x in self.pipeline.tables if x.table == "public.customer")
        with (
            psycopg.connect(self.endpoints.postgres_dsn, autocommit=True) as connection,
            # It follows topics from the moment that it is opened.
            sink_of(self.pipeline, self.endpoints).open() as reader,
        ):
            for key in keys:
                connection.execute(
                    "INSERT INTO customer (id, email) VALUES (%s, %s)", (key, f"{key}@e.test")
                )

            def arrived() -> None:
                if missing := [key for key in keys if not reader.has(customer, key)]:
                    raise NotReady(f"{missing[0]} is missing")

            wait_until(arrived, what="the customers", deadline_seconds=DEADLINE_SECONDS)
        return keys

    def lose(self, keys: Sequence[str]) -> None:
        """Remove customers from the sink, and from nowhere else."""
        at = self.endpoints
        match at.sink:
            case "postgres":
                with psycopg.connect(at.sink_dsn, autocommit=True) as connection:
                    connection.execute("DELETE FROM customer WHERE id = ANY(%s)", ([*keys],))
            case "mongodb":
                with MongoClient[dict[str, Any]](at.mongodb_uri) as client:
                    client[at.mongodb_database]["customer"].delete_many({"_id": {"$in": [*keys]}})
            case _:
                self._cut("cdc.public.customer")

    def _cut(self, topic: str) -> None:
        """Remove every record of a topic, as its retention would."""
        admin = AdminClient({"bootstrap.servers": self.endpoints.kafka_bootstrap})
        # -1: to the end, https://kafka.apache.org/protocol#The_Messages_DeleteRecords
        (answer,) = admin.delete_records([TopicPartition(topic, 0, -1)]).values()
        answer.result()


@contextmanager
def site_of(folder: Path, name: str) -> Iterator[Site]:
    """Start a pipeline of the checkout in a copy of it."""
    copied = copy_checkout(folder / "checkout")
    chosen = {PIPELINE: str(copied.root / "pipelines" / name)}
    inv = Inv(Checkout.at(copied.root, chosen))
    inv.set_limits({"baseline": {"cdc_e2e_latency": {"p95": 20_000}}})
    up = inv("up")
    assert up.exit_code == ExitCode.PASS, up.last_lines
    try:
        yield Site(name, inv)
    finally:
        inv("down")
        process_tags.end_tagged_processes(copied.root)


@pytest.fixture(scope="module", params=NAMES)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with site_of(tmp_path_factory.mktemp(request.param), request.param) as found:
        yield found
