"""What is wrong with an external pipeline, found before anything is written to it.

The embedded stack is the external one; nothing of it is changed except by the tests' own slots,
topics, and schema.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import msgspec
import psycopg
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from cdc_perf.errors import ExitCode, StackFailure
from cdc_perf.settings.pipeline import Connector, Pipeline, PostgresSink, Table
from cdc_perf.stack import source
from cdc_perf.stack.canary import DEADLINE_SECONDS, run_canary
from cdc_perf.stack.checks.broker import Broker
from cdc_perf.stack.checks.capture import ANY_SOURCE
from cdc_perf.stack.checks.results import expect_passed
from cdc_perf.stack.checks.sequence import check_pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.external.backend import ExternalStack
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv
from tests.unit.stack.debezium_records import ID, envelope, flat

pytestmark = pytest.mark.slow

ADDRESSES = ("postgres_dsn", "kafka_bootstrap", "connect_url", "mongodb_uri", "consumer_url")
SLOTS = ("test_idle", "test_elsewhere", "test_physical")


def given(endpoints: Endpoints, *, connect: bool = True) -> dict[str, str]:
    """Return the addresses as variables; without Connect, the connector is unknown."""
    names = [name for name in ADDRESSES if connect or name != "connect_url"]
    return {f"CDC_{name.upper()}": getattr(endpoints, name) for name in names}


def verify(pipeline: Pipeline, endpoints: Endpoints, *, connect: bool = True) -> None:
    ExternalStack(pipeline, given(endpoints, connect=connect), Path("/ours")).verify()


def fault(pipeline: Pipeline, endpoints: Endpoints, *, connect: bool = True) -> str:
    """Return the one line that a wrong pipeline is refused with."""
    with pytest.raises(StackFailure) as caught:
        verify(pipeline, endpoints, connect=connect)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


def changed(pipeline: Pipeline, section: str, **values: object) -> Pipeline:
    part = msgspec.structs.replace(getattr(pipeline, section), **values)
    return msgspec.structs.replace(pipeline, **{section: part})


def test_a_healthy_pipeline_passes_without_a_warning(
    pipeline: Pipeline, endpoints: Endpoints, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        for connect in (True, False):
            verify(pipeline, endpoints, connect=connect)
    assert "warning" not in caplog.text


@pytest.fixture
def slots(endpoints: Endpoints) -> Iterator[None]:
    idle, elsewhere, physical = SLOTS
    create = "SELECT pg_create_logical_replication_slot(%s, 'pgoutput')"
    other = psycopg.conninfo.make_conninfo(endpoints.postgres_dsn, dbname="postgres")
    with source.connect(endpoints.postgres_dsn) as here, source.connect(other) as there:
        try:
            here.execute(create, (idle,))
            here.execute("SELECT pg_create_physical_replication_slot(%s)", (physical,))
            there.execute(create, (elsewhere,))
            yield
        finally:
            drop = (
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                "WHERE slot_name = %s AND (database IS NULL OR database = current_database())"
            )
            for connection in (here, there):
                for name in SLOTS:
                    connection.execute(drop, (name,))


@pytest.mark.usefixtures("slots")
@pytest.mark.parametrize(
    ("slot", "part"),
    [
        ("test_missing", "PostgreSQL has no replication slot test_missing; other slots: cdc_slot"),
        ("test_idle", "test_idle is inactive: no connector reads from it; other slots: cdc_slot"),
        ("test_elsewhere", "is a slot of the database postgres, not of cdc"),
        ("test_physical", "is a physical slot"),
    ],
)
def test_a_wrong_slot_is_refused_with_those_that_there_are(
    pipeline: Pipeline, endpoints: Endpoints, slot: str, part: str
) -> None:
    wrong = changed(pipeline, "postgres", slot=slot)
    found = fault(wrong, endpoints, connect=False)
    assert found.startswith("pipeline.toml: postgres.slot: ")
    assert part in found
    # The connector's own configuration says it too.
    assert "slot.name is cdc_slot" in fault(wrong, endpoints)


def test_a_wrong_prefix_is_refused_with_the_topic_that_there_is(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    wrong = changed(pipeline, "kafka", topic_prefix="cdcs")
    assert "did you mean cdc.public.customer?" in fault(wrong, endpoints, connect=False)
    assert "topic.prefix is cdc" in fault(wrong, endpoints)


def test_a_wrong_group_is_refused_with_the_one_that_reads_the_topics(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    found = fault(changed(pipeline, "kafka", consumer_group="nobody"), endpoints)
    assert found.startswith("pipeline.toml: kafka.consumer_group: the group nobody ")
    assert found.endswith("the groups that do: cdc-consumer")


def test_a_group_reads_what_is_assigned_to_its_members(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    with closing(Broker(endpoints, "")) as broker:
        states = broker.describe(["cdc-consumer", "nobody"])
    assert states["cdc-consumer"].topics == {pipeline.topic(x) for x in pipeline.captured}
    assert states["cdc-consumer"].settled
    assert states["nobody"].topics == frozenset()


def test_a_plugin_that_the_worker_lacks_is_refused(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    sink = Connector("sink", {"connector.class": "com.example.NoSinkConnector"})
    found = fault(msgspec.structs.replace(pipeline, sink_connector=sink), endpoints)
    assert "Kafka Connect has no connector com.example.NoSinkConnector" in found


@pytest.fixture
def formed(pipeline: Pipeline, endpoints: Endpoints) -> Iterator[Pipeline]:
    """A pipeline with an empty topic for each table, and no group."""
    found = changed(pipeline, "kafka", topic_prefix="forms", consumer_group="")
    names = [found.topic(table) for table in found.tables]
    admin = AdminClient({"bootstrap.servers": endpoints.kafka_bootstrap})
    for answer in admin.create_topics(
        [NewTopic(name, num_partitions=2) for name in names]
    ).values():
        answer.result()
    yield found
    for answer in admin.delete_topics(names).values():
        answer.result()


def send(endpoints: Endpoints, topic: str, *values: bytes | None) -> None:
    producer = Producer({"bootstrap.servers": endpoints.kafka_bootstrap})
    key = msgspec.json.encode({"id": ID})
    for value in values:
        producer.produce(topic, key=key, value=value)
    assert producer.flush(10) == 0


def test_the_form_of_the_last_event_is_found(
    formed: Pipeline, endpoints: Endpoints, caplog: pytest.LogCaptureFixture
) -> None:
    customer, address = (formed.topic(table) for table in formed.tables[:2])
    without_consumer = msgspec.structs.replace(formed, consumer=None)
    # Empty topics: the canary's event is checked later.
    verify(formed, endpoints, connect=False)
    send(endpoints, customer, b"\0\0\0\0\x07secret", None)
    found = fault(without_consumer, endpoints, connect=False)
    assert "is not JSON, but Avro" in found
    assert "secret" not in found
    send(endpoints, address, msgspec.json.encode(envelope()))
    # The newer record, of another topic, is one that this pipeline reads.
    with caplog.at_level("INFO"):
        verify(without_consumer, endpoints, connect=False)
    assert f"warning: topic {customer}: its last record" in caplog.text
    assert "is in Debezium's envelope" in fault(formed, endpoints, connect=False)
    send(endpoints, address, msgspec.json.encode({"id": ID, "email": "a"}))
    assert "without __op and __source_lsn" in fault(formed, endpoints, connect=False)
    send(endpoints, customer, msgspec.json.encode(flat("d")), None)
    verify(formed, endpoints, connect=False)


def test_the_reason_ends_the_wait_for_a_canary_that_cannot_arrive(
    pipeline: Pipeline, endpoints: Endpoints
) -> None:
    def explain() -> None:
        raise StackFailure("the reason")

    elsewhere = msgspec.structs.replace(endpoints, mongodb_database="elsewhere")
    began = time.monotonic()
    with pytest.raises(StackFailure, match="the reason"):
        run_canary(pipeline, elsewhere, explain=explain)
    assert time.monotonic() - began < DEADLINE_SECONDS / 2
    with source.connect(endpoints.postgres_dsn) as connection:
        rows = "SELECT count(*) FROM cdc_perf_canary"
        assert connection.execute(rows).fetchone() == (0,)


SINK = """
CREATE SCHEMA sinks;
CREATE TABLE sinks.customer
    (id text PRIMARY KEY, "E-mail" text, status text, updated_at timestamptz);
