"""`inv perf --observe-only` on the real stack, which another program loads or leaves alone."""

import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pymongo import MongoClient

from cdc_perf.errors import ExitCode
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local import postgres
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.layout import Layout
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.inv import Inv, read

PER_SECOND = 20
OTHERS = "others"
INSERT = "INSERT INTO customer (id, email) VALUES (%s, %s)"
# With the session's program first, and the statement's first word.
LOGGED = re.compile(r"^<([^>]*)> LOG:  (?:statement|execute [^:]*): *(\w+)", re.MULTILINE)
READING = {
    *("SELECT", "SHOW", "DECLARE", "FETCH", "CLOSE"),
    *("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET"),
}


# What holds on a busy machine too: what is tested is the harness, not the machine.
GENEROUS = {
    "hop_source_to_debezium": {"p95": 60_000},
    "hop_total": {"p95": 60_000},
    "consumer_lag": {"max": 10_000},
}


@pytest.fixture
def inv(checkout: Checkout, stack: LocalStack) -> Iterator[Inv]:
    """The command in the checkout whose stack is up; its settings are put back."""
    before = checkout.thresholds_file.read_bytes()
    inv = Inv(checkout)
    inv.set_limits({"observe": GENEROUS})
    yield inv
    checkout.thresholds_file.write_bytes(before)


@contextmanager
def traffic(endpoints: Endpoints) -> Iterator[None]:
    """Insert and update customers, as a program that knows nothing of the harness."""
    ending = threading.Event()

    def write() -> None:
        dsn = make_conninfo(endpoints.postgres_dsn, application_name=OTHERS)
        with psycopg.connect(dsn, autocommit=True) as connection:
            while not ending.wait(1 / PER_SECOND):
                identity = str(uuid.uuid4())
                connection.execute(INSERT, (identity, f"{identity}@e.test"))
                connection.execute("UPDATE customer SET status = 'x' WHERE id = %s", (identity,))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        ending.set()
        writer.join()


@contextmanager
def statements(checkout: Checkout, pipeline: Pipeline, endpoints: Endpoints) -> Iterator[Path]:
    """Have PostgreSQL log every statement with its session's program; yield its log."""
    layout = Layout(checkout.stack)
    address = conninfo_to_dict(endpoints.postgres_dsn)
    del address["password"]
    address["user"] = postgres.superuser(pipeline.postgres)
    admin = make_conninfo("", passfile=str(layout.admin_password), **address)
    settings = {"log_statement": "'all'", "log_line_prefix": "'<%a> '"}

    def apply(*words: str) -> None:
        with psycopg.connect(admin, autocommit=True) as connection:
            for word in words:
                connection.execute(f"ALTER SYSTEM {word}".encode())
            connection.execute("SELECT pg_reload_conf()")

    apply(*(f"SET {name} = {value}" for name, value in settings.items()))
    try:
        yield layout.log("postgres")
    finally:
        apply(*(f"RESET {name}" for name in settings))


@contextmanager
def untouched(checkout: Checkout, pipeline: Pipeline, endpoints: Endpoints) -> Iterator[None]:
    """Check that in the block only the others write to PostgreSQL, and nobody makes topics."""
    with traffic(endpoints), statements(checkout, pipeline, endpoints) as log:
        (topics, groups), logged = in_kafka(endpoints), log.stat().st_size
        yield
        with log.open(encoding="utf-8", errors="replace") as lines:
            lines.seek(logged)
            found = LOGGED.findall(lines.read())
        topics_after, groups_after = in_kafka(endpoints)
        assert topics_after == topics
        # The broker removes a group of an earlier test that is empty, every ten minutes.
        assert groups_after <= groups
    assert {word for program, word in found if program == OTHERS} == {"INSERT", "UPDATE"}
    harness = {word.upper() for program, word in found if program != OTHERS}
    assert "SELECT" in harness
    assert harness - READING == set()


def in_kafka(endpoints: Endpoints) -> tuple[set[str], set[str]]:
    """Return the names of the topics and of the consumer groups.

    Not those that Kafka and Debezium make for themselves, such as that of the heartbeats.
    """
    admin = AdminClient({"bootstrap.servers": endpoints.kafka_bootstrap})
    groups = admin.list_consumer_groups(request_timeout=10).result().valid
    topics = {name for name in admin.list_topics(timeout=10).topics if not name.startswith("__")}
    return topics, {group.group_id for group in groups}


