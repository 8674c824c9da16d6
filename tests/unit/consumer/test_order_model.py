"""A model of the whole way of a row, against "MongoDB equals PostgreSQL in the end".

Hypothesis interleaves transactions, a connector, a topic and consumers, and crashes them.
PostgreSQL, Debezium and Kafka are models. The consumer's own code reads an event, coalesces a
batch, guards its writes and settles the answers, on a collection in memory.

The model allows more than PostgreSQL does: transactions change the same rows without locks. So the
log has their changes in any order, as it has when one of them waits for a unique index.

The tests run a few examples, always the same ones; `nox -s model` runs 10,000 random ones.
"""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pymongo import ReplaceOne, UpdateOne
from pymongo.errors import AutoReconnect
from pymongo.results import BulkWriteResult

from cdc_consumer import writes
from cdc_consumer.coalesce import coalesce
from cdc_consumer.errors import GaveUpError
from cdc_consumer.events import Event, Record, parse
from cdc_consumer.order import Order, OrderRelation
from cdc_consumer.retry import Retry
from cdc_consumer.settings import Table
from cdc_consumer.sink import Document, Sink
from tests.unit.consumer.memory import Memory

if TYPE_CHECKING:
    from pymongo.database import Database

EXAMPLES = int(os.environ.get("CDC_MODEL_EXAMPLES", "0"))
FEW_EXAMPLES = 300
STEPS = 40
TABLE = Table(table="public.t", key=("id",), collection="t")
# Updates of the last one always carry the whole row, and its partition changes.
KEYS = ("a", "b", "whole")
TRANSACTIONS = 3
CRASHES = 2
COMMITTED_US = 1_700_000_000_000_000
Action = Literal["put", "patch", "delete"]
Row = dict[str, int]


@dataclass(frozen=True)
class Change:
    lsn: int
    key: str
    action: Action
    number: int


@dataclass
class Transaction:
    began: int
    changes: list[Change] = field(default_factory=list)


class Unreliable(Memory):
    """A collection whose server goes away after some operations."""

    left: int | None = None

    def bulk_write(
        self, operations: Sequence[ReplaceOne[Document] | UpdateOne], *, ordered: bool
    ) -> BulkWriteResult:
        if self.left is None or self.left >= len(operations):
            return super().bulk_write(operations, ordered=ordered)
        done, self.left = operations[: self.left], 0
        if done:
            super().bulk_write(done, ordered=ordered)
        raise AutoReconnect("gone")


