"""The events of a window and k6's ledger, in a temporary database, and their anomalies.

Memory is bounded: DuckDB spills the rest to disk until the check is over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

import msgspec

from cdc_perf.integrity import queries
from cdc_perf.integrity.ledger import AcknowledgedWrite, Arrival
from cdc_perf.integrity.records import MOST_SAMPLES, FindingTimes, TopicRead
from cdc_perf.settings.table_name import TableName
from cdc_perf.stack.change_events import ChangeEvent, DeadLetter, RecordClock

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MEMORY = "400MB"
_LINES = "read_json($path, format = 'newline_delimited', columns = {columns})"
_COLUMNS = {
    "event": "{topic: 'VARCHAR', partition: 'INTEGER', position: 'BIGINT', id: 'VARCHAR', "
    "op: 'VARCHAR', lsn: 'BIGINT', tx: 'BIGINT', commit: 'BIGINT', source_us: 'BIGINT', "
    "debezium_us: 'BIGINT', kafka_ms: 'BIGINT', clock: 'VARCHAR'}",
    "dead_letter": "{partition: 'INTEGER', position: 'BIGINT', id: 'VARCHAR', reason: 'VARCHAR', "
    "from_topic: 'VARCHAR', from_partition: 'INTEGER', from_position: 'BIGINT'}",
    "acknowledged": "{op: 'VARCHAR', \"table\": 'VARCHAR', id: 'VARCHAR', at_us: 'BIGINT', "
    "line: 'BIGINT'}",
    "arrival": "{op: 'VARCHAR', \"table\": 'VARCHAR', id: 'VARCHAR', at_us: 'BIGINT', "
    "line: 'BIGINT'}",
}


@dataclass(frozen=True)
class Anomaly:
    """Events of a topic that are wrong in one way: how many, and samples with a sentence each."""

    topic: str
    count: int
    samples: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MissingEvent:
    """Acknowledged writes of a row that the topic lacks: the number of one operation."""

    table: str
    id: str
    count: int
    op: str


@dataclass(frozen=True)
class EventPosition:
    """An event of a row in its topic."""

    op: str
    lsn: int
    partition: int
    position: int


@dataclass(frozen=True)
class HopTimes:
    """The times of one hop over a number of changes, in microseconds.

    Attributes:
        hop: The hop's name.
        steady: Whether they are those after the warm-up.
        counts: The number of changes by the upper bound of their bucket; infinity is the last.
        total_us: The sum of all times, including negative ones.
        negative: The number of times that are negative beyond the clocks' resolution.
        negative_us: The sum of their absolute values.
    """

    hop: str
    steady: bool
    counts: Mapping[float, int]
    total_us: int
    negative: int
    negative_us: int


@dataclass(frozen=True)
class ChangeTimes:
    """The times of all changes, and what is known of them.

    Attributes:
        hops: The times of each hop that was measured, before and after the warm-up.
        warm_up: The number of changes before the end of the warm-up.
        steady: The number of changes after it.
        without_source: The number of changes without a time of the commit.
        without_debezium: The number of those without Debezium's time.
        without_kafka: The number of those whose record has no timestamp.
        last_us: When the last change was last seen, in microseconds since the epoch; None if there
            is none.
        arrivals: The number of arrivals in the ledger.
        arrived: The number of changes that have one.
        clocks: The clocks that gave the records' timestamps.
    """

    hops: tuple[HopTimes, ...]
    warm_up: int
    steady: int
    without_source: int
    without_debezium: int
    without_kafka: int
    last_us: int | None
    arrivals: int
    arrived: int
    clocks: frozenset[RecordClock]


class Events:
    """The loaded events, for queries."""

    def __init__(self, connection: "DuckDBPyConnection") -> None:
        self._connection = connection

    def topics(self) -> tuple[TopicRead, ...]:
        """Return the contents of each topic that has records."""
        rows = self._connection.execute(queries.READ).fetchall()
        return tuple(TopicRead(topic=t, events=e, keys=k, tombstones=n) for t, e, k, n in rows)

    def duplicates(self) -> tuple[Anomaly, ...]:
        """Return the changes that are in a topic more than once."""
        return self._anomalies(queries.DUPLICATES)

    def reordered(self) -> tuple[Anomaly, ...]:
        """Return the changes of a row that come after a later change of the same row."""
        return self._anomalies(queries.REORDERED)

    def unreadable(self) -> tuple[Anomaly, ...]:
        """Return the records that are not an event of a row."""
        return self._anomalies(queries.UNREADABLE)

    def missing_events(self, topic_prefix: str) -> tuple[MissingEvent, ...]:
        """Return the acknowledged writes that have no event."""
        self._name_topics(topic_prefix)
        rows = self._connection.execute(queries.MISSING).fetchall()
        return tuple(MissingEvent(*row) for row in rows)

    def change_times(
        self,
        topic_prefix: str,
        *,
        steady_us: int | None,
        bounds_us: Sequence[float],
        resolution_us: int,
    ) -> ChangeTimes:
        """Return the times of the changes by hop; `record_hops` says what they are.

        Args:
            topic_prefix: The prefix of the topics.
            steady_us: When the warm-up ended, in microseconds since the epoch; None if it did not.
            bounds_us: The upper bounds of the histograms' buckets.
            resolution_us: How much below zero a time may be without a clock being off.
        """
        self._name_topics(topic_prefix)
        for query in (queries.CHANGES, queries.ARRIVED):
            self._connection.execute(query)
        self._connection.execute(queries.MOMENTS, {"steady_us": steady_us})
        rows = self._connection.execute(
            queries.HOP_TIMES, {"bounds_us": bounds_us, "resolution_us": resolution_us}
        ).fetchall()
        counted = self._connection.execute(queries.HOP_COUNTS)
        names = [column[0] for column in counted.description or ()]
        (counts,) = counted.fetchall()
        clocks = self._connection.execute(queries.CLOCKS).fetchall()
        return ChangeTimes(
            hops=tuple(HopTimes(hop, steady, *rest) for steady, hop, *rest in rows),
            clocks=frozenset(RecordClock(clock) for (clock,) in clocks),
            **dict(zip(names, counts, strict=True)),
        )

    def finding_times(self, lost: Sequence[tuple[str, str]]) -> FindingTimes:
        """Return when lost rows were written, and when events were repeated.

        Args:
            lost: Table and `_id` of each lost row or event.
        """
        wanted = {"tables": [table for table, _ in lost], "ids": [row for _, row in lost]}
        written = self._connection.execute(queries.WRITTEN, wanted).fetchall() if lost else []
        repeated = self._connection.execute(queries.REPEATED).fetchall()
        return FindingTimes(
            lost_us=tuple(at for (at,) in written), repeated_us=tuple(at for (at,) in repeated)
        )

    def acknowledged(self) -> dict[str, int]:
        """Return the number of row writes in the ledger, by operation."""
        return dict(self._connection.execute(queries.ACKNOWLEDGED).fetchall())

    def dead_letters(self) -> tuple[tuple[str, str, str, int, int], ...]:
        """Return `_id` or position, reason, topic, partition, and offset of each dead letter.

        A record that was sent to the dead-letter topic twice counts once. If no header names its
        topic, that is empty, and partition and offset are those in the dead-letter topic.
        """
        return tuple(self._connection.execute(queries.DEAD_LETTERS).fetchall())

    def last(self, topic: str, identity: str) -> EventPosition | None:
        """Return a row's last event in its topic."""
        return self._event(queries.LAST, topic, identity)

    def delete(self, topic: str, identity: str) -> EventPosition | None:
        """Return a row's last delete in its topic."""
        return self._event(queries.DELETE, topic, identity)

    def given_up(self, topic: str, identity: str) -> str:
        """Return why the consumer gave up on an event of a row, or "" if it did not."""
        found = self._connection.execute(
            queries.GIVEN_UP, {"topic": topic, "id": identity}
        ).fetchone()
        return str(found[0]) if found else ""

    def _name_topics(self, prefix: str) -> None:
        tables = [name for (name,) in self._connection.execute(queries.LEDGER_TABLES).fetchall()]
        topics = [_topic(name, prefix) for name in tables]
        self._connection.execute(queries.TABLE_TOPIC, {"tables": tables, "topics": topics})

    def _event(self, query: str, topic: str, identity: str) -> EventPosition | None:
        found = self._connection.execute(query, {"topic": topic, "id": identity}).fetchone()
        return EventPosition(*found) if found else None

    def _anomalies(self, query: str) -> tuple[Anomaly, ...]:
        by_topic: dict[str, tuple[int, list[tuple[str, str]]]] = {}
        for topic, identity, count, detail in self._connection.execute(query).fetchall():
            _, samples = by_topic.setdefault(topic, (count, []))
            if len(samples) < MOST_SAMPLES:
                samples.append((identity, detail))
        return tuple(Anomaly(t, count, tuple(samples)) for t, (count, samples) in by_topic.items())


