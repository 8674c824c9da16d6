"""The records of the pipeline's topics over a window of offsets."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.cimpl import Message

from scripts.errors import StackFailure
from scripts.settings.pipeline import Pipeline, Table

# The offset at which each partition's window begins, by topic and partition; others begin at 0.
Begins = Mapping[tuple[str, int], int]
TOMBSTONE, UNREADABLE = "t", "?"
_TIMEOUT_SECONDS = 5.0
# Without a single record for so long, the broker is not going to give the rest.
_STALL_SECONDS = 10.0
_BATCH = 5000
_OPS = frozenset(("c", "u", "d", "r"))


class _Value(msgspec.Struct, frozen=True):
    """What of an event is looked at; Debezium's transform adds these fields."""

    op: str = msgspec.field(name="__op")
    lsn: int = msgspec.field(name="__source_lsn")
    tx: int | None = msgspec.field(name="__source_txId", default=None)


_VALUE = msgspec.json.Decoder(_Value)


class Event(msgspec.Struct, frozen=True):
    """A record of a table's topic: operation, or TOMBSTONE or UNREADABLE, and where it stands."""

    topic: str
    partition: int
    position: int
    id: str | None
    op: str
    lsn: int | None
    tx: int | None


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that the consumer gave up, why, and where it had read it."""

    partition: int
    position: int
    id: str | None
    reason: str
    from_topic: str
    from_partition: int
    from_position: int


@dataclass(frozen=True)
class Topics:
    """The topics of a pipeline."""

    bootstrap: str
    pipeline: Pipeline

    def ends(self) -> dict[tuple[str, int], int]:
        """Return where each partition ends now, the dead-letter topic's too.

        Raises:
            StackFailure: The broker does not answer, or a topic is not there.
        """
        with closing(self._consumer()) as consumer, _answering():
            return {key: end for key, (_, end) in self._marks(consumer).items()}

    def read(self, begins: Begins) -> Iterator[Event | DeadLetter]:
        """Yield the records from `begins` to the present ends.

        Raises:
            StackFailure: The broker does not answer, or a topic is not there.
        """
        tables = {self.pipeline.topic(table): table for table in self.pipeline.tables}
        with closing(self._consumer()) as consumer, _answering():
            marks = self._marks(consumer)
            windows = {
                key: (max(first, begins.get(key, 0)), end) for key, (first, end) in marks.items()
            }
            for message in _messages(consumer, windows):
                table = tables.get(str(message.topic()))
                yield _event(message, table) if table else self._dead_letter(message)

    def _dead_letter(self, message: Message) -> DeadLetter:
        # Of a record that was read they are a list of pairs.
        pairs = cast("list[tuple[str, str | bytes | None]]", message.headers() or [])
        headers = {name: _decoded(value) for name, value in pairs}
        topic = headers.get("topic", "")
        table = next((t for t in self.pipeline.tables if self.pipeline.topic(t) == topic), None)
        return DeadLetter(
            partition=int(message.partition() or 0),
            position=int(message.offset() or 0),
            id=_id(message.key(), table) if table else None,
            reason=headers.get("reason", "no reason given"),
            from_topic=topic,
            from_partition=_number(headers.get("partition")),
            from_position=_number(headers.get("offset")),
        )

    def _consumer(self) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "cdc-integrity",  # it is asked for; nothing is ever committed
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "log_level": 0,
            }
        )

    def _marks(self, consumer: Consumer) -> dict[tuple[str, int], tuple[int, int]]:
        names = [self.pipeline.topic(table) for table in self.pipeline.tables]
        found = consumer.list_topics(timeout=_TIMEOUT_SECONDS).topics
        marks = {}
        for name in (*names, self.pipeline.kafka.dead_letter_topic):
            if name not in found:
                raise StackFailure(f"there is no topic {name}", hint="start the stack: inv up")
            for number in found[name].partitions:
                partition = TopicPartition(name, number)
                low, high = consumer.get_watermark_offsets(partition, timeout=_TIMEOUT_SECONDS)
                marks[name, number] = (low, high)
        return marks


def _messages(
    consumer: Consumer, windows: Mapping[tuple[str, int], tuple[int, int]]
) -> Iterator[Message]:
    """Yield the records within the windows, in the order of their offsets."""
    open_ones = {key: span for key, span in windows.items() if span[0] < span[1]}
    consumer.assign([TopicPartition(key[0], key[1], span[0]) for key, span in open_ones.items()])
    heard = time.monotonic()
    left = sum(end - begin for begin, end in open_ones.values())
    while open_ones:
        # It waits for as many as it is asked for.
        for message in consumer.consume(min(_BATCH, left), timeout=0.1):
            if message.error() is not None:
                raise KafkaException(message.error())
            heard = time.monotonic()
            span = open_ones.get((str(message.topic()), int(message.partition() or 0)))
            if span is not None and int(message.offset() or 0) < span[1]:
                yield message
        # By position: a window may end in offsets that were taken by no record.
        at = consumer.position([TopicPartition(name, number) for name, number in open_ones])
        left = 0
        for place in at:
            begin, end = open_ones[place.topic, place.partition]
            if place.offset >= end:
                del open_ones[place.topic, place.partition]
            left += max(0, end - max(begin, place.offset))
        if time.monotonic() > heard + _STALL_SECONDS:
            names = ", ".join(sorted({topic for topic, _ in open_ones}))
            raise StackFailure(f"the broker does not give the records of {names}")


def _event(message: Message, table: Table) -> Event:
    op, lsn, tx = UNREADABLE, None, None
    value = message.value()
    if value is None:
        op = TOMBSTONE
    else:
        try:
            found = _VALUE.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = None
        if found is not None and found.op in _OPS:
            op, lsn, tx = found.op, found.lsn, found.tx
    identity = _id(message.key(), table)
    return Event(
        topic=str(message.topic()),
        partition=int(message.partition() or 0),
        position=int(message.offset() or 0),
        id=identity,
        op=UNREADABLE if identity is None else op,
        lsn=lsn,
        tx=tx,
    )


def _id(key: bytes | str | None, table: Table) -> str | None:
    """Return the `_id` of a record's key: its text, or a composite key's values as JSON."""
    try:
        content = msgspec.json.decode(key or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    values: Sequence[Any] = [content.get(x) for x in table.key] if isinstance(content, dict) else ()
    if not values or None in values:
        return None
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return msgspec.json.encode(values if len(values) > 1 else values[0]).decode()


def _decoded(value: bytes | str | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else -1


@contextmanager
def _answering() -> Iterator[None]:
    """Tell a broker that does not answer as a failure of the stack."""
    try:
        yield
    except KafkaException as error:
        raise StackFailure(f"the broker does not answer: {error.args[0].str()}") from None
