"""The canary: one row that is written to PostgreSQL and read back from MongoDB."""

import time
import uuid
from collections.abc import Callable

import psycopg
from psycopg import sql
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import source
from cdc_perf.stack.connector_health import Guard
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady, wait_until

DEADLINE_SECONDS = 30.0
_MONGODB_MILLISECONDS = 2000
# About the duration of a row's transfer.
_INTERVAL_SECONDS = 0.01


def run_canary(
    pipeline: Pipeline, endpoints: Endpoints, deadline_seconds: float = DEADLINE_SECONDS
) -> float:
    """Write a row, wait for its document, delete the row, and wait until the document is gone.

    Args:
        pipeline: Declares the canary row.
        endpoints: Where to write and read it.
        deadline_seconds: Timeout of each of the two waits.

    Returns:
        Seconds from the commit of the row until its document is visible.

    Raises:
        ConnectorDown: A task failed, or the connector was paused: the row cannot arrive.
        StackFailure: PostgreSQL refused the row, or a wait timed out.
    """
    table = pipeline.canary_table
    identifier = str(uuid.uuid4())
    values: dict[str, object] = {table.key[0]: identifier, **pipeline.canary.values}
    name = sql.Identifier(*table.name)
    insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        name,
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join([sql.Placeholder()] * len(values)),
    )
    delete = sql.SQL("DELETE FROM {} WHERE {} = %s").format(name, sql.Identifier(table.key[0]))
    client: MongoClient[dict[str, object]] = MongoClient(
        endpoints.mongodb_uri, serverSelectionTimeoutMS=_MONGODB_MILLISECONDS
    )
    collection = client[endpoints.mongodb_database][table.collection]

    def live() -> bool:
        try:
            document = collection.find_one({"_id": identifier})
        except PyMongoError as error:
            raise NotReady(f"MongoDB: {error}") from None
        marker = document.get("_cdc") if document else None
        return document is not None and not (isinstance(marker, dict) and marker.get("op") == "d")

    def arrived() -> None:
        if not live():
            guard()
            raise NotReady(f"the row {identifier} of {table.table} is not in MongoDB")

    def gone() -> None:
        if live():
            guard()
            raise NotReady(f"the deleted row {identifier} of {table.table} is still in MongoDB")

    def wait(probe: Callable[[], None]) -> None:
        wait_until(
            probe,
            what="the canary",
            deadline_seconds=deadline_seconds,
            interval_seconds=_INTERVAL_SECONDS,
            hint=hint,
        )

    guard = Guard(pipeline, endpoints)
    hint = "see `inv status`, then `inv logs --component consumer` and `--component connect`"
    try:
        with source.connect(endpoints.postgres_dsn) as connection:
            connection.execute(insert, list(values.values()))
            committed = time.monotonic()
            try:
                wait(arrived)
                latency = time.monotonic() - committed
            finally:
                connection.execute(delete, (identifier,))
            wait(gone)
    except psycopg.Error as error:
        raise StackFailure(
            f"PostgreSQL rejected the canary row: {str(error).strip().splitlines()[0]}",
            hint="fix [canary] in pipeline.toml",
        ) from None
    except NotReady as reason:
        raise StackFailure(f"PostgreSQL does not answer: {reason}") from None
    finally:
        client.close()
    return latency
