"""Transactions whose changes are in one order in PostgreSQL's log and are committed in another.

On the whole stack. Each ends with the integrity check, which compares every row.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import requests
from confluent_kafka.admin import AdminClient, NewPartitions
from pymongo.collection import Collection

from cdc_perf.integrity.records import FindingKind
from cdc_perf.stack import connector
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.consumer_process import settle
from tests.integration.integrity_stack import Planted, planted

pytestmark = pytest.mark.slow

# The primary key is added later, so an insert meets the index on `email` first.
SCHEMA = """
CREATE TABLE t (id text, email text UNIQUE, v text, large text);
ALTER TABLE t ALTER large SET STORAGE EXTERNAL;
ALTER TABLE t ADD PRIMARY KEY (id);
"""
SECTION = """
[[tables]]
table = "public.t"
key = ["id"]
target = "t"

[connector]
"""
TOPIC = "cdc.public.t"
DEADLINE_SECONDS = 60.0
LARGE = "l" * 10_000
Connection = psycopg.Connection[tuple[Any, ...]]


class Pipe:
    """The stack, and what the tests do with the table."""

    def __init__(self, planted: Planted) -> None:
        self.planted = planted

    @property
    def documents(self) -> Collection[dict[str, Any]]:
        return self.planted.client[self.planted.endpoints.mongodb_database]["t"]

    @property
    def connector_url(self) -> str:
        name = self.planted.pipeline.connector.name
        return f"{self.planted.endpoints.connect_url}/connectors/{name}"

    def connect(self, *, autocommit: bool = False) -> Connection:
        return psycopg.connect(self.planted.endpoints.postgres_dsn, autocommit=autocommit)

    def execute(self, statement: str, *values: object) -> None:
        self.planted.execute(statement, values)

    def insert(self, *rows: tuple[str, str, str]) -> None:
        """Insert rows, replacing all others, and wait until they are in MongoDB."""
        self.execute("DELETE FROM t")
        for row in rows:
            self.execute("INSERT INTO t VALUES (%s, %s, %s, %s)", *row, LARGE)
        self.planted.settled()

    @contextmanager
    def waiting(self, statement: str, *values: object) -> Iterator[None]:
        """Run a statement that waits for another session; it is over when the block is."""
        failures: list[psycopg.Error] = []
        with self.connect(autocommit=True) as connection:
            process = connection.info.backend_pid

            def run() -> None:
                try:
                    connection.execute(statement.encode(), values)
                except psycopg.Error as error:
                    failures.append(error)

            thread = threading.Thread(target=run)
            thread.start()
            wait_until(
                lambda: self._waits(process), what="the lock", deadline_seconds=DEADLINE_SECONDS
            )
            yield
            thread.join(DEADLINE_SECONDS)
            assert not thread.is_alive()
        assert failures == []

    def _waits(self, process: int) -> None:
        with self.connect(autocommit=True) as connection:
            query = "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s"
            if connection.execute(query, (process,)).fetchone() != ("Lock",):
                raise NotReady("the statement does not wait yet")

    def read_again(self) -> None:
        """Let the connector forget its offsets, with the slot it has, and take a snapshot."""
        url = self.connector_url
        config = requests.get(f"{url}/config", timeout=10).json()
        requests.put(f"{url}/stop", timeout=10).raise_for_status()
        config |= {"snapshot.mode": "initial"}
        requests.put(f"{url}/config", json=config, timeout=10).raise_for_status()

        def forget() -> None:
            answer = requests.delete(f"{url}/offsets", timeout=10)
            if not answer.ok:
                raise NotReady(answer.text)

        wait_until(forget, what="the connector's offsets", deadline_seconds=DEADLINE_SECONDS)
        requests.put(f"{url}/resume", timeout=10).raise_for_status()

    def wait_read(self, identity: str) -> None:
        """Wait until a row is in MongoDB as a snapshot read it."""

        def probe() -> None:
            found = self.documents.find_one({"_id": identity})
            if found is None or found["_cdc"]["op"] != "r":
                raise NotReady(f"{identity} was not read yet: {found}")

        wait_until(probe, what="the snapshot", deadline_seconds=DEADLINE_SECONDS)

    def expect(self, *rows: tuple[str, str]) -> None:
        """Expect these rows, `id` and `v`, in PostgreSQL and in MongoDB, and no finding."""
        integrity = self.planted.check(self.planted.checker.begin())
        assert integrity.drained, integrity.drain
        assert integrity.findings == ()
        live = self.documents.find({"_cdc.op": {"$ne": "d"}})
        assert sorted((each["_id"], each["v"]) for each in live) == sorted(rows)


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipe]:
    with planted(tmp_path_factory.mktemp("order") / "checkout", SCHEMA, SECTION) as found:
        yield Pipe(found)


def test_an_insert_that_waits_for_a_unique_index_while_its_key_is_deleted(pipe: Pipe) -> None:
    pipe.insert(("X", "a", "old"))
    begins = pipe.planted.checker.begin()
    with pipe.connect() as holder:
        holder.execute("INSERT INTO t VALUES ('Y', 'b', '-')")
        with pipe.waiting("INSERT INTO t VALUES ('X', 'b', 'new')"):
            pipe.execute("DELETE FROM t WHERE id = 'X'")
            holder.rollback()
    pipe.expect(("X", "new"))
    assert FindingKind.REORDERED not in pipe.planted.found(begins)


def test_an_insert_that_waits_while_its_key_moves_away(pipe: Pipe) -> None:
    pipe.insert(("X", "a", "old"))
    with pipe.connect() as holder:
        holder.execute("INSERT INTO t VALUES ('Y', 'b', '-')")
        with pipe.waiting("INSERT INTO t VALUES ('X', 'b', 'new')"):
            pipe.execute("UPDATE t SET id = 'Z', large = 'short' WHERE id = 'X'")
            holder.rollback()
    pipe.expect(("X", "new"), ("Z", "old"))


def test_a_key_is_released_and_taken_again_several_times(pipe: Pipe) -> None:
    """Each insert is written before the delete that it follows."""
    pipe.insert(("X", "a", "old"))
    for number in range(3):
        pipe.execute("UPDATE t SET v = v || ', updated', email = 'c' WHERE id = 'X'")
        with pipe.connect() as holder:
            holder.execute("INSERT INTO t VALUES ('Y', 'b', '-')")
            with pipe.waiting("INSERT INTO t VALUES ('X', 'b', %s)", f"new {number}"):
                pipe.execute("DELETE FROM t WHERE id = 'X'")
                holder.rollback()
    pipe.expect(("X", "new 2"))


def test_the_update_of_a_large_row_follows_such_an_insert(pipe: Pipe) -> None:
    """The update does not repeat the large value; it must find it in the document."""
    pipe.insert(("X", "a", "old"))
    with pipe.connect() as holder:
        holder.execute("INSERT INTO t VALUES ('Y', 'b', '-')")
        with pipe.waiting("INSERT INTO t VALUES ('X', 'b', 'new', %s)", LARGE):
            pipe.execute("DELETE FROM t WHERE id = 'X'")
            holder.rollback()
    pipe.execute("UPDATE t SET v = 'updated' WHERE id = 'X'")
    pipe.expect(("X", "updated"))
    assert pipe.documents.find_one({"_id": "X"}, {"large": 1}) == {"_id": "X", "large": LARGE}


def test_a_transaction_is_open_while_a_snapshot_is_taken(pipe: Pipe) -> None:
    pipe.insert(("X", "a", "old"), ("W", "w", "old"))
    with pipe.connect() as writer:
        writer.execute("UPDATE t SET v = 'written before, committed after' WHERE id = 'X'")
        pipe.execute("UPDATE t SET v = 'written and committed before' WHERE id = 'W'")
        pipe.read_again()
        pipe.wait_read("X")
        writer.commit()
    pipe.expect(("X", "written before, committed after"), ("W", "written and committed before"))


def test_the_first_change_after_a_snapshot(pipe: Pipe) -> None:
    """Its LSN may be that of the snapshot."""
    pipe.insert(("X", "a", "old"))
    pipe.read_again()
    pipe.wait_read("X")
    pipe.execute("UPDATE t SET v = 'first' WHERE id = 'X'")
    pipe.expect(("X", "first"))


def test_connect_is_killed_within_a_transaction(pipe: Pipe) -> None:
    pipe.insert(("X", "a", "old"), ("W", "w", "old"))
    with pipe.connect() as holder:
        holder.execute("INSERT INTO t VALUES ('Y', 'b', '-')")
        with pipe.waiting("INSERT INTO t VALUES ('X', 'b', 'new')"):
            with pipe.connect() as large:
                large.execute("DELETE FROM t WHERE id = 'X'")
                large.execute(
                    "INSERT INTO t SELECT n::text, n::text, 'many' FROM generate_series(1, 5000) n"
                )
                large.execute("UPDATE t SET v = 'last' WHERE id = 'W'")
            # supervisord starts it again.
            os.kill(pipe.planted.supervisor.processes()["connect"]["pid"], signal.SIGKILL)
            holder.rollback()
    connector.wait_running(pipe.planted.pipeline, pipe.planted.endpoints)
    many = ((str(number), "many") for number in range(1, 5001))
    pipe.expect(("X", "new"), ("W", "last"), *many)


def test_an_event_without_a_sequence(pipe: Pipe) -> None:
    """As of a connector that someone else set up."""
    pipe.insert(("X", "a", "old"))
    url = f"{pipe.connector_url}/config"
    config = requests.get(url, timeout=10).json()
    fields = "transforms.unwrap.add.fields"
    without = config | {fields: config[fields].replace("source.sequence,", "")}
    assert without != config
    for given in (without, config):
        requests.put(url, json=given, timeout=10).raise_for_status()
        with pipe.connect() as holder:
            holder.execute("INSERT INTO t VALUES ('Y', 'b', '-')")
            with pipe.waiting("INSERT INTO t VALUES ('X', 'b', 'new')"):
                pipe.execute("DELETE FROM t WHERE id = 'X'")
                holder.rollback()
        pipe.expect(("X", "new"))
        pipe.execute("UPDATE t SET email = 'a' WHERE id = 'X'")


def test_a_key_in_two_partitions(pipe: Pipe) -> None:
    rows = [(f"k{number}", f"k{number}", "old") for number in range(20)]
    pipe.insert(*rows)
    admin = AdminClient({"bootstrap.servers": pipe.planted.endpoints.kafka_bootstrap})
    settle(admin.create_partitions([NewPartitions(TOPIC, 3)]).values())
    for number in range(5):
        pipe.execute("UPDATE t SET v = %s, large = ''", f"new {number}")
    pipe.expect(*((identity, "new 4") for identity, *_ in rows))
