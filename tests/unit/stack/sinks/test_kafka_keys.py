"""The rows of a topic that are read by their keys."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Table
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.sinks import kafka
from cdc_perf.stack.sinks.kafka import KafkaReader
from cdc_perf.stack.sinks.sink import Begins, Target

TABLE = Table("public.customer", ("id",), "")


class Wanted:
    """Some keys; notes how many records each question is about."""

    def __init__(self, *ids: str) -> None:
        self._ids = ids
        self.asked: list[int] = []

    def batches(self) -> Iterator[Sequence[str]]:
        yield self._ids

    def among(self, ids: Sequence[str]) -> frozenset[str]:
        self.asked.append(len(ids))
        return frozenset(ids).intersection(self._ids)


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> KafkaReader:
    values = [("b", "1"), ("a", "1"), ("c", "1"), ("a", "2"), ("b", None), ("d", "1")]

    def records(_self: KafkaReader, table: Table, begins: Begins) -> Iterator[dict[str, Any]]:
        assert (table, begins) == (TABLE, {})
        for position, (identity, email) in enumerate(values):
            value = None if email is None else {"id": identity, "email": email}
            yield {"id": identity, "position": position, "value": value}

    monkeypatch.setattr(kafka, "topic_consumer", lambda *_: SimpleNamespace())
    monkeypatch.setattr(KafkaReader, "_records", records)
    monkeypatch.setattr(kafka, "_BATCH", 4)
    return KafkaReader("", load_pipeline(Checkout.here()), {})


def test_only_the_wanted_rows_are_read_in_their_last_state(reader: KafkaReader) -> None:
    wanted = Wanted("a", "b", "d", "x")
    found = list(reader.documents(Target(TABLE, ("id", "email"), wanted)))
    # The last record of b is a delete; c is a row of others.
    assert found == [
        {"_id": "a", "id": "a", "email": "2"},
        {"_id": "d", "id": "d", "email": "1"},
    ]
    # The topic is read once, a batch of records at a time.
    assert wanted.asked == [4, 2]


def test_without_keys_all_rows_are_read(reader: KafkaReader) -> None:
    found = list(reader.documents(Target(TABLE, ("id", "email"))))
    assert [each["_id"] for each in found] == ["a", "c", "d"]
