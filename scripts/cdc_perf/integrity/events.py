"""The events of a window and k6's ledger, in a temporary database, and their anomalies.

Memory is bounded: DuckDB spills the rest to disk until the check is over.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

import msgspec

from cdc_perf.integrity import queries
from cdc_perf.integrity.decoding import ChangeEvent, DeadLetter
from cdc_perf.integrity.ledger import AcknowledgedWrite
from cdc_perf.integrity.records import MOST_SAMPLES, TopicRead

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MEMORY = "400MB"
_LINES = "read_json($path, format = 'newline_delimited', columns = {columns})"
_COLUMNS = {
    "event": "{topic: 'VARCHAR', partition: 'INTEGER', position: 'BIGINT', id: 'VARCHAR', "
    "op: 'VARCHAR', lsn: 'BIGINT', tx: 'BIGINT', commit: 'BIGINT'}",
    "dead_letter": "{partition: 'INTEGER', position: 'BIGINT', id: 'VARCHAR', reason: 'VARCHAR', "
    "from_topic: 'VARCHAR', from_partition: 'INTEGER', from_position: 'BIGINT'}",
    "acknowledged": "{op: 'VARCHAR', \"table\": 'VARCHAR', id: 'VARCHAR'}",
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
        rows = self._connection.execute(queries.MISSING, {"prefix": topic_prefix}).fetchall()
        return tuple(MissingEvent(*row) for row in rows)

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
    records: Iterable[ChangeEvent | DeadLetter], ledger: Iterable[AcknowledgedWrite]
) -> Iterator[Events]:
    """Load events, dead letters, and acknowledged writes into a database for the block's time."""
    import duckdb  # noqa: PLC0415 - slow to import, and only needed here

    with TemporaryDirectory(prefix="cdc-integrity-") as folder:
        paths = {name: Path(folder) / f"{name}.json" for name in _COLUMNS}
        with (
            paths["event"].open("wb") as events,
            paths["dead_letter"].open("wb") as dead_letters,
            paths["acknowledged"].open("wb") as acknowledged,
        ):
            for record in records:
                _write(events if isinstance(record, ChangeEvent) else dead_letters, record)
            for entry in ledger:
                _write(acknowledged, entry)
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


def _write(stream: IO[bytes], content: msgspec.Struct) -> None:
    stream.write(msgspec.json.encode(content) + b"\n")
