"""Faults in the two databases, injected by separate clients."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from pymongo import MongoClient
from pymongo.collection import Collection

from cdc_perf.errors import StackFailure
from cdc_perf.selftest.fault import FaultContext
from cdc_perf.stack import source

# One kilobyte each; PostgreSQL does not compress them.
_FILLERS = 65_536
_TRANSACTION = (
    "CREATE TABLE filler AS SELECT repeat('x', 1000) AS filler FROM generate_series(1, %s)"
)
_OLDEST = "SELECT id::text FROM customer ORDER BY updated_at LIMIT 1"


@contextmanager
def changed(context: FaultContext) -> Iterator[None]:
    """Write another status into a document."""
    identity = oldest_customer(context)
    with customers(context) as collection:
        collection.update_one({"_id": identity}, {"$set": {"status": "changed by another client"}})
    yield


@contextmanager
def forgotten_transaction(context: FaultContext) -> Iterator[None]:
    """Leave a transaction open that has written 64 MiB, so that the slot must retain the log.

    Decoding can only restart at a point where no transaction was in progress.
    https://www.postgresql.org/docs/current/logicaldecoding-explanation.html
    """
    with psycopg.connect(context.endpoints.postgres_dsn) as connection:
        connection.execute(_TRANSACTION, (_FILLERS,))
        yield
        connection.rollback()


def oldest_customer(context: FaultContext) -> str:
    """Return the row that was written first; k6 no longer uses it.

    Raises:
        StackFailure: There is none.
    """
    with source.connect(context.endpoints.postgres_dsn) as connection:
        row = connection.execute(_OLDEST).fetchone()
    if row is None:
        raise StackFailure("there is no customer yet")
    return str(row[0])


@contextmanager
def customers(context: FaultContext) -> Iterator[Collection[dict[str, Any]]]:
    """Yield the collection of customers."""
    client: MongoClient[dict[str, Any]] = MongoClient(context.endpoints.mongodb_uri)
    with client:
        yield client[context.endpoints.mongodb_database]["customer"]
