"""The loop over hand-made messages: what is written, set aside, counted and acknowledged."""

import threading
from collections.abc import Sequence

import msgspec
import pytest
from confluent_kafka import KafkaError, Message

from cdc_consumer.coalesce import Write
from cdc_consumer.errors import GaveUpError
from cdc_consumer.events import Rejection
from cdc_consumer.loop import Dependencies, Loop
from cdc_consumer.metrics import Metrics
from cdc_consumer.progress import Progress
from cdc_consumer.sink import Acknowledged, Outcome
from tests.unit.consumer.builders import KAFKA_MS, ORDERS, SOURCE_US, flattened

TOPIC = "cdc.public.orders"


class Topic:
    """Messages as they come, and the one that gets them; stops the loop when all are taken."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.stop = threading.Event()
        self.acknowledged: list[int] = []
        self.errors: list[str] = []
        self.batches: list[int] = []
        self._messages = list(messages)

    def poll(self, timeout: float) -> Message | None:
        assert timeout > 0
        taken = self._take(1)
        return taken[0] if taken else None

    def consume(self, num_messages: int, timeout: float) -> list[Message]:
        assert timeout == 0
        return self._take(num_messages)

    def _take(self, count: int) -> list[Message]:
        taken, self._messages = self._messages[:count], self._messages[count:]
        if not self._messages:
            self.stop.set()
        return taken

    def log(self, topic: str, partition: int) -> str:
        return f"{topic}/{partition}"

    def acknowledge(self, messages: Sequence[Message]) -> None:
        self.batches.append(len(messages))
        self.acknowledged.extend(offset for m in messages if (offset := m.offset()) is not None)

    def on_error(self, error: KafkaError) -> None:
        self.errors.append(error.str())

    def refresh_watermarks(self) -> None:
        """Nothing to look at."""


class Writer:
    """Applies everything, but ids that begin with `stale` or `bad`; notes the order of things."""

    def __init__(self, topic: Topic) -> None:
        self.writes: list[Write] = []
        self._topic = topic

    def apply(self, writes: Sequence[Write]) -> Outcome:
        assert not set(self._topic.acknowledged) & {w.last.record.offset for w in writes}
        self.writes.extend(writes)
        outcome = Outcome([], [], [], [])
        for write in writes:
            if write.last.id.startswith("stale"):
                outcome.stale.extend(write.events)
            elif write.last.id.startswith("bad"):
                outcome.rejected.append(Rejection(write.last.record, "rejected-by-mongodb", "why"))
            else:
                outcome.acknowledged.append(Acknowledged(write.events, SOURCE_US + 50_000))
        return outcome


class Letters:
    def __init__(self) -> None:
        self.kept: list[tuple[int, str]] = []

    def send(self, rejections: Sequence[Rejection]) -> None:
        self.kept.extend((item.record.offset, item.reason) for item in rejections)


class Full(Letters):
    def send(self, rejections: Sequence[Rejection]) -> None:
        if rejections:
            raise GaveUpError("dead letter: no broker")


def message(offset: int, name: str, *, value: bytes | None = b"", **fields: object) -> Message:
    lsn = fields.pop("__source_lsn", offset)
    sequence = msgspec.json.encode(["0", str(lsn)]).decode()
    metadata = {"__source_lsn": lsn, "__source_sequence": sequence}
    content = flattened(**metadata, **fields) if value == b"" else value
    return Message(
        topic=TOPIC,
        partition=0,
        offset=offset,
        key=msgspec.json.encode({"id": name}),
        value=content,
        timestamp=(1, KAFKA_MS),
    )


def failed(code: int) -> Message:
    return Message(topic=TOPIC, partition=0, error=KafkaError(code))


def run(
    messages: Sequence[Message], letters: Letters | None = None, max_batch_size: int = 500
) -> tuple[Topic, Writer, Metrics]:
    topic = Topic(messages)
    writer = Writer(topic)
    metrics = Metrics(["orders"], lambda: [(TOPIC, 0, 4)])
    ports = Dependencies(topic, topic, writer, letters or Letters(), metrics, Progress())
    Loop(ports, {TOPIC: ORDERS}, max_batch_size).run(topic.stop)
    return topic, writer, metrics


def counts(metrics: Metrics) -> dict[str, float]:
    """Return every counter that is not zero; labels are joined to the name."""
    return {
        "/".join((sample.name.removeprefix("cdc_consumer_"), *sample.labels.values())): sample.value
        for family in metrics.registry.collect()
        if family.type == "counter" and not family.name.startswith("process_")
        for sample in family.samples
        if sample.name.endswith("_total") and sample.value
    }


MIXED = (
    message(0, "a", __op="c"),
    message(1, "a", s=1),
    message(2, "a", s=1, __source_lsn=1),  # a replay within the batch
    message(3, "stale", s=1),
    message(4, "bad", s=1),
    message(5, "b", __op="d"),
    message(6, "b", value=None),
    message(7, "c", value=b"{"),
    message(8, "c", __op="x"),
    message(9, "r", __op="r"),
)


@pytest.mark.parametrize("max_batch_size", [500, 10, 3, 1])
def test_each_record_is_counted_exactly_once(max_batch_size: int) -> None:
    messages = [m for m in MIXED if max_batch_size >= 10 or m.offset() != 2]
    letters = Letters()
    topic, _, metrics = run(messages, letters, max_batch_size)
    found = counts(metrics)
    replays = len(messages) - len(MIXED) + 1
    assert found == {
        "events_total/orders/c": 1,
        "events_total/orders/u": 1,
        "events_total/orders/d": 1,
        "events_total/orders/r": 1,
        "stale_events_total": 1 + replays,
        "tombstones_total": 1,
        "dead_letters_total/rejected-by-mongodb": 1,
        "dead_letters_total/invalid-json": 1,
        "dead_letters_total/unknown-op": 1,
    }
    assert sum(found.values()) == len(messages)
    assert sorted(letters.kept) == [
        (4, "rejected-by-mongodb"),
        (7, "invalid-json"),
        (8, "unknown-op"),
    ]
    # Each is acknowledged, whatever became of it, in the order of its partition.
    assert topic.acknowledged == [m.offset() for m in messages]
    assert max(topic.batches) <= max_batch_size


def test_hops_are_observed_for_every_applied_event_and_no_other() -> None:
    _, _, metrics = run(MIXED)
    observed = {
        sample.labels["hop"]: sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "cdc_consumer_hop_seconds_count"
    }
    assert set(observed.values()) == {4}


def test_the_metrics_have_the_lag_and_the_batch_sizes() -> None:
    _, _, metrics = run(MIXED, max_batch_size=4)
    value = metrics.registry.get_sample_value
    assert value("cdc_consumer_lag", {"topic": TOPIC, "partition": "0"}) == 4
    assert value("cdc_consumer_batch_size_count") == 3
    assert value("cdc_consumer_batch_size_sum") == len(MIXED)


@pytest.mark.parametrize(("op", "incomplete"), [("c", 1), ("r", 1), ("u", 0), ("d", 0)])
def test_a_new_row_that_lacks_a_column_is_reported(
    op: str, incomplete: int, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, metrics = run([message(0, "a", __op=op, note="__debezium_unavailable_value")])
    assert counts(metrics).get("incomplete_events_total", 0) == incomplete
    assert capsys.readouterr().out.count(" incomplete collection=orders id=a lsn=0\n") == incomplete


def test_every_series_is_there_from_the_start() -> None:
    metrics = Metrics(["orders"], list)
    names = {
        (sample.name, *sample.labels.values())
        for family in metrics.registry.collect()
        for sample in family.samples
    }
    assert {("cdc_consumer_events_total", "orders", op) for op in "cudr"} <= names
    assert ("cdc_consumer_dead_letters_total", "invalid-json") in names


def test_a_trouble_of_kafka_is_reported_and_the_messages_beside_it_are_handled() -> None:
    topic, writer, _ = run(
        [failed(KafkaError.UNKNOWN_TOPIC_OR_PART), message(1, "a"), failed(KafkaError._TRANSPORT)]  # noqa: SLF001 - librdkafka's own codes are named so
    )
    assert len(topic.errors) == 2
    assert topic.acknowledged == [1]
    assert [write.last.id for write in writer.writes] == ["a"]


def test_nothing_is_acknowledged_when_a_dead_letter_cannot_be_kept() -> None:
    topic = Topic([message(0, "a"), message(1, "c", value=b"{")])
    metrics = Metrics(["orders"], list)
    ports = Dependencies(topic, topic, Writer(topic), Full(), metrics, Progress())
    with pytest.raises(GaveUpError, match="no broker"):
        Loop(ports, {TOPIC: ORDERS}, 500).run(topic.stop)
    assert topic.acknowledged == []
    assert counts(metrics) == {}


def test_the_consumed_time_is_the_moment_of_taking() -> None:
    _, writer, _ = run([message(0, "a")])
    (write,) = writer.writes
    assert write.last.record.consumed_us > SOURCE_US
    assert write.last.record.timestamp_ms == KAFKA_MS
