"""End a long query in the server when its reader stops."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

_SECONDS = 2.0


@contextmanager
def canceling(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Cancel what a connection still runs when the block fails or is interrupted, and close it.

    A closed connection alone does not stop the server: it would sort a large table to the end. The
    block should be the innermost one, because psycopg logs a rollback that a running query refuses.
    """
    try:
        yield
    except BaseException:
        if connection.info.transaction_status is TransactionStatus.ACTIVE:
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=_SECONDS)
            connection.close()
        raise
