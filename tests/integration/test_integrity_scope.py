"""A check of the rows of a run alone, on the real stack, and of all rows."""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.check import Checker
from cdc_perf.integrity.records import FindingKind, Scope
from cdc_perf.integrity.topic import StartOffsets
from tests.integration.integrity_stack import Planted, planted
from tests.integration.inv import Inv
from tests.integration.postgres_15 import addresses, copy_checkout_of

pytestmark = pytest.mark.slow

CUSTOMERS = "public.customer"
KINDS = "public.kinds"


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    with planted(tmp_path_factory.mktemp("scope") / "checkout") as found:
        yield found


def checker(pipe: Planted, scope: Scope) -> Checker:
    """Return what checks a stack to which others write."""
    return Checker(pipe.pipeline, pipe.endpoints, scope=scope, shared=True)


def ledger(folder: Path, *lines: tuple[str, str, str]) -> Path:
    path = folder / "ledger.tsv"
    path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")
    return path


def found(
    checker: Checker, begins: StartOffsets, written: Path
) -> set[tuple[FindingKind, str, str]]:
    """Return what a check finds: kind, table, and `_id`."""
    integrity = checker.check(begins, written, quiet=True)
    assert integrity.drained, integrity.drain
    return {
        (each.kind, each.table, sample.id) for each in integrity.findings for sample in each.samples
    }


def test_a_lost_row_of_the_run_is_found_and_one_of_others_only_by_a_full_check(
    pipe: Planted, tmp_path: Path
) -> None:
    others = pipe.insert()
    begins = pipe.settled()
    mine, changed, good, resurrected = (pipe.insert() for _ in range(4))
    pipe.settled()
    before = pipe.customers.find_one({"_id": resurrected})
    assert before is not None
    pipe.execute("DELETE FROM customer WHERE id = %s", (resurrected,))
    pipe.execute("INSERT INTO kinds (part, number) VALUES ('ä \"%% \\', 7)")
    pipe.settled()
    composite = json.dumps(['ä "% \\', 7], separators=(",", ":"), ensure_ascii=False)
    written = ledger(
        tmp_path,
        *(("c", CUSTOMERS, each) for each in (mine, changed, good, resurrected)),
        ("d", CUSTOMERS, resurrected),
        ("c", KINDS, composite.replace("\\", "\\\\")),
    )
    scoped = checker(pipe, Scope.RUN)
    clean = scoped.check(begins, written, quiet=True)
    assert (clean.findings, clean.scope) == ((), Scope.RUN)
    # Of the four customers one is deleted.
    assert {each.table: (each.rows, each.documents) for each in clean.tables if each.rows} == {
        CUSTOMERS: (3, 3),
        KINDS: (1, 1),
    }
    documents = pipe.client[pipe.endpoints.mongodb_database]["kinds"]
    pipe.customers.delete_many({"_id": {"$in": [mine, others]}})
    pipe.customers.update_one({"_id": changed}, {"$set": {"email": "other@e.test"}})
    pipe.customers.replace_one({"_id": resurrected}, before, upsert=True)
    documents.delete_one({"_id": composite})
    of_run = {
        (FindingKind.MISSING, CUSTOMERS, mine),
        (FindingKind.MISSING, KINDS, composite),
        (FindingKind.CONTENT, CUSTOMERS, changed),
        (FindingKind.RESURRECTED, CUSTOMERS, resurrected),
    }
    assert found(scoped, begins, written) == of_run
    everything = found(checker(pipe, Scope.ALL), begins, written)
    assert everything == of_run | {(FindingKind.MISSING, CUSTOMERS, others)}
    for identity in (mine, changed, others):
        pipe.update(identity)
    pipe.customers.delete_one({"_id": resurrected})
    pipe.execute("DELETE FROM kinds")


