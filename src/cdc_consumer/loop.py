"""The main loop: poll, write, send rejected records to the dead-letter queue, acknowledge."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from confluent_kafka import KafkaError, Message
from msgspec import Struct

from cdc_consumer.coalesce import Write, coalesce
from cdc_consumer.dead_letter import DeadLetters
from cdc_consumer.events import Event, Record, Rejection, parse
from cdc_consumer.log import log
from cdc_consumer.metrics import Metrics
from cdc_consumer.progress import Progress
from cdc_consumer.settings import Table
from cdc_consumer.sink import Outcome

# How long a poll waits for the first message; it only affects how fast a stop is detected.
POLL_SECONDS = 0.25


class Source(Protocol):
    """The part of a Kafka consumer that the loop uses."""

    def poll(self, timeout: float) -> Message | None:
        """Return the next message, or None if none arrived within `timeout` seconds."""

    def consume(self, num_messages: int, timeout: float) -> list[Message]:
        """Return up to `num_messages` that arrive within `timeout` seconds."""


class Offsets(Protocol):
    """Tracks the acknowledged messages."""

    def log(self, topic: str, partition: int) -> str:
        """Return the topic's ID and the partition."""

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Mark messages as done."""

    def on_error(self, error: KafkaError) -> None:
        """Handle an error that came instead of a message."""

    def refresh_watermarks(self) -> None:
        """Update the ends of the partitions."""


class Writer(Protocol):
    """Applies writes."""

    def apply(self, writes: Sequence[Write]) -> Outcome:
        """Apply the writes and return the outcome of each event."""


class Dependencies(Struct, frozen=True):
    """The sources and targets of the loop."""

    source: Source
    offsets: Offsets
    writer: Writer
    dead_letters: DeadLetters
    metrics: Metrics
    progress: Progress


class Loop:
    """Consumes until it is stopped.

    Args:
        ports: The sources and targets.
        tables: The tables by topic.
        max_batch_size: The maximum number of messages per batch.
    """

    def __init__(
        self, ports: Dependencies, tables: Mapping[str, Table], max_batch_size: int
    ) -> None:
        self._ports = ports
        self._tables = tables
        self._max_batch_size = max_batch_size

    def run(self, stop: threading.Event) -> None:
        """Consume until `stop` is set; the current batch is finished first.

        Raises:
            GaveUpError: MongoDB or the dead-letter topic failed for too long.
            KafkaException: The Kafka client failed fatally.
        """
        while not stop.is_set():
            self._ports.progress.begin("poll")
            self.step()
            self._ports.offsets.refresh_watermarks()

    def step(self) -> None:
        """Process one batch, if there is one."""
        messages: list[Message] = []
        records: list[Record] = []
        # Waiting for more than the first message would delay it. While this batch is written, the
        # next one accumulates, so batches grow with the load.
        first = self._ports.source.poll(POLL_SECONDS)
        if first is None:
            return
        self._keep([first], messages, records)
        if self._max_batch_size > 1:
            more = self._ports.source.consume(self._max_batch_size - 1, 0)
            self._keep(more, messages, records)
        if messages:
            self._handle(messages, records)

    def _keep(
        self, taken: Sequence[Message], messages: list[Message], records: list[Record]
    ) -> None:
        now_us = time.time_ns() // 1000
        for message in taken:
            error = message.error()
            if error is not None:
                self._ports.offsets.on_error(error)
                continue
            messages.append(message)
            records.append(self._record(message, now_us))

    def _handle(self, messages: Sequence[Message], records: Sequence[Record]) -> None:
        self._ports.progress.begin("write")
        events: list[Event] = []
        rejections: list[Rejection] = []
        tombstones = 0
        for record in records:
            if record.value is None:
                tombstones += 1
                continue
            parsed = parse(record, self._tables[record.topic])
            if isinstance(parsed, Event):
                events.append(parsed)
            else:
                rejections.append(parsed)
        coalesced = coalesce(events)
        outcome = self._ports.writer.apply(coalesced.writes)
        incomplete = [
            *(event for event in events if event.op != "u" and not event.whole),
            *outcome.incomplete,
        ]
        for event in incomplete:
            log("incomplete", collection=event.collection, id=event.id, lsn=event.lsn)
        rejections.extend((*coalesced.rejected, *outcome.rejected))
        if rejections:
            self._ports.progress.begin("dead-letter")
        self._ports.dead_letters.send(rejections)
        self._ports.offsets.acknowledge(messages)
        self._ports.metrics.batch(
            len(messages),
            applied=outcome.acknowledged,
            stale=len(coalesced.stale) + len(outcome.stale),
            tombstones=tombstones,
            incomplete=len(incomplete),
            rejections=rejections,
        )

    def _record(self, message: Message, now_us: int) -> Record:
        """Return the record of a message that is not an error, so it has topic and partition."""
        topic, partition = message.topic() or "", message.partition() or 0
        return Record(
            topic=topic,
            partition=partition,
            log=self._ports.offsets.log(topic, partition),
            offset=message.offset() or 0,
            timestamp_ms=message.timestamp()[1],
            consumed_us=now_us,
            key=message.key(),
            value=message.value(),
        )
