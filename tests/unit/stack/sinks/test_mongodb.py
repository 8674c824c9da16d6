from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest
from pymongo.errors import OperationFailure

from cdc_perf.settings.pipeline import Table
from cdc_perf.stack.sinks.mongodb import MongodbReader, is_live, metadata
from cdc_perf.stack.sinks.sink import Target
from cdc_perf.waiting import NotReady

if TYPE_CHECKING:
    from pymongo.database import Database

Document = dict[str, Any]
TABLE = Table(table="public.customer", key=("id",), target="client")


class FakeCollection:
    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents

    def find_one(self, query: Document) -> Document | None:
        return next((x for x in self._documents if x["_id"] == query["_id"]), None)

    def find(self) -> "FakeCollection":
        return self

    def sort(self, name: str, _direction: int) -> "FakeCollection":
        return FakeCollection(sorted(self._documents, key=lambda x: str(x[name])))

    @contextmanager
    def batch_size(self, _size: int) -> Iterator[Iterator[Document]]:
        yield iter(self._documents)


class Refusing(FakeCollection):
    def find_one(self, query: Document) -> Document | None:
        raise OperationFailure(f"not allowed: {query}")


def reader(*documents: Document) -> MongodbReader:
    database = {"client": FakeCollection(documents)}
    return MongodbReader(cast("Database[Document]", database))


@pytest.mark.parametrize(
    ("document", "known", "live"),
    [
        ({"_cdc": {"op": "c", "lsn": 7}}, {"op": "c", "lsn": 7}, True),
        ({"_cdc": {"op": "d"}}, {"op": "d"}, False),
        # As a sink connector writes what Debezium's transform adds.
        (
            {"__op": "u", "__source_lsn": 7, "__source_txId": 3},
            {"op": "u", "lsn": 7, "tx_id": 3},
            True,
        ),
        ({"__op": "d", "__deleted": "true"}, {"op": "d"}, False),
        ({"__deleted": "true"}, {}, False),
        ({"__deleted": "false"}, {}, True),
        ({"_cdc": "foreign"}, {}, True),
        ({}, {}, True),
    ],
)
def test_the_metadata_of_both_consumers(document: Document, known: Document, live: bool) -> None:  # noqa: FBT001
    assert metadata(document) == known
    assert is_live(document) is live


def test_a_deleted_row_is_not_there() -> None:
    found = reader({"_id": "a"}, {"_id": "b", "_cdc": {"op": "d"}})
    assert found.has(TABLE, "a")
    assert not found.has(TABLE, "b")
    assert not found.has(TABLE, "c")


def test_documents_come_in_the_order_of_their_key_without_marks_and_foreign_keys() -> None:
    found = reader({"_id": "b"}, {"_id": 7}, {"_id": "c", "_cdc": {"op": "d"}}, {"_id": "a"})
    assert [x["_id"] for x in found.documents(Target(TABLE, ()))] == ["a", "b"]


def test_fields_get_the_names_of_the_columns() -> None:
    table = Table(
        table="public.customer",
        key=("id",),
        target="client",
        columns={"id": "_id", "email": "mail"},
    )
    (document,) = reader({"_id": "a", "mail": "x", "status": "s"}).documents(
        Target(table, ("id", "email", "status"))
    )
    assert document == {"_id": "a", "id": "a", "email": "x", "status": "s"}


def test_a_refused_query_is_a_reason_to_wait() -> None:
    refusing = MongodbReader(cast("Database[Document]", {"client": Refusing(())}))
    with pytest.raises(NotReady, match=r"^MongoDB: not allowed"):
        refusing.has(TABLE, "a")