@contextmanager
def load_events(
    records: Iterable[ChangeEvent | DeadLetter], ledger: Iterable[AcknowledgedWrite | Arrival]
) -> Iterator[Events]:
    """Load the records of the topics and the ledger into a database for the block's time."""
    import duckdb  # noqa: PLC0415 - slow to import, and only needed here

    with TemporaryDirectory(prefix="cdc-integrity-") as folder:
        paths = {name: Path(folder) / f"{name}.json" for name in _COLUMNS}
        with (
            paths["event"].open("wb") as events,
            paths["dead_letter"].open("wb") as dead_letters,
            paths["acknowledged"].open("wb") as acknowledged,
            paths["arrival"].open("wb") as arrivals,
        ):
            for record in records:
                _write(events if isinstance(record, ChangeEvent) else dead_letters, record)
            for entry in ledger:
                _write(arrivals if isinstance(entry, Arrival) else acknowledged, entry)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": _MEMORY,
            "temp_directory": folder,
            "threads": 2,
        }
        with duckdb.connect(str(Path(folder) / "events.duckdb"), config=config) as connection:
            for name, columns in _COLUMNS.items():
                lines = _LINES.replace("{columns}", columns)
                create = f"CREATE TABLE {name} AS FROM {lines}"
                connection.execute(create, {"path": str(paths[name])})
                paths[name].unlink()
            yield Events(connection)


def _topic(table: str, prefix: str) -> str:
    """Return the topic of a table's events; of a name that is none, what no topic has."""
    try:
        return TableName.parse(table).topic(prefix)
    except ValueError:
        return f"{prefix}.{table}"


def _write(stream: IO[bytes], content: msgspec.Struct) -> None:
    stream.write(msgspec.json.encode(content) + b"\n")
