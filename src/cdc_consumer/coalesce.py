"""Merge several changes of a row within a batch into one write. No I/O."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from cdc_consumer.events import Event, Rejection


class Write(Struct, frozen=True):
    """The write of a batch to one document.

    Attributes:
        last: The newest event, which determines the document, its order, and the metadata.
        fields: The columns to write.
        replaces: Whether `fields` replace the document; otherwise they are set in it, and its other
            fields stay.
        events: The events that it applies, oldest first; at least one.
    """

    last: Event
    fields: dict[str, Any]
    replaces: bool
    events: tuple[Event, ...]


class Coalesced(Struct, frozen=True):
    """The result of coalescing a batch.

    Attributes:
        writes: The writes, one per document.
        stale: The events that are not newer than an earlier one.
        rejected: The events whose positions contradict their times.
    """

    writes: tuple[Write, ...]
    stale: tuple[Event, ...]
    rejected: tuple[Rejection, ...]


def coalesce(events: Iterable[Event]) -> Coalesced:
    """Merge a batch's events, in order of arrival, into one write per document.

    An event that is not newer than the previous one of its row is a replay and is dropped. Only a
    replay arrives late, and it repeats everything from its start, so nothing is missing between two
    events of a batch.
    """
    rows: dict[tuple[str, str], list[Event]] = {}
    stale: list[Event] = []
    rejected: list[Rejection] = []
    for event in events:
        taken = rows.setdefault((event.collection, event.id), [])
        match event.order.against(taken[-1].order) if taken else "newer":
            case "newer":
                taken.append(event)
            case "went-back":
                rejected.append(went_back(event))
            case _:
                stale.append(event)
    writes = tuple(_merge(taken) for taken in rows.values())
    return Coalesced(writes, tuple(stale), tuple(rejected))


def went_back(event: Event) -> Rejection:
    """Return the rejection of an event whose position contradicts its time.

    Treating it as a replay would silently drop every change of a restored database.
    """
    detail = (
        f"LSN {event.lsn} is lower than that of a change with an earlier commit: PostgreSQL was "
        "restored or replaced. Delete the collection's documents and take a new snapshot."
    )
    return Rejection(event.record, "position-went-back", detail)


def _merge(events: list[Event]) -> Write:
    fields: dict[str, Any] = {}
    replaces = False
    for event in events:
        # A whole row, a new row (whose key may have existed before), or a delete starts over.
        if event.whole or event.op != "u":
            fields, replaces = event.fields, True
        else:
            fields = {**fields, **event.fields}
    return Write(events[-1], fields, replaces, tuple(events))
