"""The source database: its preparation for capture, and its replication slot."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import OWN_CANARY, Pipeline
from cdc_perf.stack.canary_row import CREATE
from cdc_perf.stack.checks.capture import OWN_SOURCE, expect_capturable
from cdc_perf.stack.checks.publication import is_published
from cdc_perf.stack.commits import Position
from cdc_perf.stack.statement_limits import PROBE_SECONDS, lift_limit, limit_statements
from cdc_perf.waiting import NotReady

# The first version that publishes stored generated columns.
_PUBLISHES_GENERATED = 180000
_CONNECT_SECONDS = 5
_GAUGE_SECONDS = 2


@contextmanager
def connect(dsn: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Connect in autocommit mode. A statement may run for a minute.

    Raises:
        NotReady: PostgreSQL does not accept connections, the connection breaks in the block, or a
            statement takes too long.
    """
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=_CONNECT_SECONDS) as connection:
            limit_statements(connection, PROBE_SECONDS)
            yield connection
    except psycopg.OperationalError as error:
        raise NotReady(str(error).strip().splitlines()[0]) from None


def create_database(dsn: str, name: str, owner: str = "") -> None:
    """Create the database if it does not exist; `dsn` may name any database.

    Args:
        dsn: Connection string of a role that may create databases.
        name: Name of the database.
        owner: Its owner, also if it exists, as `postgres` does; empty: the role of `dsn`.

    Raises:
        NotReady: PostgreSQL does not accept connections.
    """
    with connect(make_conninfo(dsn, dbname="postgres")) as connection:
        known = "SELECT 1 FROM pg_database WHERE datname = %s"
        if connection.execute(known, (name,)).fetchone() is None:
            create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
            if owner:
                create += sql.SQL(" OWNER {}").format(sql.Identifier(owner))
            connection.execute(create)
        elif owner:
            change = sql.SQL("ALTER DATABASE {} OWNER TO {}")
            connection.execute(change.format(sql.Identifier(name), sql.Identifier(owner)))


def prepare(dsn: str, pipeline: Pipeline, folder: Path) -> None:
    """Apply the schema, and create the publication for the pipeline's tables.

    If PostgreSQL can (18), it publishes generated columns too; otherwise MongoDB lacks them. It
    publishes a partition's changes as its table's; otherwise they go to another topic.

    Raises:
        NotReady: PostgreSQL does not accept connections.
        StackFailure: PostgreSQL refused a statement, or a table cannot be captured.
    """
    postgres = pipeline.postgres
    script = (folder / postgres.schema).read_bytes()
    tables = sql.SQL(", ").join(sql.Identifier(*table.name) for table in pipeline.captured)
    publish = sql.SQL(
        "CREATE PUBLICATION {} FOR TABLE {} WITH ({} publish_via_partition_root = true)"
    )
    known = "SELECT 1 FROM pg_publication WHERE pubname = %s"
    try:
        with connect(dsn) as connection:
            lift_limit(connection)
            connection.execute(script)
            if pipeline.canary is None:
                connection.execute(CREATE.encode())
            expect_capturable(connection, pipeline, OWN_SOURCE, published=False)
            if connection.execute(known, (postgres.publication,)).fetchone() is None:
                name = sql.Identifier(postgres.publication)
                carries = connection.info.server_version >= _PUBLISHES_GENERATED
                generated = sql.SQL("publish_generated_columns = stored," if carries else "")
                connection.execute(publish.format(name, tables, generated))
            elif pipeline.canary is None and not is_published(
                connection, postgres.publication, OWN_CANARY.name
            ):
                # The schema made the publication, with the tables that it knows.
                connection.execute(
                    sql.SQL("ALTER PUBLICATION {} ADD TABLE {}").format(
                        sql.Identifier(postgres.publication), sql.Identifier(*OWN_CANARY.name)
                    )
                )
            expect_capturable(connection, pipeline, OWN_SOURCE)
    except psycopg.Error as error:
        raise StackFailure(
            f"{postgres.schema}: PostgreSQL rejected it: {str(error).strip().splitlines()[0]}",
            hint="fix the schema, or the tables in pipeline.toml",
        ) from None


def tables_requiring(dsn: str, pipeline: Pipeline, column: str) -> tuple[str, ...]:
    """Return the pipeline's tables that have a NOT NULL column with that name.

    Raises:
        NotReady: PostgreSQL does not accept connections.
        psycopg.Error: PostgreSQL refused the query.
    """
    names = [".".join(table.name) for table in pipeline.tables]
    with connect(dsn) as connection:
        rows = connection.execute(
            "SELECT n.nspname || '.' || c.relname FROM pg_attribute a "
            "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE a.attname = %s AND a.attnotnull AND NOT a.attisdropped "
            "AND n.nspname || '.' || c.relname = ANY (%s) ORDER BY 1",
            (column, names),
        ).fetchall()
    return tuple(str(row[0]) for row in rows)


def slot_passed(dsn: str, slot: str, position: str) -> bool:
    """Return whether the slot's reader has confirmed everything before a log position.

    Raises:
        NotReady: PostgreSQL does not accept connections.
    """
    with connect(dsn) as connection:
        row = connection.execute(
            "SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots "
            "WHERE slot_name = %s",
            (position, slot),
        ).fetchone()
    return row is not None and bool(row[0])


def log_position(dsn: str) -> str:
    """Return the current end of the write-ahead log.

    Raises:
        NotReady: PostgreSQL does not accept connections.
    """
    with connect(dsn) as connection:
        row = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
    return str(row[0]) if row else "0/0"


def slot_active(dsn: str, slot: str) -> None:
    """Return if a connector reads from the replication slot.

    Raises:
        NotReady: The slot does not exist, or no connector reads from it.
    """
    with connect(dsn) as connection:
        row = connection.execute(
            "SELECT active FROM pg_replication_slots WHERE slot_name = %s", (slot,)
        ).fetchone()
    if row is None:
        raise NotReady(f"replication slot {slot} does not exist")
    if not row[0]:
        raise NotReady(f"replication slot {slot} is not active")


class RetainedBytes:
    """Reads how much of the write-ahead log a replication slot retains, on one connection."""

    def __init__(self, dsn: str, slot: str) -> None:
        self._dsn = dsn
        self._slot = slot
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def read(self) -> Position:
        """Return the bytes from the slot's restart position to the end of the log.

        The slot's reader commits by confirming a position; everything is committed if that is the
        end of the log.
        https://www.postgresql.org/docs/current/view-pg-replication-slots.html

        Raises:
            NotReady: The slot does not exist.
            psycopg.Error: PostgreSQL does not answer.
        """
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._dsn, autocommit=True, connect_timeout=_GAUGE_SECONDS
            )
            limit_statements(self._connection, _GAUGE_SECONDS)
        row = self._connection.execute(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint, "
            "pg_wal_lsn_diff(confirmed_flush_lsn, '0/0')::bigint, "
            "confirmed_flush_lsn >= pg_current_wal_lsn() "
            "FROM pg_replication_slots WHERE slot_name = %s",
            (self._slot,),
        ).fetchone()
        if row is None or None in row:
            raise NotReady(f"replication slot {self._slot} does not exist")
        retained, confirmed, caught_up = row
        return Position(int(retained), int(confirmed), caught_up=bool(caught_up))

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
