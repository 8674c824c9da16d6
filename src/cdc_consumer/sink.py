"""Applies coalesced writes to MongoDB and reports the outcome of every event."""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import bson.errors
import msgspec
from msgspec import Struct
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DocumentTooLarge, OperationFailure, PyMongoError

from cdc_consumer.coalesce import Write, coalesce, went_back
from cdc_consumer.events import Event, Rejection
from cdc_consumer.log import log
from cdc_consumer.retry import Retry, TransientError
from cdc_consumer.write_results import (
    WriteResults,
    classify_duplicate,
    purges_on_read,
    sort_results,
    unencodable,
)
from cdc_consumer.writes import MARKER_DATE, document, operation

Document = dict[str, Any]
# This many duplicate keys of non-stale writes in a row mean that another unique index is violated.
MOST_CONFLICTS = 5
# MongoDB's maximum document size in bytes, the same in every version.
LARGEST_DOCUMENT = 16 * 1024 * 1024
# `bulk_write` raises these before it sends a document that cannot be encoded as BSON.
UNENCODABLE = (
    bson.errors.InvalidDocument,
    DocumentTooLarge,
    OverflowError,
    RecursionError,
    UnicodeEncodeError,
)
# Errors of createIndex if the index exists with other options.
INDEX_DIFFERS = frozenset((85, 86))


class Acknowledged(Struct, frozen=True):
    """Events that MongoDB acknowledged, and when (microseconds since the epoch)."""

    events: tuple[Event, ...]
    at_us: int


class Outcome(Struct):
    """The outcome of a batch, filled by the sink.

    Attributes:
        acknowledged: The events that MongoDB has applied.
        stale: The replays, which changed nothing.
        rejected: The events that can never be applied. Every event is in one of these three lists.
        incomplete: The acknowledged events that made a document without all of its columns: an
            update lacked an unchanged value, and there was no document.
    """

    acknowledged: list[Acknowledged]
    stale: list[Event]
    rejected: list[Rejection]
    incomplete: list[Event]


class Sink:
    """Writes to one database.

    Args:
        database: The database, from a client with timeouts.
        retry: Bounds the retries.
    """

    def __init__(self, database: Database[Document], retry: Retry) -> None:
        self._database = database
        self._retry = retry

    def prepare(self, collections: Iterable[str], marker_ttl_seconds: int) -> None:
        """Create the TTL index that removes delete markers, or change its time if it exists.

        On a server that the index would slow down, markers are kept: such a server is for tests,
        and its data are short-lived.

        Raises:
            GaveUpError: MongoDB did not answer within the retry time.
        """
        if self._retry("build info", self._purges_on_read):
            log("no-ttl-index", detail="the index would slow down every read; delete markers stay")
            return
        for name in collections:
            self._retry("index", partial(self._index, name, marker_ttl_seconds))

    def apply(self, writes: Sequence[Write]) -> Outcome:
        """Apply the writes; after it returns, each is acknowledged, stale, or rejected.

        Raises:
            GaveUpError: A batch was retried for too long; some writes may have been applied.
        """
        outcome = Outcome([], [], [], [])
        retry = self._retry.with_deadline()
        by_collection: dict[str, list[Write]] = {}
        for write in writes:
            by_collection.setdefault(write.last.collection, []).append(write)
        for name, group in by_collection.items():
            _Application(self._database[name], outcome, group).run(retry)
        return outcome

    def _purges_on_read(self) -> bool:
        try:
            return purges_on_read(self._database.command("buildInfo"))
        except PyMongoError as error:
            raise TransientError(str(error)) from error

    def _index(self, name: str, seconds: int) -> None:
        try:
            try:
                self._database[name].create_index(MARKER_DATE, expireAfterSeconds=seconds)
            except OperationFailure as error:
                if error.code not in INDEX_DIFFERS:
                    raise
                index = {"keyPattern": {MARKER_DATE: 1}, "expireAfterSeconds": seconds}
                self._database.command({"collMod": name, "index": index})
        except PyMongoError as error:
            raise TransientError(str(error)) from error


