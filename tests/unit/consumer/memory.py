"""A MongoDB collection in memory: what the sink sends to one, and how one answers.

It knows the operations and the filters that the sink uses, and no others. That the real server
answers alike is shown by tests/integration/test_consumer_order.py.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pymongo import ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError
from pymongo.results import BulkWriteResult

from cdc_consumer.sink import Document

DUPLICATE = {"code": 11000, "errmsg": "E11000 duplicate key error"}


class Memory:
    """A collection, and the database that it is in."""

    def __init__(self, documents: Sequence[Document] = ()) -> None:
        self.documents: dict[str, Document] = {each["_id"]: each for each in documents}

    def __getitem__(self, _name: str) -> "Memory":
        return self

    def bulk_write(
        self, operations: Sequence[ReplaceOne[Document] | UpdateOne], *, ordered: bool
    ) -> BulkWriteResult:
        assert not ordered
        errors, upserted = [], []
        for index, each in enumerate(operations):
            # They have no other names.
            condition: Document = dict(each._filter)  # noqa: SLF001
            change: Any = each._doc  # noqa: SLF001
            identity = condition["_id"]
            found = self.documents.get(identity)
            if found is not None and not matches(condition, found):
                errors.append({"index": index, **DUPLICATE})
                continue
            if found is None:
                upserted.append({"index": index, "_id": identity})
            if isinstance(each, UpdateOne):
                changed = {**(found or {"_id": identity}), **change["$set"]}
            else:
                changed = dict(change)
            self.documents[identity] = copy.deepcopy(changed)
        details: dict[str, Any] = {"writeErrors": errors, "upserted": upserted}
        if errors:
            raise BulkWriteError(details)
        return BulkWriteResult(details, acknowledged=True)

    def find(self, query: Mapping[str, Any], _projection: object) -> Iterator[Document]:
        for identity in query["_id"]["$in"]:
            if identity in self.documents:
                yield copy.deepcopy(self.documents[identity])


def matches(condition: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Tell whether a document matches equalities and `$lt`, as MongoDB compares.

    A missing field equals null, and is less than nothing.
    """
    for path, wanted in condition.items():
        value: Any = document
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(wanted, Mapping):
            bound = wanted["$lt"]
            if type(value) is not type(bound) or not value < bound:
                return False
        elif value != wanted:
            return False
    return True
