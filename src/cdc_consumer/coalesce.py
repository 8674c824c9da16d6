"""Several changes of a row within a batch become one write. No I/O."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from cdc_consumer.events import Event


class Write(Struct, frozen=True):
    """What a batch does to one document.

    Attributes:
        last: The newest event; it names the document, the LSN and the metadata.
        fields: The columns to write.
        replaces: Whether the document becomes exactly `fields`; otherwise they are set in it and
            what else it holds stays.
        events: The events that it carries out, in LSN order; at least one.
    """

    last: Event
    fields: dict[str, Any]
    replaces: bool
    events: tuple[Event, ...]


class Coalesced(Struct, frozen=True):
    """The writes of a batch, one a document, and the events that an earlier one made stale."""

    writes: tuple[Write, ...]
    stale: tuple[Event, ...]


def coalesce(events: Iterable[Event]) -> Coalesced:
    """Merge a batch's events, given in the order of arrival, into one write a document.

    Within a row, events apply in LSN order. One that is not newer than what was taken before it is
    a replay and is dropped: Kafka keeps the order of a key, so only a replay arrives late, and a
    replay brings everything from its start on, so nothing is missing between two events of a batch.
    """
    rows: dict[tuple[str, str], list[Event]] = {}
    stale: list[Event] = []
    for event in events:
        taken = rows.setdefault((event.collection, event.id), [])
        if taken and event.lsn <= taken[-1].lsn:
            stale.append(event)
        else:
            taken.append(event)
    return Coalesced(tuple(_merge(taken) for taken in rows.values()), tuple(stale))


def _merge(events: list[Event]) -> Write:
    fields: dict[str, Any] = {}
    replaces = False
    for event in events:
        # A whole row, a new row (whose key may have had a life before) or none at all starts anew.
        if event.whole or event.op != "u":
            fields, replaces = event.fields, True
        else:
            fields = {**fields, **event.fields}
    return Write(events[-1], fields, replaces, tuple(events))
