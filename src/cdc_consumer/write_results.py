"""Classify MongoDB's answer to each write: settled, rejected, or to be retried. No I/O."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import bson
from bson.errors import BSONError
from msgspec import Struct

from cdc_consumer.coalesce import Write
from cdc_consumer.order import order_of_document

DUPLICATE_KEY: Final = 11000
# MongoDB's errors for a document that it will never accept, whatever the state of the server. Any
# other code counts as a server problem, because giving up on an event is worse than waiting: a full
# disk or a lost permission must not send the whole stream to the dead-letter queue.
# The codes are from src/mongo/base/error_codes.yml of the server.
CONTENT_CODES: Final = frozenset(
    (
        2,  # BadValue
        9,  # FailedToParse
        14,  # TypeMismatch
        15,  # Overflow
        22,  # InvalidBSON
        28,  # PathNotViable
        40,  # ConflictingUpdateOperators
        52,  # DollarPrefixedFieldName
        53,  # InvalidIdField
        54,  # NotSingleValueField
        56,  # EmptyFieldName
        57,  # DottedFieldName
        66,  # ImmutableField
        121,  # DocumentValidationFailure
        10334,  # BSONObjectTooLarge
        17419,  # the document after the update is too large
        17420,  # the document to insert is too large
    )
)


class WriteResults(Struct, frozen=True):
    """The writes of one bulk write, by the server's answer.

    Attributes:
        applied: Those that are in the database.
        inserted: Those of them that inserted a document.
        duplicate: Those with a duplicate-key error.
        rejected: Those that the server will never accept, with the reason.
        failed: Those to be resent.
        failure: The error of one of these.
    """

    applied: tuple[Write, ...] = ()
    inserted: tuple[Write, ...] = ()
    duplicate: tuple[Write, ...] = ()
    rejected: tuple[tuple[Write, str], ...] = ()
    failed: tuple[Write, ...] = ()
    failure: str = ""


def sort_results(writes: Sequence[Write], details: Mapping[str, Any]) -> WriteResults:
    """Sort the writes of a bulk write by the `details` of its BulkWriteError.

    A write concern error does not refer to single writes, so all of them are resent, which the
    guard makes harmless.
    """
    concern = details.get("writeConcernErrors")
    if concern:
        return WriteResults(
            failed=tuple(writes), failure=str(concern[0].get("errmsg", "write concern"))
        )
    errors = {error["index"]: error for error in details.get("writeErrors", ())}
    applied, duplicate, failed = [], [], []
    rejected: list[tuple[Write, str]] = []
    failure = ""
    for index, write in enumerate(writes):
        error = errors.get(index)
        if error is None:
            applied.append(write)
        elif error["code"] == DUPLICATE_KEY:
            duplicate.append(write)
        elif error["code"] in CONTENT_CODES:
            rejected.append((write, f"{error['code']}: {error['errmsg']}"))
        else:
            failed.append(write)
            failure = f"{error['code']}: {error['errmsg']}"
    return WriteResults(
        applied=tuple(applied),
        inserted=tuple(writes[item["index"]] for item in details.get("upserted", ())),
        duplicate=tuple(duplicate),
        rejected=tuple(rejected),
        failed=tuple(failed),
        failure=failure,
    )


def purges_on_read(build_info: Mapping[str, Any]) -> bool:
    """Return whether a server scans for expired documents on every read, from its `buildInfo`.

    nx-27017 does, with two scans of the collection: with 10,000 documents, a TTL index slows each
    read from 1.3 ms to 13 ms. MongoDB scans once a minute in the background.
    """
    return build_info.get("process") == "nx_27017"


Duplicate = Literal["stale", "applied", "newer", "conflict", "went-back", "foreign"]


def classify_duplicate(
    write: Write, stored: Mapping[str, Any] | None, *, resent: bool
) -> Duplicate:
    """Return what a duplicate-key error of a write means, given the current document.

    The error alone does not prove that the write is stale: the guard rejects some newer writes, a
    second consumer may have inserted an older state between this server's lookup and its insert, or
    the collection may have another unique index.

    Args:
        write: The write with the duplicate-key error.
        stored: The document with its `_id`, including `_cdc`, or None.
        resent: Whether an earlier attempt may have applied the write without an acknowledgment.

    Returns:
        `stale`: the document is as new or newer. `applied`: the document is the write itself, sent
        before. `newer`: the write is newer than the document. `conflict`: the document is absent.
        `went-back`: LSNs restarted (see `order`). `foreign`: the document is not from this
        pipeline.
    """
    if stored is None:
        return "conflict"
    there = order_of_document(stored.get("_cdc"))
    if there is None:
        return "foreign"
    # Each of its events is newer than the previous one. So if one is newer than the document, the
    # write is: a row that was read again, then its changes after PostgreSQL was restored.
    if any(event.order.against(there) == "newer" for event in write.events):
        return "newer"
    match write.last.order.against(there):
        case "went-back":
            return "went-back"
        case "same" if resent:
            return "applied"
        case _:
            return "stale"


def unencodable(content: Mapping[str, Any], largest: int) -> str:
    """Return why a document cannot be sent at all, or an empty text.

    Args:
        content: The document.
        largest: The server's maximum document size in bytes.
    """
    try:
        size = len(bson.encode(content))
    except (BSONError, OverflowError, ValueError, RecursionError) as error:
        return str(error)
    return f"{size} bytes, over the server's maximum of {largest}" if size > largest else ""