class Way(RuleBasedStateMachine):
    """From PostgreSQL to MongoDB."""

    def __init__(self) -> None:
        super().__init__()
        self.lsn = 100
        self.number = 0
        self.rows: dict[str, Row] = {}
        self.open: dict[int, Transaction] = {}
        # The replication slot: where its creation began, while it is not over; what it streams.
        self.creating: int | None = self.lsn
        self.consistent = 0
        self.stream: list[bytes] = []
        self.commit_before: int | None = None
        # The connector: how much of the stream it wrote, and how much of that it noted.
        self.written = self.noted = 0
        self.crashes = 0
        # Kafka, and the partition of the last key.
        self.partitions: list[list[bytes]] = [[], []]
        self.moved = 0
        # The group's offsets, what a consumer has read beyond them, and batches of others that lost
        # their partitions and do not know it.
        self.offsets = [0, 0]
        self.read = [0, 0]
        self.held: list[list[Record]] = []
        self.collection = Unreliable()

    @initialize(sequence=st.booleans(), rows=st.lists(st.sampled_from(KEYS), unique=True))
    def begin(self, rows: list[str], *, sequence: bool) -> None:
        self.sequence = sequence
        for key in rows:
            self.rows[key] = {"v": self._next(), "large": self.number}

    # PostgreSQL

    @rule(
        who=st.integers(0, TRANSACTIONS - 1),
        key=st.sampled_from(KEYS),
        action=st.sampled_from(("put", "patch", "delete")),
    )
    def change(self, who: int, key: str, action: Action) -> None:
        if key == "whole" and action == "patch":
            action = "put"
        transaction = self.open.setdefault(who, Transaction(self._advance()))
        transaction.changes.append(Change(self._advance(), key, action, self._next()))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def commit(self, data: st.DataObject) -> None:
        self._commit(data.draw(st.sampled_from(sorted(self.open))))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        del self.open[data.draw(st.sampled_from(sorted(self.open)))]

    def _commit(self, who: int) -> None:
        transaction = self.open.pop(who)
        for each in transaction.changes:
            row = self.rows.get(each.key)
            if each.action == "put":
                fields = {"v": each.number, "large": each.number}
                self._event(each, "c" if row is None else "u", fields)
                self.rows[each.key] = fields
            elif row is None or (each.action == "delete" and self.creating is not None):
                # There is no row; or no slot keeps the delete, so that it is lost in any order.
                continue
            elif each.action == "patch":
                # PostgreSQL does not repeat the large value.
                self._event(each, "u", {"v": each.number, "large": "__debezium_unavailable_value"})
                self.rows[each.key] = {**row, "v": each.number}
            else:
                self._event(each, "d", {})
                del self.rows[each.key]
        self.commit_before = self._advance() if self.creating is None else None

    def _event(self, change: Change, op: str, fields: dict[str, Any]) -> None:
        if self.creating is None:
            self.stream.append(self._value(change.key, change.lsn, op, fields))

    def _value(self, key: str, lsn: int, op: str, fields: dict[str, Any]) -> bytes:
        commit = None if self.commit_before is None else str(self.commit_before)
        sequence = msgspec.json.encode([commit, str(lsn)]).decode()
        return msgspec.json.encode(
            {
                "id": key,
                **fields,
                "__op": op,
                "__source_lsn": lsn,
                "__source_sequence": sequence if self.sequence else None,
                "__source_ts_us": COMMITTED_US,
            }
        )

    # The connector and its slot

    @precondition(lambda self: self.creating is None and self.written == len(self.stream))
    @rule()
    def lose_the_slot(self) -> None:
        """Drop it once everything was written, and begin to create another."""
        self.stream, self.written, self.noted = [], 0, 0
        self.creating, self.commit_before = self._advance(), None

    @precondition(lambda self: self.creating is not None and not self._waited_for())
    @rule()
    def take_a_snapshot(self) -> None:
        self.creating, self.commit_before = None, None
        self.consistent = self._advance()
        for key, row in self.rows.items():
            self._send(self._value(key, self.consistent, "r", row))

    def _waited_for(self) -> bool:
        """Tell whether the slot waits: PostgreSQL lets transactions end that were open before."""
        return any(each.began < (self.creating or 0) for each in self.open.values())

    @precondition(lambda self: self.written < len(self.stream))
    @rule(count=st.integers(1, 6))
    def write(self, count: int) -> None:
        for value in self.stream[self.written : self.written + count]:
            self._send(value)
            self.written += 1

    @rule()
    def note(self) -> None:
        self.noted = self.written

    @precondition(lambda self: self.crashes < CRASHES and self.noted < self.written)
    @rule()
    def crash_connector(self) -> None:
        """Forget what was not noted, in the middle of a transaction or not."""
        self.written = self.noted
        self.crashes += 1

    # Kafka

    def _send(self, value: bytes) -> None:
        moved = msgspec.json.decode(value)["id"] == "whole" and self.moved
        self.partitions[1 if moved else 0].append(value)

    @precondition(lambda self: self.sequence and not self.moved and not self._spans_snapshot())
    @rule()
    def add_a_partition(self) -> None:
        self.moved = 1

    def _spans_snapshot(self) -> bool:
        """Tell whether a change is on its way that was made before a snapshot that lacks it."""
        pending = [msgspec.json.decode(each)["__source_lsn"] for each in self.stream[self.noted :]]
        pending += [each.began for each in self.open.values()]
        return self.creating is not None or any(lsn < self.consistent for lsn in pending)

    # The consumers

    @rule(order=st.lists(st.integers(0, 1), min_size=1, max_size=8), data=st.data())
    def consume(self, order: list[int], data: st.DataObject) -> None:
        batch = self._take(order)
        end = data.draw(st.sampled_from(("commit", "crash", "interrupted")))
        if self.crashes >= CRASHES or end == "commit":
            self._apply(batch)
            self.offsets = list(self.read)
            return
        self.crashes += 1
        self._apply(batch, data.draw(st.integers(0, 3)) if end == "interrupted" else None)
        self.read = list(self.offsets)

    @rule(order=st.lists(st.integers(0, 1), min_size=1, max_size=8))
    def lose_the_partitions(self, order: list[int]) -> None:
        """Let a consumer hang with a batch; another one begins where the group is."""
        self.held.append(self._take(order))
        self.read = list(self.offsets)

    @precondition(lambda self: self.held)
    @rule()
    def wake_up(self) -> None:
        self._apply(self.held.pop(0))

    def _take(self, order: list[int]) -> list[Record]:
        batch = []
        for partition in order:
            offset = self.read[partition]
            if offset < len(self.partitions[partition]):
                batch.append(self._record(partition, offset))
                self.read[partition] += 1
        return batch

    def _record(self, partition: int, offset: int) -> Record:
        value = self.partitions[partition][offset]
        key = msgspec.json.encode({"id": msgspec.json.decode(value)["id"]})
        return Record(
            topic="t",
            partition=partition,
            log=f"t/{partition}",
            offset=offset,
            timestamp_ms=0,
            consumed_us=0,
            key=key,
            value=value,
        )

    def _apply(self, batch: list[Record], operations: int | None = None) -> None:
        """Apply a batch as the consumer's loop does.

        Args:
            batch: The records.
            operations: After how many the server goes away; None: it does not.
        """
        events = [parse(each, TABLE) for each in batch]
        coalesced = coalesce(each for each in events if isinstance(each, Event))
        assert len(events) == sum(isinstance(each, Event) for each in events)
        self.collection.left = operations
        retry = Retry(0, threading.Event(), lambda _what, _why: None)
        database = cast("Database[Document]", self.collection)
        try:
            outcome = Sink(database, retry).apply(coalesced.writes)
        except GaveUpError:
            assert operations is not None
            return
        finally:
            self.collection.left = None
        assert (*coalesced.rejected, *outcome.rejected) == ()

    # The end

    def teardown(self) -> None:
        if not hasattr(self, "sequence"):
            return
        for who in sorted(self.open):
            self._commit(who)
        if self.creating is not None:
            self.take_a_snapshot()
        for each in self.stream[self.written :]:
            self._send(each)
        for batch in self.held:
            self._apply(batch)
        self.read = list(self.offsets)
        remaining = max(map(len, self.partitions))
        self._apply(self._take([0, 1] * remaining))
        live = {
            key: {name: value for name, value in each.items() if name in ("v", "large")}
            for key, each in self.collection.documents.items()
            if each["_cdc"]["op"] != "d"
        }
        assert live == self.rows

    def _advance(self) -> int:
        self.lsn += 8
        return self.lsn

    def _next(self) -> int:
        self.number += 1
        return self.number