def test_a_column_that_no_document_of_the_run_has(pipe: Planted, tmp_path: Path) -> None:
    begins = pipe.settled()
    mine = [pipe.insert() for _ in range(3)]
    pipe.settled()
    pipe.customers.update_many({"_id": {"$in": mine}}, {"$unset": {"email": ""}})
    written = ledger(tmp_path, *(("c", CUSTOMERS, each) for each in mine))
    (finding,) = checker(pipe, Scope.RUN).check(begins, written, quiet=True).findings
    assert (finding.kind, finding.count) == (FindingKind.COLUMN_ABSENT, len(mine))
    assert [sample.id for sample in finding.samples] == ["email"]
    for identity in mine:
        pipe.update(identity)


def test_rows_that_others_write_all_the_time_are_not_lost(pipe: Planted, tmp_path: Path) -> None:
    """Others change the rows of the run too, delete them, and insert them again."""
    begins = pipe.settled()
    hot, again = pipe.insert(), pipe.insert()
    lost = pipe.insert()
    pipe.settled()
    written = ledger(tmp_path, *(("c", CUSTOMERS, each) for each in (hot, again, lost)))
    ending = threading.Event()

    def write() -> None:
        with closing(psycopg.connect(pipe.endpoints.postgres_dsn, autocommit=True)) as connection:
            while not ending.wait(0.002):
                key = str(uuid.uuid4())
                connection.execute("UPDATE customer SET status = %s WHERE id = %s", (key, hot))
                connection.execute("DELETE FROM customer WHERE id = %s", (again,))
                connection.execute("INSERT INTO customer (id, email) VALUES (%s, %s)", (again, key))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            assert found(checker(pipe, Scope.RUN), begins, written) == set()
        pipe.customers.delete_one({"_id": lost})
        lost_alone = {(FindingKind.MISSING, CUSTOMERS, lost)}
        assert found(checker(pipe, Scope.RUN), begins, written) == lost_alone
    finally:
        ending.set()
        writer.join()
    pipe.update(lost)


def test_the_commands_on_an_external_stack(pipe: Planted, tmp_path: Path) -> None:
    """A run checks its rows and removes them; a row of others is found by --full alone."""
    checkout = copy_checkout_of(pipe.checkout, tmp_path / "external")
    text = checkout.pipeline_file.read_text(encoding="utf-8")
    name = pipe.pipeline.connector.name
    checkout.pipeline_file.write_text(text.replace("postgres-15-connector", name), encoding="utf-8")
    inv = Inv(checkout)
    env = addresses(pipe.endpoints, pipe.endpoints.postgres_dsn)
    others = pipe.insert()
    pipe.settled()
    pipe.customers.delete_one({"_id": others})
    words = ("perf", "--scenarios", "baseline", "--duration", "5s", "--stack", "external", "--yes")
    completed = inv(*words, "--cleanup", env=env)
    run = inv.run_of(completed)
    integrity = json.loads((run / "baseline" / "integrity.json").read_bytes())
    assert (integrity["scope"], integrity["findings"]) == ("run", []), completed.output
    rows = sum(each["rows"] for each in integrity["tables"])
    assert 0 < rows <= integrity["acknowledged"]["c"]
    assert f"{rows:,} rows of this run" in completed.output
    assert f"{rows:,} rows of this run" in (run / "report.html").read_text(encoding="utf-8")
    inserted = [
        line.split("\t")[2]
        for path in run.rglob("ledger.tsv")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("c\t")
    ]
    notes = json.loads((run / "run.json").read_bytes())["notes"]
    assert [each for each in notes if each.startswith("cleanup: deleted ")], notes
    with psycopg.connect(pipe.endpoints.postgres_dsn) as connection:
        left = connection.execute(
            "SELECT count(*) FROM customer WHERE id::text = ANY (%s)", (inserted,)
        ).fetchone()
        kept = connection.execute("SELECT count(*) FROM customer WHERE id = %s", (others,))
        assert (left, kept.fetchone()) == ((0,), (1,))
    full = inv("integrity", "--stack", "external", "--yes", "--full", env=env)
    assert full.exit_code == ExitCode.FAIL, full.output
    assert others in full.output
    topics = inv("integrity", "--stack", "external", "--yes", env=env)
    assert "comparing the rows with events in the topics; --full compares all" in topics.output
    assert others in topics.output
    pipe.update(others)
