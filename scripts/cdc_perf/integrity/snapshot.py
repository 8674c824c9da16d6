"""Compare one snapshot of PostgreSQL with the sink, row by row."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import IsolationLevel

from cdc_perf.integrity.columns import Column, Printed
from cdc_perf.integrity.differences import RowDifference, limited
from cdc_perf.integrity.keys import Keys, KeysOfTable
from cdc_perf.integrity.progress import Progress
from cdc_perf.integrity.records import FindingKind, TableCompared
from cdc_perf.integrity.tables import TableReading, readings
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.canceling import canceling
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.printing import print_values, set_printing
from cdc_perf.stack.row_key import rows_by_key, warn_if_unindexed
from cdc_perf.stack.sinks.mongodb import metadata
from cdc_perf.stack.sinks.sink import Document, NotSent, Sink, Target
from cdc_perf.stack.statement_limits import BATCH_SECONDS, TABLE_SECONDS, limit_statements

# `_id`, `xmin`, and the columns' values; a key that contains a null has no `_id`.
Row = tuple[str | None, str, *tuple[Printed, ...]]
Source = psycopg.Connection[tuple[Any, ...]]
NO_ID = "(a key column is null)"
_BATCH = 5000
_CONNECT_SECONDS = 5
# The statistics of a table that was never analyzed say -1; those of its partitions are their own.
_ESTIMATE = """
    SELECT coalesce(sum(greatest(reltuples, 0)), 0) FROM pg_class WHERE oid IN (
        SELECT %(table)s::regclass UNION SELECT relid FROM pg_partition_tree(%(table)s::regclass))
