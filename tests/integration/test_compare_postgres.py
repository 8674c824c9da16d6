"""The comparison of two real PostgreSQL databases: by keys, of all rows, and interrupted."""

import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cdc_perf.errors import Interrupted
from cdc_perf.integrity import snapshot
from cdc_perf.integrity.differences import FURTHER, limited
from cdc_perf.integrity.keys import RowOfTable, stored_keys
from cdc_perf.integrity.records import FindingKind, Scope
from cdc_perf.integrity.snapshot import TableComparison, compare
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Table
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.sinks.postgres import PostgresTarget
from tests.integration.conftest import ROOT
from tests.integration.postgres_15 import PROGRAMS, postgres

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAMS.exists(), reason="PostgreSQL 15 is not installed"),
]
# Names differ between source and sink, and have percent signs.
TABLE = Table(
    'public."50% customer"',
    ("part", "number"),
    "public.kunde",
    columns={"number": "num%mer", "e%mail": "post"},
)
SOURCE = """
CREATE TABLE "50% customer" (
    part text, number bigint, "e%mail" text, PRIMARY KEY (part, number));
INSERT INTO "50% customer" SELECT CASE n % 2 WHEN 0 THEN 'a' ELSE 'b' END, n, n || '%'
    FROM generate_series(1, 3000) AS n;
CREATE PUBLICATION cdc_publication FOR TABLE "50% customer" WHERE ("e%mail" LIKE '%\\%');
ANALYZE;
"""
SINK = """
CREATE TABLE kunde (part text, "num%mer" bigint, post text, PRIMARY KEY (part, "num%mer"));
INSERT INTO kunde SELECT CASE n % 2 WHEN 0 THEN 'a' ELSE 'b' END, n, n || '%'
    FROM generate_series(1, 3000) AS n;
"""


@dataclass(frozen=True)
class Both:
    """The addresses of source and sink."""

    source: str
    sink: str

    def compare(self, ids: Sequence[str] | None = None) -> TableComparison:
        pipeline = msgspec.structs.replace(load_pipeline(Checkout.at(ROOT, {})), tables=(TABLE,))
        rows = (RowOfTable(TABLE.table, each) for each in ids or ())
        with stored_keys(rows, Scope.RUN) as keys:
            chosen = None if ids is None else keys
            return compare(
                self.source, PostgresTarget(self.sink), pipeline, ConnectorFilter(), chosen
            )

    def in_sink(self, statement: str) -> None:
        with psycopg.connect(self.sink, autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("compare") / "postgres") as found:
        yield found


@pytest.fixture
def both(server: str) -> Both:
    with psycopg.connect(server, autocommit=True) as connection:
        for name in ("source", "sink"):
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            connection.execute(f"CREATE DATABASE {name}".encode())
    found = Both(*(make_conninfo(server, dbname=name) for name in ("source", "sink")))
    for dsn, statements in ((found.source, SOURCE), (found.sink, SINK)):
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(statements.encode())
    return found


def summary(found: TableComparison) -> list[tuple[FindingKind, str, int]]:
    return [(each.kind, each.id, each.count) for each in found.differences]


def test_a_row_of_others_is_lost_only_for_a_full_comparison(both: Both) -> None:
    of_run = [f'["a",{number}]' for number in range(1000, 2000, 2)]
    clean = both.compare(of_run)
    assert clean.differences == ()
    assert (clean.tables[0].rows, clean.tables[0].documents) == (500, 500)
    both.in_sink('DELETE FROM kunde WHERE "num%mer" IN (7, 1500)')
    both.in_sink("UPDATE kunde SET post = 'other' WHERE \"num%mer\" IN (8, 1600)")
    both.in_sink("INSERT INTO kunde VALUES ('a', 0, ''), ('a', 9000, '')")
    of_run += ['["a",9000]', '["a",9002]', "no key"]
    assert summary(both.compare(of_run)) == [
        (FindingKind.MISSING, '["a",1500]', 1),
        (FindingKind.CONTENT, '["a",1600]', 1),
        (FindingKind.EXTRA, '["a",9000]', 1),
    ]
    assert summary(both.compare()) == [
        (FindingKind.EXTRA, '["a",0]', 1),
        (FindingKind.MISSING, '["a",1500]', 1),
        (FindingKind.CONTENT, '["a",1600]', 1),
        (FindingKind.CONTENT, '["a",8]', 1),
        (FindingKind.EXTRA, '["a",9000]', 1),
        (FindingKind.MISSING, '["b",7]', 1),
    ]


def test_an_empty_sink_is_counted_and_not_kept(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "limited", partial(limited, most=10))
    both.in_sink("TRUNCATE kunde")
    found = summary(both.compare())
    assert len(found) == 11
    assert found[-1] == (FindingKind.MISSING, FURTHER, 2990)


@pytest.mark.parametrize("by_key", [False, True])
@pytest.mark.parametrize(
    ("where", "lock"),
    [("source", 'LOCK "50% customer"'), ("sink", "LOCK kunde")],
)
def test_an_interrupted_comparison_leaves_no_query_in_the_server(
    both: Both,
    server: str,
    caplog: pytest.LogCaptureFixture,
    where: str,
    lock: str,
    *,
    by_key: bool,
) -> None:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted("interrupted by SIGALRM")

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with psycopg.connect(getattr(both, where)) as connection:
            # The query waits, as it would for the sorting of many rows.
            connection.execute(lock.encode())
            began = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, 1.0)
            with pytest.raises(Interrupted):
                both.compare(['["a",2]'] if by_key else None)
            assert time.monotonic() - began < 10
            assert waiting(server) == []
            # Nothing of psycopg's on the terminal.
            assert caplog.messages == []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def waiting(server: str) -> list[Any]:
    """Return the queries that wait for the lock, once those that end have ended."""
    query = "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(server, autocommit=True) as connection:
        for _ in range(50):
            found = connection.execute(query).fetchall()
            if not found:
                break
            time.sleep(0.05)
    return found
