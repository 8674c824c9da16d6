"""Faults in PostgreSQL: its replication, its transactions, its tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from cdc_perf.errors import StackFailure
from cdc_perf.faults.connector import start_over
from cdc_perf.faults.context import FaultContext
from cdc_perf.settings.pipeline import OWN_CANARY
from cdc_perf.stack import source
from cdc_perf.waiting import NotReady, wait_until
from cdc_perf.wording import counted

_DEADLINE_SECONDS = 10.0
_INTERVAL_SECONDS = 0.02
_LOCK_TIMEOUT = "SET lock_timeout = '5s'"
_COLUMN = "cdc_perf_fault"
_WALSENDER = "SELECT active_pid FROM pg_replication_slots WHERE slot_name = %s"
_LIVES = "SELECT pid FROM pg_stat_activity WHERE pid = %s"
_OPEN = "SELECT state, backend_xid::text FROM pg_stat_activity WHERE pid = %s"
# As a row's xmin: 32 bits.
_XID = "SELECT (pg_current_xact_id()::text::numeric % 4294967296)::bigint"
_HAS_COLUMN = """
    SELECT count(*) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attname = %s AND NOT attisdropped
"""


@contextmanager
def walsender_terminated(context: FaultContext) -> Iterator[str]:
    """End the process that sends the changes of the slot; the connector connects again.

    https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL
    """
    with _connected(context) as connection:
        yield _terminate(connection, context.pipeline.postgres.slot)


@contextmanager
def slot_dropped(context: FaultContext) -> Iterator[str]:
    """Drop the slot, as soon as nothing reads from it.

    The connector's task fails. When the block ends, the connector starts over with another slot:
    what was written meanwhile is lost.
    """
    slot = context.pipeline.postgres.slot
    with _connected(context) as connection:

        def drop() -> None:
            _terminate(connection, slot)
            try:
                connection.execute("SELECT pg_drop_replication_slot(%s)", (slot,))
            except psycopg.errors.ObjectInUse as error:
                raise NotReady(str(error).splitlines()[0]) from None

        wait_until(
            drop,
            what="the end of the slot",
            deadline_seconds=_DEADLINE_SECONDS,
            interval_seconds=_INTERVAL_SECONDS,
        )
    try:
        yield f"pg_drop_replication_slot({slot!r}) succeeded"
    finally:
        start_over(context)


@contextmanager
def transaction_open(context: FaultContext) -> Iterator[str]:
    """Keep a transaction with an id open for the time of the block.

    The slot can only restart at a point where no such transaction was in progress.
    https://www.postgresql.org/docs/current/logicaldecoding-explanation.html
    """
    with _connected(context) as observer, psycopg.connect(context.endpoints.postgres_dsn) as open_:
        open_.execute("SELECT pg_current_xact_id()")
        pid = open_.info.backend_pid
        found = observer.execute(_OPEN, (pid,)).fetchone()
        if found is None or found[1] is None:
            raise StackFailure(f"process {pid} of PostgreSQL has no open transaction")
        yield f"process {pid} of PostgreSQL is {found[0]}, with transaction {found[1]}"
        open_.rollback()


@contextmanager
def large_transaction(context: FaultContext, rows: int) -> Iterator[str]:
    """Insert and delete rows of the canary's own table, in one transaction."""
    table = sql.Identifier(*OWN_CANARY.name)
    mark = f"fault {rows}"
    insert = sql.SQL(
        "INSERT INTO {} (id, value) SELECT gen_random_uuid(), %s FROM generate_series(1, %s)"
    )
    with psycopg.connect(context.endpoints.postgres_dsn) as connection:
        connection.execute(insert.format(table), (mark, rows))
        deleted = connection.execute(
            sql.SQL("DELETE FROM {} WHERE value = %s").format(table), (mark,)
        ).rowcount
        found = connection.execute("SELECT pg_current_xact_id()::text").fetchone()
        connection.commit()
    if deleted != rows:
        raise StackFailure(f"the transaction had {counted(deleted, 'row')}, not {rows:,}")
    transaction = found[0] if found else "?"
    yield f"transaction {transaction} was committed: {rows:,} inserts, {rows:,} deletes"


@contextmanager
def column_added(context: FaultContext) -> Iterator[str]:
    """Add a column to the first table, and drop it when the block ends.

    A dropped column has no event: the documents of rows that were written meanwhile keep it until
    the next event of their row. So these rows are updated.
    """
    table = context.pipeline.tables[0]
    name = sql.Identifier(*table.name)
    column, key = sql.Identifier(_COLUMN), sql.Identifier(table.key[0])
    add = sql.SQL("ALTER TABLE {} ADD COLUMN {} integer").format(name, column)
    drop = sql.SQL("ALTER TABLE {} DROP COLUMN IF EXISTS {}").format(name, column)
    touch = sql.SQL("UPDATE {} SET {key} = {key} WHERE age(xmin) <= age(%s::text::xid)").format(
        name, key=key
    )
    with _connected(context) as connection:
        connection.execute(_LOCK_TIMEOUT)
        begin = connection.execute(_XID).fetchone()
        try:
            connection.execute(add)
            quoted = name.as_string(connection)
            columns = connection.execute(_HAS_COLUMN, (quoted, _COLUMN)).fetchone()
            if columns is None or columns[0] != 1:
                raise StackFailure(f"{table.table} has no column {_COLUMN}")
            yield f"{table.table} has the column {_COLUMN}"
        finally:
            connection.execute(drop)
            connection.execute(touch, begin)


def _terminate(connection: psycopg.Connection[Any], slot: str) -> str:
    """End the process that reads from a slot, and wait until it is gone."""

    def sender() -> int:
        found = connection.execute(_WALSENDER, (slot,)).fetchone()
        if found is None or found[0] is None:
            raise NotReady(f"nothing reads from the replication slot {slot}")
        return int(found[0])

    def gone() -> None:
        if connection.execute(_LIVES, (pid,)).fetchone() is not None:
            raise NotReady(f"process {pid} runs")

    pid = wait_until(sender, what="a reader of the slot", deadline_seconds=_DEADLINE_SECONDS)
    connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
    wait_until(
        gone,
        what="the end of the walsender",
        deadline_seconds=_DEADLINE_SECONDS,
        interval_seconds=_INTERVAL_SECONDS,
    )
    return f"process {pid} of PostgreSQL, which read from the slot {slot}, ended"


@contextmanager
def _connected(context: FaultContext) -> Iterator[psycopg.Connection[Any]]:
    try:
        with source.connect(context.endpoints.postgres_dsn) as connection:
            yield connection
    except NotReady as reason:
        raise StackFailure(f"PostgreSQL: {reason}") from None
    except psycopg.Error as error:
        raise StackFailure(f"PostgreSQL: {str(error).strip().splitlines()[0]}") from None
