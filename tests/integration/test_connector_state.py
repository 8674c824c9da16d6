"""A connector or task that does not run, on the real stack: whoever asks is told, and why."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pymongo import MongoClient

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.check import Checker
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import connector
from cdc_perf.stack.connect_api import ConnectApi
from cdc_perf.stack.connector_health import Condition, ConnectorHealth, read_health
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local.embedded import local_stack
from cdc_perf.stack.task_failure import FailureCode
from cdc_perf.tools.cache import Cache
from cdc_perf.verdict.integrity_gates import exit_code_of
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv, read

pytestmark = pytest.mark.slow

SCHEMA = """
CREATE TABLE sensor (id uuid PRIMARY KEY, status text, vals numeric[] NOT NULL);
ALTER TABLE sensor ALTER COLUMN vals SET STORAGE EXTERNAL;
ALTER TABLE sensor REPLICA IDENTITY FULL;
CREATE TABLE blob (id integer PRIMARY KEY, body text);
"""
TABLES = """
[[tables]]
table = "public.sensor"
key = ["id"]
target = "sensor"

[[tables]]
table = "public.blob"
key = ["id"]
target = "blob"

[connector]
"""
SENSOR = "0b9c8f3e-0000-4000-8000-000000000001"
LIMIT = '"producer.override.max.request.size" = "20971520"'
HIGHER = '"producer.override.max.request.size" = "31457280"'


@dataclass(frozen=True)
class Site:
    """A stack of its own, and what a test does to it."""

    checkout: Checkout
    pipeline: Pipeline
    endpoints: Endpoints
    client: MongoClient[dict[str, Any]]

    @property
    def inv(self) -> Inv:
        return Inv(self.checkout)

    @property
    def api(self) -> ConnectApi:
        return ConnectApi(self.endpoints.connect_url)

    @property
    def name(self) -> str:
        return self.pipeline.connector.name

    def execute(self, statement: str, values: Sequence[object] = ()) -> None:
        with psycopg.connect(self.endpoints.postgres_dsn, autocommit=True) as connection:
            connection.execute(statement.encode(), values or None)

    def write_blob(self, number: int, mebibytes: int) -> None:
        """Write a row of that many MiB, which do not compress."""
        self.execute(
            "INSERT INTO blob SELECT %s, string_agg(md5(n::text), '') "
            "FROM generate_series(1, %s * 32768) n",
            (number, mebibytes),
        )

    def document(self, collection: str, identity: str) -> dict[str, Any] | None:
        return self.client[self.endpoints.mongodb_database][collection].find_one({"_id": identity})

    def wait_for(self, condition: Condition) -> ConnectorHealth:
        def probe() -> ConnectorHealth:
            health = read_health(self.pipeline, self.endpoints)
            assert health is not None
            if health.condition is not condition:
                raise NotReady(f"the connector is {health.condition}")
            return health

        return wait_until(probe, what="the connector", deadline_seconds=30)

    def states(self) -> dict[str, str]:
        """Return what `inv status` says of each component."""
        rows = json.loads(self.inv("status", "--json").output)
        return {row["name"]: row["state"] for row in rows}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    checkout = copy_checkout(tmp_path_factory.mktemp("connector") / "checkout")
    schema = checkout.pipeline / "schema.sql"
    schema.write_text(schema.read_text(encoding="utf-8") + SCHEMA, encoding="utf-8")
    text = checkout.pipeline_file.read_text(encoding="utf-8")
    checkout.pipeline_file.write_text(text.replace("[connector]\n", TABLES), encoding="utf-8")
    pipeline = load_pipeline(checkout)
    stack = local_stack(checkout, pipeline, Cache.of_environment())
    endpoints = stack.up()
    try:
        with MongoClient[dict[str, Any]](endpoints.mongodb_uri) as client:
            yield Site(checkout, pipeline, endpoints, client)
    finally:
        stack.down()


@contextmanager
def whole_again(site: Site) -> Iterator[None]:
    """Raise the limit as the remedy says, and lower it again."""
    content = site.checkout.pipeline_file.read_text(encoding="utf-8")
    assert LIMIT in content
    site.checkout.pipeline_file.write_text(content.replace(LIMIT, HIGHER), encoding="utf-8")
    deployed = site.inv("connector.deploy")
    assert deployed.exit_code == ExitCode.PASS, deployed.output
    yield
    site.checkout.pipeline_file.write_text(content, encoding="utf-8")
    assert site.inv("connector.deploy").exit_code == ExitCode.PASS


def test_a_row_of_2_mb_arrives(site: Site) -> None:
    site.write_blob(1, 2)

    def arrived() -> None:
        if site.document("blob", "1") is None:
            raise NotReady("it is not in MongoDB")

    wait_until(arrived, what="the row", deadline_seconds=30)


def test_a_row_above_the_limit_is_named_by_every_command_until_the_remedy(site: Site) -> None:
    site.write_blob(2, 21)
    health = site.wait_for(Condition.FAILED)
    assert [(x.who, x.code) for x in health.failures] == [("task 0", FailureCode.RECORD_TOO_LARGE)]
    states = site.states()
    assert (states["connector"], states["connector task 0"]) == ("running", "failed")
    for words in (("up",), ("connector.restart",), ("perf", "--scenarios", "baseline")):
        completed = site.inv(*words)
        assert completed.exit_code == ExitCode.STACK, completed.output
        assert "RecordTooLargeException" in completed.output
        assert "max.request.size" in completed.output
    status = json.loads(site.inv("connector.status", "--json").output)
    assert status["condition"] == "failed"
    assert [x["code"] for x in status["failures"]] == ["record_too_large"]
    integrity = json.loads(site.inv("integrity", "--json").output)
    assert integrity["drain"]["connector"] == "failed"
    assert integrity["drain"]["seconds"] < 20
    with whole_again(site):
        site.wait_for(Condition.RUNNING)
        assert site.document("blob", "2") is not None


def test_an_unchanged_array_that_may_not_be_null_is_named_with_its_table(site: Site) -> None:
    site.execute(
        "INSERT INTO sensor SELECT %s, 'a', array_agg(n::numeric) FROM generate_series(1, 5000) n",
        (SENSOR,),
    )
    # `up` requires FULL: someone takes it back.
    site.execute("ALTER TABLE sensor REPLICA IDENTITY DEFAULT")
    site.execute("UPDATE sensor SET status = 'b'")
    health = site.wait_for(Condition.FAILED)
    (failure,) = health.failures
    assert (failure.code, failure.column) == (FailureCode.NULL_IN_REQUIRED, "vals")
    assert failure.tables == ("public.sensor",)
    assert site.inv("connector.restart").exit_code == ExitCode.STACK
    # What the remedy says, word by word.
    site.execute("ALTER TABLE public.sensor REPLICA IDENTITY FULL")
    site.execute("ALTER TABLE public.sensor ALTER COLUMN vals DROP NOT NULL")
    restarted = site.inv("connector.restart")
    assert restarted.exit_code == ExitCode.PASS, restarted.output
    site.execute("ALTER TABLE public.sensor ALTER COLUMN vals SET NOT NULL")
    site.execute("UPDATE sensor SET status = 'c'")

    def whole() -> None:
        document = site.document("sensor", SENSOR)
        if document is None or document["status"] != "c":
            raise NotReady("the last update is not in MongoDB")
        assert len(document["vals"]) == 5000

    wait_until(whole, what="the document", deadline_seconds=30)


AWAY: dict[str, tuple[Callable[[Site], object], Condition, str]] = {
    "paused": (lambda site: site.api.pause(site.name), Condition.PAUSED, "paused"),
    "stopped": (lambda site: site.api.stop(site.name), Condition.STOPPED, "stopped"),
    "deleted": (lambda site: site.api.delete(site.name), Condition.ABSENT, "missing"),
}


@pytest.mark.parametrize(("take", "condition", "state"), AWAY.values(), ids=AWAY.keys())
def test_a_connector_that_someone_took_away_is_reported_and_brought_back(
    site: Site, take: Callable[[Site], object], condition: Condition, state: str
) -> None:
    take(site)
    site.wait_for(condition)
    assert site.states()["connector"] == state
    integrity = Checker(site.pipeline, site.endpoints).check({})
    assert integrity.drain is not None
    assert (integrity.drain.connector, integrity.drain.seconds < 30) == (condition, True)
    assert exit_code_of(integrity) is ExitCode.FAIL
    if condition is not Condition.ABSENT:  # it is waited for, and takes the whole deadline
        perf = site.inv("perf", "--scenarios", "baseline")
        assert perf.exit_code == ExitCode.STACK, perf.output
    up = site.inv("up")
    assert up.exit_code == ExitCode.PASS, up.output
    assert set(site.states().values()) == {"running"}


@pytest.mark.parametrize("take", [site[0] for site in list(AWAY.values())[:2]])
def test_a_restart_resumes_what_was_paused_or_stopped(
    site: Site, take: Callable[[Site], object]
) -> None:
    take(site)
    restarted = site.inv("connector.restart")
    assert restarted.exit_code == ExitCode.PASS, restarted.output
    site.wait_for(Condition.RUNNING)


def test_a_task_that_fails_under_load_fails_the_run_with_its_cause(site: Site) -> None:
    known = site.inv.runs()
    running = site.inv.start("perf", "--scenarios", "baseline", "--duration", "8s")
    run = site.inv.wait_for_load("baseline", known)
    site.write_blob(3, 21)
    completed = running.wait()
    assert completed.exit_code == ExitCode.FAIL, completed.output
    assert_connector_gate(run)
    with whole_again(site):
        connector.wait_running(site.pipeline, site.endpoints)


def assert_connector_gate(run: Path) -> None:
    verdict = read(run / "baseline" / "verdict.json")
    gates = {gate["name"]: gate for gate in verdict["gates"]}
    assert (gates["connector"]["ok"], gates["connector"]["certain"]) == (False, True)
    assert gates["connector"]["observed"] == "postgres-cdc-connector: failed"
    assert "RecordTooLargeException" in gates["connector"]["reason"]
    assert gates["drained"]["ok"] is False
    assert read(run / "baseline" / "integrity.json")["drain"]["connector"] == "failed"
