"""`inv check`, of a running pipeline as its own stack and as an external one."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pymongo import MongoClient

from cdc_perf import process
from cdc_perf.errors import ExitCode
from cdc_perf.settings.pipeline import CANARY_TABLE
from cdc_perf.stack import source
from cdc_perf.stack.endpoints import Endpoints
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv

ADDRESSES = ("postgres_dsn", "kafka_bootstrap", "connect_url", "mongodb_uri", "consumer_url")
# On top of the start of the program and the answers of the components, as `inv status` has them:
# both depend on what else the machine does.
MOST_SECONDS = 5.0
# One of each: a table, a column, a key, a group, a slot, and a publication.
FAULTS = {
    '"public.address"': '"public.adress"',
    'key = ["id"]\ntarget = "orders"': 'key = ["note"]\ntarget = "orders"',
    'target = "order_item"': 'target = "order_item"\nnot_compared = ["nothing"]',
    'consumer_group = "cdc-consumer"': 'consumer_group = "nobody"',
    'slot = "cdc_slot"': 'slot = "no_slot"',
    'publication = "cdc_publication"': 'publication = "cdc_publicaton"',
}
SAID = (
    "pipeline.toml: tables[1].table: PostgreSQL has no public.adress",
    "pipeline.toml: tables[2].key: (note) is not the key of public.orders",
    "pipeline.toml: tables[3].not_compared: public.order_item has no column nothing",
    "pipeline.toml: kafka.consumer_group: the group nobody ",
    "pipeline.toml: postgres.slot: PostgreSQL has no replication slot no_slot",
    "pipeline.toml: postgres.publication: PostgreSQL has no publication cdc_publicaton",
    "connector postgres-cdc-connector: publication.name is cdc_publication",
    "connector postgres-cdc-connector: slot.name is cdc_slot",
)


@pytest.fixture
def given(endpoints: Endpoints) -> dict[str, str]:
    return {f"CDC_{name.upper()}": getattr(endpoints, name) for name in ADDRESSES}


@pytest.fixture
def inv(tmp_path: Path) -> Inv:
    return Inv(copy_checkout(tmp_path / "checkout"))


def timed(inv: Inv, given: dict[str, str], *words: str) -> tuple[float, process.Completed]:
    """Run a command; return its duration in seconds, and how it ended."""
    began = time.monotonic()
    completed = inv(*words, env=given)
    return time.monotonic() - began, completed


def position(endpoints: Endpoints) -> object:
    """Return what changes with each write to the tables."""
    written = (
        "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables, "
        "(SELECT pg_stat_force_next_flush()) f"
    )
    with source.connect(endpoints.postgres_dsn) as connection:
        rows = connection.execute("SELECT count(*) FROM customer").fetchone()
        return rows, connection.execute(written).fetchone()


def left_over(endpoints: Endpoints) -> tuple[int, int]:
    """Return the canary rows in PostgreSQL, and in MongoDB without delete markers."""
    with (
        source.connect(endpoints.postgres_dsn) as connection,
        MongoClient[dict[str, object]](endpoints.mongodb_uri) as client,
    ):
        row = connection.execute("SELECT count(*) FROM cdc_perf_canary").fetchone()
        assert row is not None
        collection = client[endpoints.mongodb_database]["cdc_perf_canary"]
        return row[0], collection.count_documents({"_cdc.op": {"$ne": "d"}})


def test_an_external_pipeline_is_only_read(
    inv: Inv, given: dict[str, str], endpoints: Endpoints
) -> None:
    before = position(endpoints)
    status, _ = timed(inv, given, "status", "--stack", "external")
    seconds, completed = timed(inv, given, "check", "--stack", "external", "--json")
    assert seconds - status < MOST_SECONDS
    assert completed.exit_code == ExitCode.PASS, completed.last_lines
    results = {each["check"]: each for each in json.loads(completed.output)}
    assert results.pop("canary")["detail"] == "it writes a row: add --yes"
    assert {each["state"] for each in results.values()} == {"ok"}, results
    assert not any(each["warnings"] for each in results.values())
    assert position(endpoints) == before


def test_the_canary_goes_through_every_hop_and_leaves_no_row(
    inv: Inv, given: dict[str, str], endpoints: Endpoints
) -> None:
    completed = inv("check", "--stack", "external", "--yes", env=given)
    assert completed.exit_code == ExitCode.PASS, completed.last_lines
    assert "through every hop in" in completed.output
    assert "its delete marker expires after" in completed.output
    assert "its records in the topic cdc.public.cdc_perf_canary expire" in completed.output
    assert left_over(endpoints) == (0, 0)


def test_every_error_is_shown_at_once(
    inv: Inv, given: dict[str, str], endpoints: Endpoints
) -> None:
    settings = inv.checkout.pipeline_file
    text = settings.read_text(encoding="utf-8")
    for old, new in FAULTS.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    settings.write_text(text, encoding="utf-8")
    before = position(endpoints)
    status, _ = timed(inv, given, "status", "--stack", "external")
    seconds, completed = timed(inv, given, "check", "--stack", "external", "--yes")
    assert seconds - status < MOST_SECONDS
    assert completed.exit_code == ExitCode.USAGE, completed.output
    for line in SAID:
        assert line in completed.output
    assert "did you mean public.address" in completed.output
    assert "skipped (a check failed)" in completed.output
    # Every command shows the same list before it writes.
    up = inv("up", "--stack", "external", "--yes", env=given)
    assert up.exit_code == ExitCode.USAGE
    shown = "\n".join(up.last_lines)
    assert all(line in shown for line in SAID), shown
    perf = inv("perf", "--stack", "external", "--yes", "--scenarios", "baseline", env=given)
    assert perf.exit_code == ExitCode.USAGE
    assert all(line in "\n".join(perf.last_lines) for line in SAID)
    assert position(endpoints) == before


def test_a_component_that_does_not_answer_leaves_the_other_checks(
    inv: Inv, given: dict[str, str]
) -> None:
    given["CDC_KAFKA_BOOTSTRAP"] = "127.0.0.1:1"
    completed = inv("check", "--stack", "external", "--json", env=given)
    # The stack is more severe than a setting.
    assert completed.exit_code == ExitCode.STACK
    results = {each["check"]: each for each in json.loads(completed.output)}
    assert results["kafka"]["state"] == "failed"
    assert results["topics"]["state"] == "skipped"
    assert results["key"]["state"] == results["replication slot"]["state"] == "ok"


def test_a_remedy_does_not_create_a_second_connector(inv: Inv, given: dict[str, str]) -> None:
    settings = inv.checkout.pipeline_file
    text = settings.read_text(encoding="utf-8")
    renamed = text.replace('name = "postgres-cdc-connector"', 'name = "other"')
    settings.write_text(renamed, encoding="utf-8")
    completed = inv("check", "--stack", "external", env=given)
    assert completed.exit_code == ExitCode.USAGE
    assert "Kafka Connect has no connector other; it has postgres-cdc-conn" in completed.output
    assert "deploy" not in completed.output


@pytest.fixture
def unpublished(endpoints: Endpoints) -> Iterator[None]:
    change = f"ALTER PUBLICATION cdc_publication {{}} TABLE {CANARY_TABLE}"
    with source.connect(endpoints.postgres_dsn) as connection:
        connection.execute(change.format("DROP").encode())
        yield
        connection.execute(change.format("ADD").encode())


@pytest.mark.usefixtures("unpublished")
def test_without_the_table_of_the_canary_a_row_of_another_one_takes_its_place(
    inv: Inv, given: dict[str, str], endpoints: Endpoints
) -> None:
    completed = inv("check", "--stack", "external", "--yes", env=given)
    assert completed.exit_code == ExitCode.PASS, completed.last_lines
    assert f'ALTER PUBLICATION "cdc_publication" ADD TABLE {CANARY_TABLE}' in completed.output
    assert "one row of public.customer takes its place" in completed.output
    assert "through every hop in" in completed.output
    with psycopg.connect(endpoints.postgres_dsn) as connection:
        rows = "SELECT count(*) FROM customer WHERE email LIKE 'cdc-perf-%'"
        assert connection.execute(rows).fetchone() == (0,)