"""


@dataclass(frozen=True)
class TableComparison:
    """The result of one comparison."""

    tables: tuple[TableCompared, ...]
    differences: tuple[RowDifference, ...]


def compare(
    dsn: str,
    sink: Sink,
    pipeline: Pipeline,
    filtered: ConnectorFilter,
    keys: Keys | None = None,
) -> TableComparison:
    """Compare every table with its target in the sink, in one snapshot of PostgreSQL.

    Rows and documents are streamed in the order of `_id`, one batch of each in memory at a time.

    Args:
        dsn: The source.
        sink: The sink.
        pipeline: The pipeline.
        filtered: The columns that the connector does not send unchanged.
        keys: The rows to compare; None: all.

    Raises:
        psycopg.Error: PostgreSQL does not answer.
        NotReady: The sink does not answer.
        StackFailure: A table is not supported.
    """
    compared: list[TableCompared] = []
    differences: list[RowDifference] = []
    with (
        sink.open() as reader,
        psycopg.connect(dsn, client_encoding="utf8", connect_timeout=_CONNECT_SECONDS) as source,
        canceling(source),
    ):
        source.isolation_level = IsolationLevel.REPEATABLE_READ
        source.read_only = True
        limit_statements(source, TABLE_SECONDS if keys is None else BATCH_SECONDS)
        set_printing(source)
        for reading in readings(source, pipeline, filtered).values():
            counted = _CompareCounter(reading)
            names = tuple(each.name for each in reading.columns)
            of_table = None if keys is None else keys.of(reading.table.table)
            begins = {} if keys is None else keys.begins
            target = Target(reading.table, names, of_table, begins)
            with (
                closing(_rows(source, reading, of_table)) as rows,
                closing(reader.documents(target)) as documents,
            ):
                found = differing(
                    reading, counted.rows(rows), counted.documents(documents), typed=sink.typed
                )
                differences += limited(found)
            compared.append(counted.result())
    return TableComparison(tuple(compared), tuple(differences))


def _rows(source: Source, reading: TableReading, keys: KeysOfTable | None) -> Generator[Row]:
    """Yield the rows of a table in the order of `_id`, and log the progress."""
    name = reading.table.table
    if keys is None:
        (total,) = source.execute(_ESTIMATE, {"table": name}).fetchone() or (0,)
        yield from Progress(name, int(total), estimated=True).rows(_all_rows(source, reading))
    elif total := keys.count():
        warn_if_unindexed(source, name, reading.key)
        yield from Progress(name, total, estimated=False).rows(_rows_by_key(source, reading, keys))


def _all_rows(source: Source, reading: TableReading) -> Iterator[Row]:
    with source.cursor(name="integrity") as rows:
        print_values(rows, reading.printed_types)
        rows.itersize = _BATCH
        rows.execute(reading.all_rows())
        yield from rows


def _rows_by_key(source: Source, reading: TableReading, keys: KeysOfTable) -> Iterator[Row]:
    query = reading.rows_by_key()
    for batch in keys.batches():
        yield from rows_by_key(source, query, reading.key, batch, reading.printed_types)


def differing(
    reading: TableReading, rows: Iterable[Row], documents: Iterable[Document], *, typed: bool
) -> Iterator[RowDifference]:
    """Yield the differences between rows and documents, both in the order of `_id`.

    Args:
        reading: How the table is read.
        rows: Its rows.
        documents: Its documents in the sink.
        typed: Whether their values are printed by PostgreSQL, as those of the rows are.
    """
    missing_columns = _MissingColumns(reading)
    yield from _row_by_row(reading, rows, documents, missing_columns, typed=typed)
    yield from missing_columns.differences()


def _row_by_row(
    reading: TableReading,
    rows: Iterable[Row],
    documents: Iterable[Document],
    missing_columns: "_MissingColumns",
    *,
    typed: bool,
) -> Iterator[RowDifference]:
    same: Callable[[Column, Printed, Any], bool] = Column.same_printed if typed else Column.same
    table = reading.table.table
    ahead = iter(documents)
    document = next(ahead, None)
    for row in rows:
        identity = row[0]
        if identity is None:
            # PostgreSQL sorts these last. No document can belong to such a row.
            yield RowDifference(FindingKind.MISSING, table, NO_ID, row[1], None)
            continue
        while document is not None and document["_id"] < identity:
            yield _extra(table, document)
            document = next(ahead, None)
        if document is None or document["_id"] > identity:
            yield RowDifference(FindingKind.MISSING, table, identity, row[1], None)
            continue
        missing_columns.observe(row, document)
        wrong = [
            column
            for column, printed in zip(reading.columns, row[2:], strict=True)
            if (value := document.get(column.name)) is not NotSent.VALUE
            and not same(column, printed, value)
        ]
        unknown = tuple(sorted(document.keys() - reading.fields - {"_id", "_cdc"}))
        if wrong or unknown:
            found = metadata(document)
            # A savepoint's transaction has its own ID, so its `content` is reported as `stale`.
            # A sink without metadata does not show which change it has.
            of_this_version = typed or str(found.get("tx_id")) == row[1]
            kind = FindingKind.CONTENT if of_this_version else FindingKind.STALE
            yield RowDifference(
                kind,
                table,
                identity,
                row[1],
                _lsn(document),
                columns=(*(f"{each.name} {each.declared}" for each in wrong), *unknown),
                fields=frozenset((*(each.name for each in wrong), *unknown)),
                absent=tuple(each.name for each in wrong if each.name not in document),
                unknown=unknown,
            )
        document = next(ahead, None)
    while document is not None:
        yield _extra(table, document)
        document = next(ahead, None)


class _MissingColumns:
    """The columns that no document has had so far, and the number of rows with a value in each."""

    def __init__(self, reading: TableReading) -> None:
        self._table = reading.table.table
        self._left: list[tuple[int, Column]] = list(enumerate(reading.columns, start=2))
        self._values: dict[str, int] = dict.fromkeys((each.name for each in reading.columns), 0)

    def observe(self, row: Row, document: Document) -> None:
        """Take a row and its document into account."""
        if not self._left:
            return
        self._left = [(at, each) for at, each in self._left if each.name not in document]
        for at, column in self._left:
            self._values[column.name] += row[at] is not None

    def differences(self) -> Iterator[RowDifference]:
        """Yield the columns that no document has although rows have values."""
        for _, column in self._left:
            if count := self._values[column.name]:
                described = f"{column.name} {column.declared}"
                yield RowDifference(
                    FindingKind.COLUMN_ABSENT,
                    self._table,
                    column.name,
                    "",
                    None,
                    (described,),
                    count,
                )


def _extra(table: str, document: Document) -> RowDifference:
    return RowDifference(FindingKind.EXTRA, table, document["_id"], "", _lsn(document))


def _lsn(document: Document) -> int | None:
    found = metadata(document).get("lsn")
    return found if isinstance(found, int) else None


class _CompareCounter:
    """Counts the rows and documents that pass through."""

    def __init__(self, reading: TableReading) -> None:
        self._reading = reading
        self._rows = 0
        self._documents = 0
        self._ordered_by_lsn = 0

    def rows(self, rows: Iterable[Any]) -> Iterator[Any]:
        for row in rows:
            self._rows += 1
            yield row

    def documents(self, documents: Iterable[Document]) -> Iterator[Document]:
        for document in documents:
            self._documents += 1
            found = metadata(document)
            self._ordered_by_lsn += "lsn" in found and "offset" not in found
            yield document

    def result(self) -> TableCompared:
        return TableCompared(
            table=self._reading.table.table,
            rows=self._rows,
            documents=self._documents,
            not_compared=self._reading.not_compared,
            row_filter=self._reading.row_filter,
            ordered_by_lsn=self._ordered_by_lsn,
        )
