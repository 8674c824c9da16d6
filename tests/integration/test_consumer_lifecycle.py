"""The consumer starts, stops, dies, shares and waits: nothing is lost or changed twice."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType

from cdc_perf import process
from cdc_perf.ports import free_port
from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local import mongodb
from cdc_perf.stack.local.layout import Layout
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.catalogue import catalogue
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.consumer_process import (
    DEADLINE_SECONDS,
    ConsumerProcess,
    Lane,
    Record,
    event,
    lane,
    settle,
)

pytestmark = pytest.mark.slow

SMALL = {"max.message.bytes": "10"}


@pytest.fixture
def orders(checkout: Checkout, endpoints: Endpoints, tmp_path: Path) -> Iterator[Lane]:
    with lane(checkout, endpoints, tmp_path) as made:
        yield made


class Server:
    """A MongoDB-wire server of the test's own, to be stopped and started again."""

    def __init__(self, checkout: Checkout, folder: Path) -> None:
        cache = Cache.of_environment()
        tool = catalogue(checkout.root, cache).mongodb
        self.port = free_port()
        self._program = mongodb.program(
            Layout(folder), mongodb.find_server("", tool.version), cache.path(tool), self.port
        )
        self._running: process.Running | None = None

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._running = process.start(self._program.argv, env=self._program.environment)

    def stop(self) -> None:
        """End it; what it has acknowledged it keeps."""
        assert self._running is not None
        self._running.signal(signal.SIGTERM)
        assert self._running.ended_within(DEADLINE_SECONDS)
        self._running.wait()

    def hang(self) -> None:
        """Let it take connections and answer nothing."""
        assert self._running is not None
        os.killpg(self._running.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._running is not None
        os.killpg(self._running.pid, signal.SIGCONT)

    def discard(self) -> None:
        if self._running is not None and self._running.alive:
            self._running.kill_group()
            self._running.wait()


@pytest.fixture
def server(checkout: Checkout, tmp_path: Path) -> Iterator[Server]:
    made = Server(checkout, tmp_path / "server")
    made.start()
    yield made
    made.discard()


@pytest.fixture
def apart(
    checkout: Checkout, endpoints: Endpoints, tmp_path: Path, server: Server
) -> Iterator[Lane]:
    """Provide a lane whose MongoDB is the test's own."""
    with lane(checkout, endpoints, tmp_path, mongodb_uri=server.uri) as made:
        made.create_topics()
        yield made


def rows(count: int, *, start: int = 0, partitions: int = 1) -> list[Record]:
    """Return inserts of rows of their own, in turn over the partitions."""
    return [
        Record(*_pair(number), partition=number % partitions)
        for number in range(start, start + count)
    ]


def _pair(number: int) -> tuple[object, object]:
    made = event(number + 1, "c", f"row-{number}", status="open")
    return made.key, made.value


def wait_documents(orders: Lane, consumer: ConsumerProcess, least: int) -> None:
    def probe() -> None:
        found = orders.collection().count_documents({})
        if found < least:
            raise NotReady(f"{found} of {least} documents are there")

    consumer.wait(probe, f"{least} documents")


def wait_log(consumer: ConsumerProcess, text: str) -> None:
    def probe() -> None:
        if text not in consumer.log:
            raise NotReady(f"the log does not say {text!r}")

    consumer.wait(probe, f"the line {text!r}")


def test_a_kill_between_write_and_commit_loses_nothing_and_changes_nothing(orders: Lane) -> None:
    # The dead letter cannot be delivered, so the batch stays written and not acknowledged.
    orders.create_topics(dead_letter=SMALL)
    records = [Record({"id": "x"}, b"{"), *rows(20)]
    orders.produce(records)
    consumer = orders.start()
    wait_documents(orders, consumer, 20)
    wait_log(consumer, 'retry what="dead letter"')
    assert orders.committed() == 0
    consumer.kill()
    before = orders.documents()
    assert len(before) == 20
    set_largest_message(orders, "1048588")
    orders.produce(rows(5, start=20))
    again = orders.start()
    metrics = again.wait_counted(26)
    after = orders.documents()
    assert {name: after[name] for name in before} == before
    assert len(after) == 25
    assert metrics["cdc_consumer_stale_events_total"] == 20
    assert metrics["cdc_consumer_events_total"] == 5
    assert len(orders.dead_letters()) == 1
    assert again.stop() == 0
    assert orders.committed() == orders.end() == 26


def set_largest_message(orders: Lane, size: str) -> None:
    entry = ConfigEntry("max.message.bytes", size, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(
        ResourceType.TOPIC, orders.dead_letter_topic, incremental_configs=[entry]
    )
    settle(orders.admin.incremental_alter_configs([resource]).values())


def test_a_kill_in_the_middle_of_a_backlog_loses_nothing(orders: Lane) -> None:
    orders.create_topics()
    orders.produce(rows(3000))
    consumer = orders.start(max_batch_size=100)
    wait_documents(orders, consumer, 100)
    consumer.kill()
    before = orders.documents()
    assert orders.committed() <= len(before) < 3000
    again = orders.start()
    wait_documents(orders, again, 3000)
    after = orders.documents()
    assert {name: after[name] for name in before} == before
    assert again.stop() == 0
    assert orders.committed() == 3000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_a_stop_finishes_the_batch_in_hand_and_commits_it(
    orders: Lane, number: signal.Signals
) -> None:
    orders.create_topics()
    orders.produce(rows(3000))
    consumer = orders.start(max_batch_size=100)
    wait_documents(orders, consumer, 100)
    consumer.signal(number)
    assert consumer.ended() == 0, consumer.log
    # Each row has a document of its own, so documents and records done are the same number.
    done = orders.collection().count_documents({})
    assert 0 < done < 3000
    assert orders.committed() == done
    assert f"stopping signal={number.name}" in consumer.log
    assert consumer.log.splitlines()[-1].endswith(" stopped")


def test_a_stop_at_rest_leaves_nothing_to_read_again(orders: Lane) -> None:
    orders.create_topics()
    consumer = orders.start()
    orders.produce(rows(50))
    wait_documents(orders, consumer, 50)
    # At once: before the next commit in the background.
    assert consumer.stop() == 0
    assert orders.committed() == orders.end() == 50


def test_partitions_move_to_a_second_consumer_and_back_without_a_loss(orders: Lane) -> None:
    orders.create_topics(partitions=2)
    both = [f"{orders.topic()}/0", f"{orders.topic()}/1"]
    orders.produce(rows(1500, partitions=2))
    first = orders.start(max_batch_size=100)
    # It joins while the first one works.
    second = orders.start(max_batch_size=100)
    orders.produce(rows(500, start=1500, partitions=2))
    wait_partitions(first, 1)
    wait_partitions(second, 1)
    assert sorted((*first.partitions(), *second.partitions())) == both
    wait_documents(orders, second, 2000)
    assert second.stop() == 0
    orders.produce(rows(100, start=2000, partitions=2))
    wait_documents(orders, first, 2100)
    assert first.partitions() == both
    assert first.stop() == 0
    assert [orders.committed(0), orders.committed(1)] == [1050, 1050]
    assert orders.dead_letters() == []


def wait_partitions(consumer: ConsumerProcess, count: int) -> None:
    def probe() -> None:
        found = consumer.partitions()
        if len(found) != count:
            raise NotReady(f"it has {found}")

    consumer.wait(probe, f"{count} partitions")


@pytest.mark.parametrize("how", ["stopped", "hanging"])
def test_an_outage_of_mongodb_is_waited_for(apart: Lane, server: Server, how: str) -> None:
    consumer = apart.start()
    apart.produce(rows(10))
    consumer.wait_counted(10)
    if how == "stopped":
        server.stop()
    else:
        server.hang()
    apart.produce(rows(10, start=10))
    wait_not_ready(consumer)
    assert consumer.get("/healthz").ok
    if how == "stopped":
        wait_log(consumer, "retry what=write")
        assert apart.committed() <= 10
        server.start()
    else:
        server.go_on()
    metrics = consumer.wait_counted(20)
    assert metrics["cdc_consumer_events_total"] == 20
    assert metrics["cdc_consumer_stale_events_total"] == 0
    assert len(apart.documents()) == 20
    consumer.wait_ready()
    assert consumer.stop() == 0
    assert apart.committed() == 20


class SlowWrites:
    """A way to a server on which each write takes long, and everything else does not."""

    def __init__(self, port: int, seconds: float) -> None:
        self._target = ("127.0.0.1", port)
        self._seconds = seconds
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._over.set()
        # It may wait for the next client, and closing alone would not end that.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._over.is_set():
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._target) as server:
            back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
            back.start()
            self._pump(client, server)
            back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                # The first element of a command is its name: a text of BSON (type 2).
                if b"\x02update\0" in data:
                    self._over.wait(self._seconds)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


def test_a_batch_that_takes_long_is_no_hang(
    checkout: Checkout, endpoints: Endpoints, tmp_path: Path, server: Server
) -> None:
    """At least four writes of one batch, one after the other, each of which takes 6 s."""
    slow = SlowWrites(server.port, 6.0)
    with lane(checkout, endpoints, tmp_path, mongodb_uri=slow.uri) as orders:
        orders.create_topics()
        consumer = orders.start()
        # No BSON holds the last one's number, so the row's events are written one by one.
        # The first event may be a batch of its own.
        events = [event(number, "u", "row", status=str(number)) for number in range(1, 6)]
        orders.produce([*events, event(6, "u", "row", status=2**70)])
        health: list[tuple[int, dict[str, Any]]] = []

        def written() -> None:
            answer = consumer.get("/healthz")
            health.append((answer.status_code, answer.json()))
            if len(orders.dead_letters()) != 1:
                raise NotReady("it is not finished")

        wait_until(written, what="the batch", deadline_seconds=60, interval_seconds=0.2)
        slow.close()
    assert {status for status, _ in health} == {200}
    writing = [body for _, body in health if body["doing"] == "write"]
    # Each answer counts, though the batch goes on.
    assert max(body["seconds"] for body in writing) > 20
    assert max(body["quiet_seconds"] for body in writing) < 10


def wait_not_ready(consumer: ConsumerProcess) -> None:
    def probe() -> None:
        answer = consumer.get("/readyz")
        if answer.ok:
            raise NotReady("it says that it is ready")
        assert "MongoDB does not answer" in answer.text

    consumer.wait(probe, "the news that MongoDB is gone")


def test_an_outage_that_does_not_end_ends_the_consumer_with_3(apart: Lane, server: Server) -> None:
    consumer = apart.start(retry_seconds=0.5)
    apart.produce(rows(10))
    consumer.wait_counted(10)
    server.stop()
    apart.produce(rows(10, start=10))
    assert consumer.ended() == 3
    assert "cdc-consumer: write: " in consumer.log
    assert "(retried for 0.5 s)" in consumer.log
    assert apart.committed() == 10
    # Its successor takes up where it gave up.
    server.start()
    successor = apart.start()
    successor.wait_counted(10)
    assert len(apart.documents()) == 20


def test_a_static_member_that_cannot_begin_ends_each_time(apart: Lane, server: Server) -> None:
    consumer = apart.start(instance="one")
    apart.produce(rows(10))
    consumer.wait_counted(10)
    server.stop()
    consumer.kill()
    # The group would assign it partitions at once.
    for _ in range(4):
        again = apart.start(retry_seconds=0.5, ready=False, instance="one")
        assert again.ended() == 3
        assert "cdc-consumer: build info: " in again.log
    apart.produce(rows(10, start=10))
    server.start()
    apart.start(instance="one").wait_counted(10)
    assert len(apart.documents()) == 20


def test_a_stop_during_an_outage_is_soon_over_and_commits_nothing(
    apart: Lane, server: Server
) -> None:
    consumer = apart.start()
    server.stop()
    apart.produce(rows(10))
    wait_log(consumer, "retry what=write")
    assert consumer.stop() == 3
    assert apart.committed() == 0


@pytest.mark.parametrize(
    ("changes", "arguments", "line"),
    [
        pytest.param({}, [], "usage: python -m cdc_consumer PIPELINE_TOML", id="no argument"),
        pytest.param({}, ["none.toml"], "none.toml: No such file", id="no file"),
        pytest.param({"CDC_HTTP_LISTEN": "x"}, None, "'x' is not host:port", id="bad address"),
        pytest.param({"CDC_KAFKA_BOOTSTRAP": ""}, None, "CDC_KAFKA_BOOTSTRAP is not", id="unset"),
        pytest.param({"CDC_MONGODB_URI": "http://h"}, None, "CDC_MONGODB_URI: ", id="no URI"),
        pytest.param({"CDC_MONGODB_URI": "mongodb://h:x"}, None, "CDC_MONGODB_URI: ", id="port"),
        pytest.param(
            {"CDC_MONGODB_URI": "mongodb://h/?w=0"}, None, "w=0 would lose", id="unacknowledged"
        ),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_2(
    orders: Lane, changes: dict[str, str], arguments: list[str] | None, line: str
) -> None:
    ended = run_to_its_end(orders, changes, arguments)
    assert ended.exit_code == 2
    (said,) = ended.output.splitlines()
    assert said.startswith("cdc-consumer: ")
    assert line in said


def test_a_port_that_is_taken_is_one_line_and_exit_code_2(orders: Lane) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run_to_its_end(orders, {"CDC_HTTP_LISTEN": f"127.0.0.1:{port}"}, None)
    assert ended.exit_code == 2
    assert ended.output == (
        f"cdc-consumer: CDC_HTTP_LISTEN: cannot listen on 127.0.0.1:{port}: Address already in use"
    )


def run_to_its_end(
    orders: Lane, changes: dict[str, str], arguments: list[str] | None
) -> process.Completed:
    settings = [str(orders.write_settings("pipeline.toml"))] if arguments is None else arguments
    return process.run(
        [sys.executable, "-m", "cdc_consumer", *settings],
        env={**orders.environment(free_port()), **changes},
        timeout_seconds=20,
        check=False,
    )
