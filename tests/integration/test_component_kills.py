"""Each component killed under 100 rows a second: nothing is lost, and it comes back by itself."""

import logging
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pymongo import MongoClient
from pymongo.collection import Collection

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.check import Checker, excuse
from cdc_perf.integrity.records import FindingKind
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.component_specs import COMPONENTS
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.embedded import local_stack
from cdc_perf.tools.cache import Cache
from cdc_perf.verdict.integrity_gates import exit_code_of
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.conftest import copy_checkout

pytestmark = pytest.mark.slow

log = logging.getLogger(__name__)
ROWS_A_SECOND = 100
LEAST_ROWS = 200
DEADLINE_SECONDS = 60.0


@pytest.fixture(scope="module")
def mortal(
    tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline
) -> Iterator[tuple[LocalStack, Endpoints]]:
    """A stack whose components may be killed."""
    checkout = copy_checkout(tmp_path_factory.mktemp("kills") / "checkout")
    stack = local_stack(checkout, pipeline, Cache.of_environment())
    yield stack, stack.up()
    stack.down()


class Writer(threading.Thread):
    """Inserts customers at a fixed rate, and notes when PostgreSQL acknowledged which."""

    def __init__(self, dsn: str) -> None:
        super().__init__(daemon=True)
        self._dsn = dsn
        self._began = time.monotonic()
        self._ending = threading.Event()
        self.acknowledged: dict[str, float] = {}

    def run(self) -> None:
        number = 0
        while not self._ending.is_set():
            with (
                suppress(psycopg.OperationalError),
                psycopg.connect(self._dsn, autocommit=True, connect_timeout=2) as connection,
            ):
                while not self._ending.wait(max(0, self._due(number) - time.monotonic())):
                    number += 1
                    key = str(uuid.uuid4())
                    connection.execute(
                        "INSERT INTO customer (id, email) VALUES (%s, %s)",
                        (key, f"{key}@example.test"),
                    )
                    self.acknowledged[key] = time.monotonic()
            self._ending.wait(0.05)

    def _due(self, number: int) -> float:
        return self._began + number / ROWS_A_SECOND

    def end(self) -> None:
        self._ending.set()
        self.join(timeout=10)


def emails(collection: Collection[dict[str, Any]], keys: list[str]) -> dict[str, str]:
    found = collection.find({"_id": {"$in": keys}}, {"email": 1})
    return {document["_id"]: document["email"] for document in found}


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_killed_under_load_loses_nothing(
    mortal: tuple[LocalStack, Endpoints], pipeline: Pipeline, component: str, tmp_path: Path
) -> None:
    stack, endpoints = mortal
    client: MongoClient[dict[str, Any]] = MongoClient(
        endpoints.mongodb_uri, serverSelectionTimeoutMS=2000
    )
    customers = client[endpoints.mongodb_database]["customer"]
    checker = Checker(pipeline, endpoints)
    begins = checker.begin()
    writer = Writer(endpoints.postgres_dsn)
    writer.start()

    def enough() -> None:
        if len(writer.acknowledged) < LEAST_ROWS:
            raise NotReady(f"{len(writer.acknowledged)} rows")

    wait_until(enough, what="the load", deadline_seconds=DEADLINE_SECONDS)
    pid = next(status.pid for status in stack.status() if status.name == component)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()

    def recovered() -> float:
        """A row that was acknowledged a moment after the kill has arrived."""
        later = [key for key, at in list(writer.acknowledged.items()) if at > killed + 0.2]
        with suppress(Exception):
            if later and emails(customers, later[:50]):
                return time.monotonic() - killed
        raise NotReady("no later row has arrived")

    seconds = wait_until(recovered, what=component, deadline_seconds=DEADLINE_SECONDS)
    writer.end()
    keys = list(writer.acknowledged)

    def complete() -> dict[str, str]:
        found = emails(customers, keys)
        if len(found) < len(keys):
            raise NotReady(f"{len(keys) - len(found)} of {len(keys)} rows are missing")
        return found

    found = wait_until(complete, what="the mirror", deadline_seconds=DEADLINE_SECONDS)
    assert found == {key: f"{key}@example.test" for key in keys}
    assert customers.count_documents({"_id": {"$in": keys}}) == len(keys)
    ledger = tmp_path / "ledger.tsv"
    ledger.write_text("".join(f"c\tpublic.customer\t{key}\n" for key in keys), encoding="utf-8")
    integrity = checker.check(begins, ledger, excuse([component]))
    assert integrity.acknowledged == {"c": len(keys)}
    assert exit_code_of(integrity) is ExitCode.PASS, integrity
    assert integrity.drain is not None
    # What Debezium sends again is all that may be found, and is told.
    assert {finding.kind for finding in integrity.findings} <= {FindingKind.DUPLICATE}
    # Shown with --log-cli-level=info.
    repeated = integrity.count([FindingKind.DUPLICATE])
    log.info(
        "%s: %d rows, 0 lost, %d events repeated, recovered after %.1f s, drained after %.1f s",
        *(component, len(keys), repeated, seconds, integrity.drain.seconds),
    )
    client.close()
