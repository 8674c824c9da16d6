"""The time that the harness gives a statement in a real PostgreSQL."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cdc_perf.integrity.keys import RowOfTable, stored_keys
from cdc_perf.integrity.records import Scope
from cdc_perf.settings.pipeline import Table
from cdc_perf.stack import source
from cdc_perf.stack.sinks import postgres as sink
from cdc_perf.stack.sinks.postgres import PostgresTarget
from cdc_perf.stack.sinks.sink import Target
from cdc_perf.stack.statement_limits import PROBE_SECONDS, lift_limit, limit_statements
from cdc_perf.waiting import NotReady
from tests.integration.postgres_15 import PROGRAMS, postgres

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAMS.exists(), reason="PostgreSQL 15 is not installed"),
]
TABLE = Table("public.customer", ("id",), "public.customer")
COLUMNS = ("id",)
# Each statement that reads the view takes a second.
SLOW = """
    CREATE TABLE customer_row (id text PRIMARY KEY);
    INSERT INTO customer_row VALUES ('a');
    CREATE VIEW customer AS SELECT id FROM customer_row, (SELECT pg_sleep(1)) AS slow OFFSET 0
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("limits") / "postgres") as found:
        with psycopg.connect(found, autocommit=True) as connection:
            connection.execute(SLOW.encode())
        yield found


def limit_of(connection: psycopg.Connection[tuple[object, ...]]) -> object:
    return (connection.execute("SHOW statement_timeout").fetchone() or (None,))[0]


def running(dsn: str) -> int:
    """Return the number of statements that others run."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchone()
    return int(row[0]) if row else -1


@contextmanager
def locked(dsn: str) -> Iterator[None]:
    with psycopg.connect(dsn) as other:
        other.execute("LOCK TABLE customer_row IN ACCESS EXCLUSIVE MODE")
        yield


def test_a_statement_that_waits_for_a_lock_ends_in_the_server(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "PROBE_SECONDS", 0.2)
    began = time.monotonic()
    with (
        locked(server),
        pytest.raises(NotReady, match="canceling statement due to statement timeout"),
        source.connect(server) as connection,
    ):
        connection.execute("SELECT FROM customer_row")
    assert time.monotonic() - began < 5
    assert running(server) == 0


@pytest.mark.parametrize(("given", "limit"), [("0", "1min"), ("2h", "1min"), ("7s", "7s")])
def test_a_stricter_limit_stays(server: str, given: str, limit: str) -> None:
    dsn = make_conninfo(server, options=f"-c statement_timeout={given}")
    with source.connect(dsn) as connection:
        assert limit_of(connection) == limit
        with connection.transaction():
            limit_statements(connection, 3600, local=True)
            assert limit_of(connection) == ("7s" if given == "7s" else "1h")
        assert limit_of(connection) == limit
        limit_statements(connection, PROBE_SECONDS * 2)
        assert limit_of(connection) == ("7s" if given == "7s" else "2min")
        lift_limit(connection)
        assert limit_of(connection) == given


def test_a_batch_of_the_sink_has_a_limit_and_a_whole_table_a_longer_one(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "BATCH_SECONDS", 0.2)
    with (
        stored_keys([RowOfTable(TABLE.table, "a")], Scope.RUN) as keys,
        PostgresTarget(server).open() as reader,
    ):
        with pytest.raises(NotReady, match="the sink PostgreSQL: canceling statement due to"):
            list(reader.documents(Target(TABLE, COLUMNS, keys.of(TABLE.table))))
        assert running(server) == 0
        assert list(reader.documents(Target(TABLE, COLUMNS))) == [{"_id": "a", "id": "a"}]
