"""What the sink does with answers that a real server gives too seldom to wait for."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import pytest
from pymongo.errors import AutoReconnect, BulkWriteError
from pymongo.results import BulkWriteResult

from cdc_consumer.coalesce import coalesce
from cdc_consumer.errors import GaveUpError
from cdc_consumer.events import Event
from cdc_consumer.retry import Retry
from cdc_consumer.sink import MOST_CONFLICTS, Document, Outcome, Sink
from tests.unit.consumer.builders import LOG, SOURCE_US, event
from tests.unit.consumer.memory import Memory

if TYPE_CHECKING:
    from pymongo.database import Database

Answer = Exception | None


def refused(*codes: tuple[int, int]) -> BulkWriteError:
    errors = [{"index": index, "code": code, "errmsg": "why"} for index, code in codes]
    return BulkWriteError({"writeErrors": errors})


def write_concern() -> BulkWriteError:
    return BulkWriteError({"writeConcernErrors": [{"errmsg": "timed out"}]})


class Scripted:
    """A collection that answers each bulk write with the next of its answers, then with success.

    Also stands for the database of it.
    """

    def __init__(self, answers: Sequence[Answer], stored: Mapping[str, int]) -> None:
        self.sent: list[int] = []
        self._answers: Iterator[Answer] = iter(answers)
        self._stored = stored

    def __getitem__(self, _name: str) -> "Scripted":
        return self

    def bulk_write(self, operations: Sequence[object], *, ordered: bool) -> BulkWriteResult:
        assert not ordered
        self.sent.append(len(operations))
        answer = next(self._answers, None)
        if answer is not None:
            raise answer
        return BulkWriteResult({"upserted": []}, acknowledged=True)

    def find(self, query: dict[str, Any], _projection: object) -> list[dict[str, Any]]:
        wanted = query["_id"]["$in"]
        return [
            {"_id": name, "_cdc": {"lsn": lsn}}
            for name, lsn in self._stored.items()
            if name in wanted
        ]


def applied(
    collection: Scripted | Memory, events: Sequence[Event], retry_seconds: float = 30
) -> tuple[Outcome, list[str]]:
    told: list[str] = []
    retry = Retry(retry_seconds, threading.Event(), lambda _what, why: told.append(why))
    sink = Sink(cast("Database[Document]", collection), retry)
    return sink.apply(coalesce(events).writes), told


def ids(outcome: Outcome) -> dict[str, list[str]]:
    """Return what became of the events, each named by its id and LSN."""

    def names(events: Sequence[Event]) -> list[str]:
        return [f"{item.id}{item.lsn}" for item in events]

    return {
        "applied": [name for group in outcome.acknowledged for name in names(group.events)],
        "stale": names(outcome.stale),
        "rejected": [f"{item.reason}@{item.record.offset}" for item in outcome.rejected],
    }


A, B = event(7, id="a"), event(8, id="b")


@pytest.mark.parametrize(
    ("answers", "stored", "expected", "sent"),
    [
        pytest.param([], {}, {"applied": ["a7", "b8"]}, [2], id="taken"),
        pytest.param(
            [refused((0, 11000))],
            {"a": 9},
            {"applied": ["b8"], "stale": ["a7"]},
            [2],
            id="stale",
        ),
        pytest.param(
            [AutoReconnect("gone")], {}, {"applied": ["a7", "b8"]}, [2, 2], id="connection lost"
        ),
        pytest.param(
            [AutoReconnect("gone"), refused((0, 11000), (1, 11000))],
            {"a": 7, "b": 9},
            {"applied": ["a7"], "stale": ["b8"]},
            [2, 2],
            id="connection lost after the write: ours is no replay",
        ),
        pytest.param(
            [write_concern(), refused((0, 11000), (1, 11000))],
            {"a": 7, "b": 8},
            {"applied": ["a7", "b8"]},
            [2, 2],
            id="write concern error after the write",
        ),
        pytest.param(
            [refused((1, 14031))], {}, {"applied": ["a7", "b8"]}, [2, 1], id="disk full for a while"
        ),
        pytest.param(
            [refused((0, 11000))],
            {"a": 5},
            {"applied": ["b8", "a7"]},
            [2, 1],
            id="an older state came in between",
        ),
        pytest.param(
            [refused((0, 121))],
            {},
            {"applied": ["b8"], "rejected": ["rejected-by-mongodb@7"]},
            [2],
            id="refused for good",
        ),
        pytest.param(
            [refused((0, 11000))] * MOST_CONFLICTS,
            {},
            {"applied": ["b8"], "rejected": ["rejected-by-mongodb@7"]},
            [2, 1, 1, 1, 1],
            id="another unique index",
        ),
    ],
)
def test_each_event_ends_in_one_place(
    answers: list[Answer], stored: dict[str, int], expected: dict[str, list[str]], sent: list[int]
) -> None:
    collection = Scripted(answers, stored)
    outcome, _ = applied(collection, [A, B])
    assert ids(outcome) == {"applied": [], "stale": [], "rejected": [], **expected}
    assert collection.sent == sent


def test_of_a_merged_write_that_is_refused_only_the_bad_event_is_rejected() -> None:
    # All three together, then each alone; the second is the one that the server refuses.
    collection = Scripted([refused((0, 121)), None, refused((0, 121))], {})
    outcome, _ = applied(collection, [event(1, "c"), event(2), event(3)])
    assert ids(outcome) == {
        "applied": ["a1", "a3"],
        "stale": [],
        "rejected": ["rejected-by-mongodb@2"],
    }


class Encoding(Scripted):
    """Encodes what it is sent, as the driver does before it sends."""

    def bulk_write(self, operations: Sequence[object], *, ordered: bool) -> BulkWriteResult:
        for item in operations:
            if str(2**63) in repr(item):
                raise OverflowError("MongoDB can only handle up to 8-byte ints")
        return super().bulk_write(operations, ordered=ordered)


def test_an_event_that_cannot_be_encoded_does_not_stop_the_others() -> None:
    collection = Encoding([], {})
    outcome, told = applied(collection, [event(7, id="a", total=2**63), B])
    assert ids(outcome)["applied"] == ["b8"]
    assert [(item.reason, item.record.offset) for item in outcome.rejected] == [
        ("rejected-by-mongodb", 7)
    ]
    assert "8-byte" in outcome.rejected[0].detail
    assert told == []


@pytest.mark.parametrize(
    "answer",
    [lambda: AutoReconnect("gone"), lambda: refused((0, 14031)), write_concern],
    ids=["connection", "disk", "write concern"],
)
def test_what_does_not_pass_is_given_up(answer: Callable[[], Exception]) -> None:
    collection = Scripted([answer() for _ in range(100)], {})
    with pytest.raises(GaveUpError, match=r"^write: "):
        applied(collection, [A], retry_seconds=0.1)


READ = {"_id": "a", "s": 0, "_cdc": {"lsn": 200, "op": "r", "log": LOG, "offset": 1}}
OLD_VERSION = {"_id": "a", "s": 0, "_cdc": {"lsn": 5, "op": "u"}}


@pytest.mark.parametrize(
    ("stored", "item"),
    [
        pytest.param(READ, event(150, commit=None, offset=2, s=1), id="of a snapshot"),
        pytest.param(OLD_VERSION, event(7, s=1), id="of an older version"),
        pytest.param(OLD_VERSION, event(7, "r", s=1), id="of an older version, read again"),
    ],
)
def test_what_the_guard_turns_away_is_compared_and_sent_again(
    stored: Document, item: Event
) -> None:
    collection = Memory([stored])
    outcome, told = applied(collection, [item])
    assert [len(group.events) for group in outcome.acknowledged] == [1]
    assert collection.documents["a"]["s"] == 1
    # It is no failure that is waited for.
    assert told == []


def test_a_document_that_another_consumer_changes_meanwhile_is_looked_at_again() -> None:
    collection = Memory([READ])
    newest = event(180, commit=170, offset=8, s=8)

    class Overtaken(Memory):
        looked = 0

        def find(self, query: Mapping[str, Any], projection: object) -> Iterator[Document]:
            found = list(super().find(query, projection))
            if not self.looked:
                applied(collection, [newest])
            self.looked += 1
            yield from found

    overtaken = Overtaken()
    overtaken.documents = collection.documents
    outcome, _ = applied(overtaken, [event(150, commit=None, offset=2, s=1)])
    assert (len(outcome.stale), outcome.acknowledged) == (1, [])
    assert collection.documents["a"]["s"] == 8


def test_positions_that_restarted_are_dead_letters() -> None:
    collection = Memory()
    applied(collection, [event(900, commit=890, offset=1, s=1)])
    later_us = SOURCE_US + 60_000_000
    restored = event(40, commit=30, offset=2, source_us=later_us, s=2)
    outcome, _ = applied(collection, [restored])
    assert [item.reason for item in outcome.rejected] == ["position-went-back"]
    assert collection.documents["a"]["s"] == 1
    together = coalesce([event(900, commit=890, offset=1), restored])
    assert [item.reason for item in together.rejected] == ["position-went-back"]
    assert together.stale == ()


def test_a_row_that_is_read_again_ends_that() -> None:
    collection = Memory()
    applied(collection, [event(900, commit=890, offset=1, s=1)])
    later_us = SOURCE_US + 60_000_000
    read = event(50, "r", offset=2, source_us=later_us, s=2)
    change = event(60, commit=55, offset=3, source_us=later_us, s=3)
    outcome, _ = applied(collection, [read, change])
    assert (outcome.rejected, outcome.stale) == ([], [])
    assert collection.documents["a"]["s"] == 3


@pytest.mark.parametrize(
    ("stored", "whole", "expected"),
    [([], False, 1), ([], True, 0), ([OLD_VERSION], False, 0)],
    ids=["no document", "all columns", "a document"],
)
def test_an_update_without_a_column_that_makes_a_document_is_counted(
    stored: list[Document], expected: int, *, whole: bool
) -> None:
    outcome, _ = applied(Memory(stored), [event(7, whole=whole, s=1), event(7, id="b")])
    assert len(outcome.incomplete) == expected


def test_it_is_counted_beside_a_stale_write() -> None:
    stored = {"_id": "b", "_cdc": {"lsn": 9, "op": "u", "position": "f", "log": LOG, "offset": 9}}
    outcome, _ = applied(Memory([stored]), [event(7, whole=False, s=1), event(7, id="b")])
    assert (len(outcome.incomplete), len(outcome.stale)) == (1, 1)
