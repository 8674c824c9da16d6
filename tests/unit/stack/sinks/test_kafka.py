import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.cimpl import Message

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.sinks import kafka as module
from cdc_perf.stack.sinks.kafka import KafkaTarget
from cdc_perf.stack.sinks.sink import Begins, NotSent, Target
from cdc_perf.waiting import NotReady

PIPELINE = load_pipeline(Checkout.here())
CUSTOMER = PIPELINE.tables[0]
TOPIC = PIPELINE.topic(CUSTOMER)
TARGET = Target(CUSTOMER, ("id", "email"))


def record(offset: int, key: str, op: str, **row: object) -> Message:
    source = {"lsn": 10 + offset, "txId": 1, "ts_us": 1}
    event = {"op": op, "before": None, "after": row or None, "source": source}
    return Message(
        topic=TOPIC,
        partition=0,
        offset=offset,
        key=json.dumps({"id": key}).encode(),
        value=json.dumps(event).encode(),
    )


def tombstone(offset: int, key: str) -> Message:
    return Message(
        topic=TOPIC, partition=0, offset=offset, key=json.dumps({"id": key}).encode(), value=None
    )


class FakeBroker:
    """A broker with one topic's records; those in `later` can be read after the assignment."""

    def __init__(self, records: Iterable[Message] = (), later: Iterable[Message] = ()) -> None:
        self.records = [*records]
        self.later = deque(later)
        self.assigned: list[TopicPartition] = []
        self.error: KafkaException | None = None
        self.absent: set[str] = set()

    def list_topics(self, **_options: object) -> SimpleNamespace:
        if self.error is not None:
            raise self.error
        names = {PIPELINE.topic(table) for table in PIPELINE.tables} - self.absent
        return SimpleNamespace(topics={x: SimpleNamespace(partitions={0: None}) for x in names})

    def assignment(self) -> list[TopicPartition]:
        return self.assigned

    def get_watermark_offsets(self, partition: TopicPartition, **_options: object) -> object:
        return (0, len(self.records)) if partition.topic == TOPIC else (0, 0)

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.assigned = partitions
        starts = {each.topic: each.offset for each in partitions}
        start = starts.get(TOPIC, len(self.records))
        self.read = deque(x for x in self.records if (x.offset() or 0) >= start)

    def consume(self, count: int, **_options: object) -> list[Message]:
        waiting = self.read or self.later
        return [waiting.popleft() for _ in range(min(count, len(waiting)))]

    def position(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        left = len(self.read)
        return [TopicPartition(x.topic, 0, len(self.records) - left) for x in partitions]

    def close(self) -> None: ...


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakeBroker:
    found = FakeBroker()
    monkeypatch.setattr(module, "topic_consumer", lambda *_arguments: found)
    return found


def test_a_row_is_there_after_its_record_and_until_its_delete(broker: FakeBroker) -> None:
    broker.records = [record(0, "old", "c", id="old")]
    with KafkaTarget("", PIPELINE, {}).open() as reader:
        # From the end: what was there before is not looked at.
        assert {each.topic: each.offset for each in broker.assigned}[TOPIC] == 1
        assert not reader.has(CUSTOMER, "old")
        broker.later.append(record(1, "a", "c", id="a"))
        assert reader.has(CUSTOMER, "a")
        broker.later.append(record(2, "a", "u", id="a"))
        assert reader.has(CUSTOMER, "a")
        broker.later.extend((record(3, "a", "d"), tombstone(4, "a")))
        assert not reader.has(CUSTOMER, "a")
        assert not reader.has(PIPELINE.tables[1], "a")


def test_a_topic_that_comes_with_its_first_event_is_followed(broker: FakeBroker) -> None:
    broker.absent = {TOPIC}
    with KafkaTarget("", PIPELINE, {}).open() as reader:
        assert TOPIC not in {each.topic for each in broker.assigned}
        assert not reader.has(CUSTOMER, "a")
        broker.absent, broker.records = set(), [record(0, "a", "c", id="a")]
        assert reader.has(CUSTOMER, "a")
        assert {each.topic: each.offset for each in broker.assigned}[TOPIC] == 0


def test_the_last_record_of_each_row_counts(broker: FakeBroker) -> None:
    broker.records = [
        record(0, "b", "c", id="b", email="old"),
        record(1, "a", "r", id="a", email="x"),
        record(2, "gone", "c", id="gone", email="x"),
        record(3, "b", "u", id="b", email="new"),
        record(4, "gone", "d"),
        tombstone(5, "gone"),
        record(6, "back", "c", id="back", email="1"),
        record(7, "back", "d"),
        record(8, "back", "c", id="back", email="2"),
        Message(topic=TOPIC, partition=0, offset=9, key=b"?", value=b"?"),
    ]
    with KafkaTarget("", PIPELINE, {}).open() as reader:
        assert [*reader.documents(TARGET)] == [
            {"_id": "a", "id": "a", "email": "x"},
            {"_id": "b", "id": "b", "email": "new"},
            {"_id": "back", "id": "back", "email": "2"},
        ]


def test_a_value_that_was_not_sent_again_is_the_one_before(broker: FakeBroker) -> None:
    unchanged = "__debezium_unavailable_value"
    broker.records = [
        record(0, "a", "c", id="a", email="long", status="1"),
        record(1, "a", "u", id="a", email=unchanged, status="2"),
        record(2, "a", "u", id="a", email=unchanged, status="3"),
        # Nothing is known of a value that was never sent.
        record(3, "b", "u", id="b", email=unchanged, status="1"),
    ]
    with KafkaTarget("", PIPELINE, {}).open() as reader:
        assert [*reader.documents(TARGET)] == [
            {"_id": "a", "id": "a", "email": "long", "status": "3"},
            {"_id": "b", "id": "b", "email": unchanged, "status": "1"},
        ]


class Every:
    """The keys of rows: all of them."""

    def batches(self) -> Iterator[Sequence[str]]:
        raise NotImplementedError

    def among(self, ids: Sequence[str]) -> frozenset[str]:
        return frozenset(ids)


def chosen(broker: FakeBroker, begins: Begins) -> list[dict[str, object]]:
    """Return the documents that are read from these offsets on."""
    with KafkaTarget("", PIPELINE, {}).open() as reader:
        return [*reader.documents(Target(CUSTOMER, ("id", "email"), Every(), begins))]


def test_records_from_before_the_run_are_not_read(broker: FakeBroker) -> None:
    broker.records = [
        *(record(n, f"old {n}", "c", id=f"old {n}") for n in range(1000)),
        record(1000, "a", "c", id="a", email="1"),
        record(1001, "old 7", "u", id="old 7", email="2"),
    ]
    assert chosen(broker, {(TOPIC, 0): 1000}) == [
        {"_id": "a", "id": "a", "email": "1"},
        {"_id": "old 7", "id": "old 7", "email": "2"},
    ]
    assert [(each.topic, each.offset) for each in broker.assigned] == [(TOPIC, 1000)]


def test_a_value_from_before_the_run_is_not_known(broker: FakeBroker) -> None:
    unchanged = "__debezium_unavailable_value"
    broker.records = [
        record(0, "a", "c", id="a", email="long", status="1"),
        record(1, "a", "u", id="a", email=unchanged, status="2"),
        record(2, "a", "u", id="a", email=unchanged, status="3"),
    ]
    found = [{"_id": "a", "id": "a", "email": NotSent.VALUE, "status": "3"}]
    assert chosen(broker, {(TOPIC, 0): 1}) == found
    # The whole topic has it.
    assert chosen(broker, {}) == [{"_id": "a", "id": "a", "email": "long", "status": "3"}]


def test_a_topic_that_was_created_again_is_read_from_its_beginning(broker: FakeBroker) -> None:
    broker.records = [record(0, "a", "c", id="a")]
    assert chosen(broker, {(TOPIC, 0): 77}) == [{"_id": "a", "id": "a"}]


def test_rows_are_ordered_by_the_bytes_of_their_keys(broker: FakeBroker) -> None:
    keys = ["é", "z", "Z", "a", "𝄞", "\uffff"]
    broker.records = [record(n, key, "c", id=key) for n, key in enumerate(keys)]
    with KafkaTarget("", PIPELINE, {}).open() as reader:
        found = [each["_id"] for each in reader.documents(TARGET)]
    assert found == sorted(keys, key=lambda key: key.encode())


def test_a_broker_that_is_away_is_a_reason_to_wait(broker: FakeBroker) -> None:
    broker.error = KafkaException(KafkaError(KafkaError._TRANSPORT, "refused"))  # noqa: SLF001
    with pytest.raises(NotReady, match=r"^Kafka does not answer: refused$"):
        KafkaTarget("", PIPELINE, {}).server()
