"""Checks that the target server accepts the collections; servers have different rules."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pymongo
from pymongo import MongoClient, UpdateOne
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from cdc_perf.errors import SettingFailure
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.stack import target
from cdc_perf.stack.checks.collecting import collecting
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady

_SECONDS = 10.0
_SELECT_MILLISECONDS = 2000
_INVALID_NAMESPACE = 73
_OTHER_NAME = "use another name; every server accepts letters, digits, and _"

Client = MongoClient[dict[str, object]]


def expect_collections(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Return if the server accepts the database and the collections, as far as reads show.

    Raises:
        NotReady: The server does not answer.
        StackFailure: The server refuses a name, or has one that differs only in case.
    """
    database = endpoints.mongodb_database
    with _connected(endpoints) as client, collecting() as found:
        stand_in = target.stand_in(target.server(endpoints.mongodb_uri))
        with found.of():
            for other in _names(client.list_database_names):
                _expect_apart("sink.database", database, other)
        # MongoDB distinguishes such collections; a server based on SQLite does not.
        there = _names(client[database].list_collection_names) if stand_in else ()
        names = [table.target for table in pipeline.captured]
        for index, name in enumerate(names):
            with found.of():
                for other in (*names[:index], *there) if stand_in else ():
                    _expect_apart(f"tables[{index}].target", name, other)
                _expect_readable(client, database, index, name)


def prove_collections(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Write a document into each collection as cdc-consumer does, read it back, and delete it.

    Raises:
        NotReady: The server does not answer.
        StackFailure: A collection refuses it, loses it, or shares it with another.
    """
    with _connected(endpoints) as client:
        database = client[endpoints.mongodb_database]
        ids = [f"cdc-perf-probe-{uuid.uuid4()}" for _ in pipeline.captured]
        for index, table in enumerate(pipeline.captured):
            guarded = {"_id": ids[index], "_cdc.lsn": {"$lt": 1}}
            probe = UpdateOne(guarded, {"$set": {"_cdc": {"lsn": 1}}}, upsert=True)
            with _refusal(index, table):
                database[table.target].bulk_write([probe], ordered=False)
        for index, table in enumerate(pipeline.captured):
            with _refusal(index, table):
                found = database[table.target].find({"_id": {"$in": ids}}, {"_id": 1})
                seen = [str(document["_id"]) for document in found]
            if ids[index] not in seen:
                raise _refused(index, table, "it does not return what was written to it")
            others = [x.target for i, x in enumerate(pipeline.captured) if ids[i] in seen]
            if len(others) > 1:
                raise _refused(
                    index, table, f"it also contains the documents of {', '.join(others)}"
                )
        for index, table in enumerate(pipeline.captured):
            with _refusal(index, table):
                database[table.target].delete_one({"_id": ids[index]})


def _expect_apart(place: str, name: str, other: str) -> None:
    if name != other and name.casefold() == other.casefold():
        raise SettingFailure(
            f"pipeline.toml: {place}: {name} and {other} differ only in case, "
            "which the MongoDB server ignores",
            hint="use another name",
        )


def _expect_readable(client: Client, database: str, index: int, name: str) -> None:
    try:
        client[database][name].find_one({"_id": ""}, {"_id": 1})
    except PyMongoError as error:
        if isinstance(error, AutoReconnect) or error.timeout:
            raise
        invalid = isinstance(error, OperationFailure) and error.code == _INVALID_NAMESPACE
        # Without permission to read, the name may be valid: the canary checks that.
        if invalid or not isinstance(error, OperationFailure):
            raise SettingFailure(
                f"pipeline.toml: tables[{index}].target: the MongoDB server rejects {name!r}: "
                f"{_first_line(error)}",
                hint=_OTHER_NAME,
            ) from None


@contextmanager
def _refusal(index: int, table: Table) -> Iterator[None]:
    """Turn a server's error about a collection into a failure, unless it may be temporary."""
    try:
        yield
    except PyMongoError as error:
        if isinstance(error, AutoReconnect) or error.timeout:
            raise
        raise _refused(index, table, _first_line(error)) from None


def _names(ask: Callable[[], list[str]]) -> tuple[str, ...]:
    try:
        return tuple(ask())
    except OperationFailure:
        # No permission to list them.
        return ()


def _refused(index: int, table: Table, why: str) -> SettingFailure:
    return SettingFailure(
        f"pipeline.toml: tables[{index}].target: the MongoDB server cannot store "
        f"{table.target!r}: {why}",
        hint=_OTHER_NAME,
    )


def _first_line(error: PyMongoError) -> str:
    return str(error).partition(", full error")[0].splitlines()[0][:200]


@contextmanager
def _connected(endpoints: Endpoints) -> Iterator[Client]:
    client: Client = MongoClient(
        endpoints.mongodb_uri, serverSelectionTimeoutMS=_SELECT_MILLISECONDS
    )
    try:
        with pymongo.timeout(_SECONDS):
            yield client
    except PyMongoError as error:
        raise NotReady(f"MongoDB: {_first_line(error)}") from None
    finally:
        client.close()