def run(examples: int, *phases: Phase) -> None:
    run_state_machine_as_test(
        Way,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            derandomize=not EXAMPLES,
            phases=phases or tuple(Phase),
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.mark.timeout(3600)
def test_mongodb_equals_postgresql_in_the_end() -> None:
    run(EXAMPLES or FEW_EXAMPLES)


def rank(order: Order, how: str) -> tuple[int | str, ...]:
    match how:
        case "by LSN":
            return (order.lsn,)
        case "by place alone":
            return (order.offset,)
        case _:
            return (order.position or f"{order.lsn:016x}.{order.lsn:016x}",)


@pytest.mark.parametrize("broken", ["by LSN", "by sequence alone", "by place alone"])
def test_with_another_rule_it_does_not(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """The rule that the consumer once had, and the two that suggest themselves."""

    def against(self: Order, other: Order) -> OrderRelation:
        ours, theirs = (rank(each, broken) for each in (self, other))
        if ours == theirs:
            return "same"
        return "newer" if ours > theirs else "older"

    monkeypatch.setattr(Order, "against", against)
    never = {"_cdc.lsn": {"$lt": 0}}
    monkeypatch.setattr(writes, "_newer", lambda _event: never)
    with pytest.raises(AssertionError):
        # The example need not be small.
        run(5000, Phase.generate)
