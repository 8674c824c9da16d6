"""The rows that a check of limited scope compares, by their keys.

They are in a temporary database, so that memory is bounded for a run of any length.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from cdc_perf.integrity.ledger import AcknowledgedWrite, Arrival
from cdc_perf.integrity.records import Scope
from cdc_perf.integrity.topic import StartOffsets
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.change_events import ChangeEvent, DeadLetter

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The keys in one query of PostgreSQL or of the sink.
BATCH = 1000
_MEMORY = "200MB"
_LOAD = """
    CREATE TABLE key AS
    SELECT DISTINCT "table", id FROM read_json($path, format = 'newline_delimited',
        columns = {"table": 'VARCHAR', id: 'VARCHAR'})
    ORDER BY "table", id
"""
_READ = 'SELECT id FROM key WHERE "table" = $table ORDER BY id'
_AMONG = """
    SELECT id FROM key
    WHERE "table" = $table AND id IN (SELECT unnest($ids::VARCHAR[]))
"""
_COUNT = 'SELECT count(*) FROM key WHERE "table" = $table'
_TABLES = 'SELECT DISTINCT "table" FROM key ORDER BY ALL'


class RowOfTable(msgspec.Struct, frozen=True):
    """A row: its table, and its `_id`."""

    table: str
    id: str


@dataclass(frozen=True)
class KeysOfTable:
    """The keys of one table. Several batches may be read at the same time.

    Attributes:
        table: The table.
        connection: The database.
    """

    table: str
    connection: "DuckDBPyConnection"

    def batches(self) -> Iterator[Sequence[str]]:
        """Yield the `_id`s in the order of their bytes, `BATCH` at a time."""
        with closing(self.connection.cursor()) as cursor:
            cursor.execute(_READ, {"table": self.table})
            while rows := cursor.fetchmany(BATCH):
                yield [identity for (identity,) in rows]

    def among(self, ids: Sequence[str]) -> frozenset[str]:
        """Return those that are in `ids`."""
        with closing(self.connection.cursor()) as cursor:
            found = cursor.execute(_AMONG, {"table": self.table, "ids": list(ids)}).fetchall()
        return frozenset(identity for (identity,) in found)

    def count(self) -> int:
        """Return the number of keys."""
        with closing(self.connection.cursor()) as cursor:
            ((number,),) = cursor.execute(_COUNT, {"table": self.table}).fetchall()
        return int(number)


@dataclass(frozen=True)
class Keys:
    """The keys of all tables.

    Attributes:
        scope: Where they come from.
        connection: The database.
        begins: The offsets from which on the topics have the changes of these rows; empty: unknown.
    """

    scope: Scope
    connection: "DuckDBPyConnection"
    begins: StartOffsets = field(default_factory=dict)

    def of(self, table: str) -> KeysOfTable:
        """Return the keys of a table."""
        return KeysOfTable(table, self.connection)

    def tables(self) -> tuple[str, ...]:
        """Return the tables that have keys."""
        with closing(self.connection.cursor()) as cursor:
            return tuple(name for (name,) in cursor.execute(_TABLES).fetchall())


@contextmanager
def stored_keys(
    rows: Iterable[RowOfTable], scope: Scope, begins: StartOffsets = MappingProxyType({})
) -> Iterator[Keys]:
    """Store the keys of rows, each once, for the block's time."""
    import duckdb  # noqa: PLC0415 - slow to import, and only needed here

    with TemporaryDirectory(prefix="cdc-keys-") as folder:
        path = Path(folder) / "keys.json"
        with path.open("wb") as stream:
            for row in rows:
                stream.write(msgspec.json.encode(row) + b"\n")
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": _MEMORY,
            "temp_directory": folder,
            "threads": 1,
        }
        with duckdb.connect(str(Path(folder) / "keys.duckdb"), config=config) as connection:
            connection.execute(_LOAD, {"path": str(path)})
            path.unlink()
            yield Keys(scope, connection, begins)


def written_rows(
    ledger: Iterable[AcknowledgedWrite | Arrival], operations: Iterable[str]
) -> Iterator[RowOfTable]:
    """Yield the rows of a ledger that were written by one of these operations."""
    wanted = frozenset(operations)
    for entry in ledger:
        if isinstance(entry, AcknowledgedWrite) and entry.op in wanted:
            yield RowOfTable(entry.table, entry.id)


def changed_rows(
    records: Iterable[ChangeEvent | DeadLetter], pipeline: Pipeline
) -> Iterator[RowOfTable]:
    """Yield the rows that the topics have events of."""
    tables = {pipeline.topic(table): table.table for table in pipeline.tables}
    for record in records:
        if isinstance(record, ChangeEvent) and record.id is not None and record.op != "?":
            yield RowOfTable(tables[record.topic], record.id)
