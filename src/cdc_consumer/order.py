"""Which of two changes of a row is later. No I/O.

PostgreSQL writes the changes of open transactions to its log interleaved, and publishes them
transaction by transaction, in commit order. So a change's own position in the log (LSN) does not
order the changes of a row: one that was written early may be committed late. Three criteria apply,
in this order:

1. Two streamed changes compare by the order of their commits, if known. Debezium's
   `source.sequence` has it: the last commit that it saw before the change, and the change's own
   LSN. Until it has seen a commit, the first is null. Such a change belongs to the first
   transaction of a replication slot, before every later commit, so its LSN replaces the null.
2. Two records of one partition compare by their offsets: a connector writes the changes of a row in
   order. A row that a snapshot read has no commit, and an event may lack a sequence; both compare
   by offset.
3. Other changes compare by LSN; at the same LSN, a streamed change follows one that was read.

The first comes before the second because a restarted connector resends changes that were not
confirmed: old changes at new offsets. They carry their original sequence.
docs/decisions/0034 has the argument, case by case.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

READ = "r"
# Commit times of two transactions may be out of order by this much, because a clock is set or a
# backend waits between reading the clock and writing its commit.
CLOCK_MICROSECONDS = 5_000_000

OrderRelation = Literal["newer", "same", "older", "went-back"]

_Lsn = Annotated[int, Meta(ge=0, le=2**63 - 1)]
# The numbers are strings.
_SEQUENCE = msgspec.json.Decoder(tuple[_Lsn | None, _Lsn | None], strict=False)


class Order(Struct, frozen=True):
    """The order of a change among those of its row.

    Attributes:
        lsn: Its position in PostgreSQL's log; for a row that was read, that of the snapshot.
        read: Whether a snapshot read it.
        position: Commit and LSN in a form that compares as text; None if it was read or has no
            sequence, or if an older version of the consumer wrote the document.
        log: The topic's ID and the partition that it was read from; a recreated topic has another
            ID. Empty in a document of an older version.
        offset: Its offset there; -1 in a document of an older version.
        source_us: When it was committed, microseconds since the epoch; None if unknown.
    """

    lsn: int
    read: bool
    position: str | None
    log: str
    offset: int
    source_us: int | None

    def against(self, other: "Order") -> OrderRelation:
        """Compare this change with another one of the same row.

        Returns:
            `newer`, `same`, or `older` than the other one; `went-back`: the log positions say
            older, but it was committed later, and it does not come from earlier in the partition.
            So LSNs restarted: PostgreSQL was restored or replaced.
        """
        if self.position is not None and other.position is not None:
            if self.position < other.position and self._contradicts(other):
                return "went-back"
            return _relation(self.position, other.position)
        if self.log and self.log == other.log:
            return _relation(self.offset, other.offset)
        return _relation((self.lsn, not self.read), (other.lsn, not other.read))

    def _contradicts(self, other: "Order") -> bool:
        if self.source_us is None or other.source_us is None:
            return False
        if self.log == other.log and self.offset <= other.offset:
            return False
        return self.source_us > other.source_us + CLOCK_MICROSECONDS


def _relation(one: object, other: object) -> OrderRelation:
    if one == other:
        return "same"
    return "newer" if one > other else "older"  # type: ignore[operator]


def position_of(sequence: str | None, lsn: int, op: str) -> str | None:
    """Return commit and LSN as a text that compares as they do; None if the order is unknown.

    Args:
        sequence: `source.sequence`: the text of a JSON array of two strings, each a number or null.
        lsn: The change's own LSN.
        op: Debezium's letter of the operation.

    Raises:
        msgspec.DecodeError: The sequence is malformed.
    """
    if sequence is None or op == READ:
        return None
    commit, own = _SEQUENCE.decode(sequence)
    own = lsn if own is None else own
    return f"{own if commit is None else commit:016x}.{own:016x}"


def lsn_of_read(sequence: str) -> int | None:
    """Return the LSN of the change before a row that an incremental snapshot read.

    Such an event has no LSN of its own, and its sequence is that of the change before it: Debezium
    drops a row that was changed while it read it, so what it sends is later than that change.

    Raises:
        msgspec.DecodeError: The sequence is malformed.
    """
    _, before = _SEQUENCE.decode(sequence)
    return before


def order_of_document(metadata: object) -> Order | None:
    """Return the order of the change in a document, from its `_cdc`; None if it has none."""
    if not isinstance(metadata, Mapping):
        return None
    lsn = metadata.get("lsn")
    if not isinstance(lsn, int):
        return None
    return Order(
        lsn=lsn,
        read=metadata.get("op") == READ,
        position=_typed(metadata, "position", str),
        log=_typed(metadata, "log", str) or "",
        offset=-1 if (offset := _typed(metadata, "offset", int)) is None else offset,
        source_us=_typed(metadata, "source_us", int),
    )


def _typed(metadata: Mapping[str, Any], name: str, kind: type) -> Any:  # noqa: ANN401 - a `kind`
    value = metadata.get(name)
    return value if isinstance(value, kind) else None