def test_a_pipeline_that_others_load_is_judged_and_nothing_is_written(
    inv: Inv, pipeline: Pipeline, endpoints: Endpoints
) -> None:
    with untouched(inv.checkout, pipeline, endpoints):
        completed = inv("perf", "--observe-only", "15s", "--name", "others")
    assert completed.exit_code == ExitCode.PASS, completed.output

    run = inv.run_of(completed)
    assert [path.name for path in run.iterdir() if path.is_dir()].count("observe") == 1
    hops = {hop["hop"]: hop for hop in read(run / "observe" / "hops.json")["hops"]}
    # Two changes a row, at least half of what is written on a machine that is not busy.
    assert hops["total"]["events"] > 15 * PER_SECOND
    assert all(hop["p95"] is not None for hop in hops.values())
    integrity = read(run / "observe" / "integrity.json")
    assert (integrity["findings"], integrity["acknowledged"]) == ([], None)
    # Only the rows that had events are compared.
    assert integrity["scope"] == "topics"
    assert sum(table["rows"] for table in integrity["tables"]) > 7 * PER_SECOND
    assert sum(topic["events"] for topic in integrity["topics"]) > 15 * PER_SECOND
    verdict = read(run / "observe" / "verdict.json")
    assert {x["metric"] for x in verdict["thresholds"]} == GENEROUS.keys()
    manifest = read(run / "run.json")
    assert manifest["versions"]["k6"] == ""
    assert [(x["name"], x["k6_exit_code"]) for x in manifest["scenarios"]] == [("observe", None)]
    assert "What this report lacks" not in (run / "report.html").read_text(encoding="utf-8")

    for words, said in (
        (("runs", "--scenario", "observe", "--name", "others"), run.name),
        (("compare", run.name, run.name), "commit to MongoDB p95, ms"),
        (("history", "observe"), run.name),
        (("report", run.name), "report.html"),
        (("publish", run.name), "observe"),
    ):
        shown = inv(*words)
        assert shown.exit_code == 0, shown.output
        assert said in shown.output


def test_an_external_pipeline_without_our_consumer_is_judged_without_consent(
    inv: Inv, pipeline: Pipeline, endpoints: Endpoints
) -> None:
    inv.set_limits({"observe": {"hop_debezium_to_kafka": {"p95": 60_000}}})
    addresses = {**endpoints.environment(), "CDC_CONSUMER_URL": ""}
    words = ("perf", "--observe-only", "10s", "--stack", "external")
    with untouched(inv.checkout, pipeline, endpoints):
        completed = inv(*words, env=addresses)
        # A hop that only cdc-consumer measures is refused, and says what to do.
        inv.set_limits({"observe": {"hop_total": {"p95": 60_000}}})
        refused = inv(*words, env=addresses)
    assert completed.exit_code == ExitCode.PASS, completed.output
    found = read(inv.run_of(completed) / "observe" / "hops.json")
    assert [hop["hop"] for hop in found["hops"]] == ["source_to_debezium", "debezium_to_kafka"]
    assert all(hop["events"] > 5 * PER_SECOND for hop in found["hops"])
    assert "the total are unknown" in found["missing"]
    assert "PostgreSQL to Debezium" in completed.output
    assert refused.exit_code == ExitCode.USAGE
    assert "observe.hop_total: cannot be measured" in refused.output
    assert '{"observe": {"hop_total": null}}' in refused.output


def test_a_lost_document_of_a_row_that_was_seen_is_a_failure(
    inv: Inv, endpoints: Endpoints
) -> None:
    known = inv.runs()
    identity = str(uuid.uuid4())
    with (
        traffic(endpoints),
        MongoClient[dict[str, object]](endpoints.mongodb_uri) as client,
        psycopg.connect(endpoints.postgres_dsn, autocommit=True) as connection,
    ):
        customers = client[endpoints.mongodb_database]["customer"]
        running = inv.start("perf", "--observe-only", "10s")

        def observing() -> None:
            paths = (inv.checkout.results / name / "observe" for name in inv.runs() - known)
            if not any((path / "gauges.json.gz").exists() for path in paths):
                raise NotReady("the observation has not begun")

        def arrived() -> dict[str, object]:
            document = customers.find_one({"_id": identity})
            if document is None:
                raise NotReady("the document is not there")
            return document

        wait_until(observing, what="the observation", deadline_seconds=60)
        connection.execute(INSERT, (identity, "lost@e.test"))
        lost = wait_until(arrived, what="the document", deadline_seconds=20)
        customers.delete_one({"_id": identity})
        try:
            completed = running.wait()
        finally:
            customers.insert_one(lost)
    said = "\n".join(completed.last_lines)
    assert completed.exit_code == ExitCode.FAIL, said
    assert identity in said
    (finding,) = read(inv.run_of(completed) / "observe" / "integrity.json")["findings"]
    assert [sample["id"] for sample in finding["samples"]] == [identity]


def test_a_pipeline_without_traffic_is_no_data(inv: Inv) -> None:
    completed = inv("perf", "--observe-only", "3s")
    assert completed.exit_code == ExitCode.NO_DATA, completed.output
    assert "nothing was seen: no event arrived in the topics in 3 s" in completed.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scenarios", "baseline"), "--scenarios: cannot be combined with --observe-only"),
        (("--vus", "5"), "--vus: cannot be combined with --observe-only"),
    ],
)
def test_an_observation_makes_no_load(inv: Inv, words: tuple[str, ...], said: str) -> None:
    completed = inv("perf", "--observe-only", "1s", *words)
    assert completed.exit_code == ExitCode.USAGE
    assert said in completed.output