CREATE TABLE sinks.wrong_key (id date PRIMARY KEY, email text, status text, updated_at timestamptz);
CREATE TABLE sinks.short (id uuid PRIMARY KEY, email text, state text, updated_at timestamptz);
CREATE TABLE sinks.hidden (id uuid PRIMARY KEY, email text, status text, updated_at timestamptz);
CREATE TABLE sinks."Order_Item" AS SELECT * FROM order_item WHERE false;
ALTER TABLE sinks."Order_Item" DROP COLUMN line_total;
REVOKE SELECT ON sinks.hidden FROM CURRENT_USER;
CREATE SCHEMA closed;
CREATE TABLE closed.customer (id uuid PRIMARY KEY);
REVOKE USAGE ON SCHEMA closed FROM CURRENT_USER;
"""
CLEAN = "DROP SCHEMA IF EXISTS sinks CASCADE; DROP SCHEMA IF EXISTS closed CASCADE"


@pytest.fixture(scope="module")
def sink(endpoints: Endpoints) -> Iterator[Endpoints]:
    with source.connect(endpoints.postgres_dsn) as connection:
        try:
            connection.execute(SINK.encode())
            yield msgspec.structs.replace(endpoints, sink_dsn=endpoints.postgres_dsn)
        finally:
            connection.execute("GRANT USAGE ON SCHEMA closed TO CURRENT_USER")
            connection.execute(CLEAN)


def into(pipeline: Pipeline, *tables: Table) -> Pipeline:
    return msgspec.structs.replace(
        pipeline, sink=PostgresSink("cdc", "none.sql"), tables=tables, consumer=None
    )


def customer(target: str, columns: Mapping[str, str], *not_compared: str) -> Table:
    return Table("public.customer", ("id",), target, columns, not_compared)


def test_a_sink_that_has_what_arrives_is_accepted(pipeline: Pipeline, sink: Endpoints) -> None:
    tables = (
        customer("sinks.customer", {"email": "E-mail"}),
        customer("sinks.short", {"status": "state"}),
        customer("sinks.short", {}, "status"),
        customer('sinks."customer"', {"email": "E-mail"}),
    )
    check_sink(into(pipeline, *tables), sink)


def test_a_column_that_is_not_published_need_not_arrive(
    pipeline: Pipeline, sink: Endpoints
) -> None:
    """Since version 18, a publication can carry generated columns, and this one does."""
    table = Table("public.order_item", ("id",), 'sinks."Order_Item"')
    with pytest.raises(StackFailure, match="no column line_total"):
        check_sink(into(pipeline, table), sink)
    excluded = {**pipeline.connector.config, "column.exclude.list": "public.order_item.line_total"}
    unknown = msgspec.structs.replace(sink, connect_url="")
    check_sink(changed(into(pipeline, table), "connector", config=excluded), unknown)
    with source.connect(sink.postgres_dsn) as connection:
        connection.execute("CREATE PUBLICATION plain FOR TABLE order_item")
        try:
            check_sink(changed(into(pipeline, table), "postgres", publication="plain"), sink)
        finally:
            connection.execute("DROP PUBLICATION plain")


def check_sink(pipeline: Pipeline, sink: Endpoints) -> None:
    expect_passed(check_pipeline(pipeline, sink, ANY_SOURCE))


@pytest.mark.parametrize(
    ("table", "part"),
    [
        (customer("sinks.custmer", {}), r"\.target: the sink's database cdc has no table .* mean"),
        (customer("sink.customer", {}), r"\.target: the sink's database cdc has no table"),
        (customer("sinks.customer", {}), "has no column email; did you mean E-mail"),
        (customer("sinks.short", {}), "has no column status"),
        (customer("sinks.short", {"status": "statr"}), "has no column statr; did you mean state"),
        (customer("sinks.short", {"stats": "state"}), r"\.columns: public.customer has no column"),
        (customer("sinks.short", {}, "stats"), r"\.not_compared: public.customer has no column"),
        (customer("sinks.wrong_key", {}), r"\.key: id of public.customer is uuid, but id .* date"),
        (customer("sinks.hidden", {}), "does not let cdc read id of sinks.hidden"),
        (customer("closed.customer", {}), "does not let cdc use the schema closed"),
    ],
)
def test_a_sink_that_lacks_something_is_refused(
    pipeline: Pipeline, sink: Endpoints, table: Table, part: str
) -> None:
    with pytest.raises(StackFailure) as caught:
        check_sink(into(pipeline, table), sink)
    assert re.search(part, caught.value.message)
    assert "\n" not in caught.value.message


@pytest.mark.usefixtures("slots")
def test_each_command_refuses_a_wrong_name_at_once_and_writes_nothing(
    endpoints: Endpoints, tmp_path: Path
) -> None:
    inv = Inv(copy_checkout(tmp_path / "checkout"))
    settings = inv.checkout.pipeline_file
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('= "cdc-consumer"', '= "nobody"'), encoding="utf-8")
    password = psycopg.conninfo.conninfo_to_dict(endpoints.postgres_dsn)["password"]
    with source.connect(endpoints.postgres_dsn) as connection:
        position = "SELECT max(updated_at), count(*) FROM customer"
        before = connection.execute(position).fetchone()
        for words in (("up",), ("perf", "--scenarios", "baseline"), ("integrity",)):
            completed = inv(*words, "--stack", "external", "--yes", env=given(endpoints))
            assert completed.exit_code == ExitCode.USAGE, (words, completed.last_lines)
            lines = [line for line in completed.last_lines if "kafka.consumer_group" in line]
            assert len(lines) == 1, completed.last_lines
            assert str(password) not in "".join(completed.last_lines)
        assert connection.execute(position).fetchone() == before
    assert not inv.runs()
    # Before a deployment, the slot may be unread, but has to be one that can be read.
    settings.write_text(text.replace('"cdc_slot"', '"test_physical"'), encoding="utf-8")
    completed = inv("connector.deploy", "--stack", "external", "--yes", env=given(endpoints))
    assert completed.exit_code == ExitCode.USAGE
    assert any("test_physical is a physical slot" in line for line in completed.last_lines)
    settings.write_text(text, encoding="utf-8")
    completed = inv("integrity", "--stack", "external", "--yes", env=given(endpoints))
    assert completed.exit_code == ExitCode.PASS, completed.last_lines