class _Application:
    """The writes of one batch to one collection, until all are settled."""

    def __init__(
        self, collection: Collection[Document], outcome: Outcome, writes: Sequence[Write]
    ) -> None:
        self._collection = collection
        self._outcome = outcome
        self._remaining = tuple(writes)
        # The `_cdc` of documents that a write is known to be newer than, by ID.
        self._seen: dict[str, Mapping[str, Any]] = {}
        self._resent = False
        self._conflicts = 0

    def run(self, retry: Retry) -> None:
        """Settle all writes together, then those that MongoDB rejected event by event.

        A rejected write may contain good events besides the bad one.
        """
        rejected: list[tuple[Write, str]] = []
        retry("write", partial(self._attempt, rejected))
        for write, why in rejected:
            if len(write.events) == 1:
                rejection = Rejection(write.last.record, "rejected-by-mongodb", why)
                self._outcome.rejected.append(rejection)
                continue
            for event in write.events:
                alone = coalesce((event,)).writes
                _Application(self._collection, self._outcome, alone).run(retry)

    def _attempt(self, rejected: list[tuple[Write, str]]) -> None:
        """Send the remaining writes, and keep those that must be resent.

        Raises:
            TransientError: Some writes remain.
        """
        try:
            results = self._send()
            self._acknowledge(results.applied)
            self._outcome.incomplete.extend(
                write.last for write in results.inserted if not write.replaces
            )
            rejected.extend(results.rejected)
            self._remaining = (*results.failed, *results.duplicate)
            # After a write concern error, failed writes may have been applied.
            self._resent = self._resent or bool(results.failed)
            newer, undecided = self._resolve_duplicates(results.duplicate, rejected)
        except PyMongoError as error:
            self._resent = True
            raise TransientError(f"{type(error).__name__}: {error}") from error
        self._remaining = (*results.failed, *newer, *undecided)
        if newer and self._conflicts == 1:
            # Not a failure: the guard could not know that these are newer.
            self._attempt(rejected)
        elif self._remaining:
            raise TransientError(results.failure or "duplicate key")

    def _send(self) -> WriteResults:
        try:
            return self._bulk_write(self._remaining)
        except UNENCODABLE:
            # Earlier writes may have been sent already, because a large batch is sent in parts.
            self._resent = True
            now = _now_us()
            reasons = [unencodable(document(w, now), LARGEST_DOCUMENT) for w in self._remaining]
            pairs = tuple(zip(self._remaining, reasons, strict=True))
            if not any(reasons):
                raise
            results = self._bulk_write(tuple(write for write, why in pairs if not why))
            unsent = tuple((write, why) for write, why in pairs if why)
            return msgspec.structs.replace(results, rejected=(*results.rejected, *unsent))

    def _bulk_write(self, writes: tuple[Write, ...]) -> WriteResults:
        if not writes:
            return WriteResults()
        now = _now_us()
        operations = [operation(w, now, self._seen.get(w.last.id)) for w in writes]
        try:
            result = self._collection.bulk_write(operations, ordered=False)
        except BulkWriteError as error:
            return sort_results(writes, error.details)
        upserted = result.upserted_ids or {}
        return WriteResults(applied=writes, inserted=tuple(writes[index] for index in upserted))

    def _resolve_duplicates(
        self, duplicates: tuple[Write, ...], rejected: list[tuple[Write, str]]
    ) -> tuple[list[Write], list[Write]]:
        """Read the documents of duplicate keys and settle what they prove.

        Returns:
            The writes that are newer than their documents, and those that remain undecided.
        """
        if not duplicates:
            return [], []
        ids = [write.last.id for write in duplicates]
        # All of `_cdc`: for a projection of `_cdc.lsn`, nx-27017 returns a field with that name.
        documents = self._collection.find({"_id": {"$in": ids}}, {"_cdc": 1})
        stored = {item["_id"]: item for item in documents}
        newer, undecided, applied = [], [], []
        for write in duplicates:
            found = stored.get(write.last.id)
            match classify_duplicate(write, found, resent=self._resent):
                case "stale":
                    self._outcome.stale.extend(write.events)
                case "applied":
                    applied.append(write)
                case "newer":
                    self._seen[write.last.id] = stored[write.last.id]["_cdc"]
                    newer.append(write)
                case "went-back":
                    self._outcome.rejected.extend(went_back(event) for event in write.events)
                case "foreign":
                    rejected.append(
                        (
                            write,
                            "the document with this _id is not from cdc-consumer: no _cdc.lsn",
                        )
                    )
                case "conflict":
                    undecided.append(write)
        self._acknowledge(tuple(applied))
        self._conflicts = self._conflicts + 1 if newer or undecided else 0
        if self._conflicts < MOST_CONFLICTS:
            return newer, undecided
        unsettled = (*newer, *undecided)
        rejected.extend((write, "duplicate key in another unique index") for write in unsettled)
        return [], []

    def _acknowledge(self, writes: tuple[Write, ...]) -> None:
        if writes:
            events = tuple(event for write in writes for event in write.events)
            self._outcome.acknowledged.append(Acknowledged(events, _now_us()))


def _now_us() -> int:
    return time.time_ns() // 1000
