"""Compare one snapshot of PostgreSQL with the sink, row by row."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import IsolationLevel

from cdc_perf.integrity.columns import Column, Printed
from cdc_perf.integrity.records import FindingKind, TableCompared
from cdc_perf.integrity.tables import TableReading, readings
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.printing import print_values, set_printing
from cdc_perf.stack.sinks.mongodb import metadata
from cdc_perf.stack.sinks.sink import Document, Sink, Target

# `_id`, `xmin`, and the columns' values; a key that contains a null has no `_id`.
Row = tuple[str | None, str, *tuple[Printed, ...]]
NO_ID = "(a key column is null)"
_BATCH = 5000
_CONNECT_SECONDS = 5


@dataclass(frozen=True)
class RowDifference:
    """A row and a document that differ.

    Attributes:
        kind: MISSING, STALE, CONTENT, EXTRA, or COLUMN_ABSENT.
        table: The table.
        id: The `_id`; the name of an absent column; `NO_ID` if the key contains a null.
        version: The transaction that wrote this row version, `xmin`; empty if there is no row.
        lsn: The document's `_cdc.lsn`; None if there is no document, or a foreign one.
        columns: The columns whose values differ, with their types: `vals numeric[]`.
        count: The number of rows that have a value in an absent column; else 1.
        fields: The names of the fields that differ.
        absent: Those of them that the document lacks.
        unknown: Those of them that are not columns.
    """

    kind: FindingKind
    table: str
    id: str
    version: str
    lsn: int | None
    columns: tuple[str, ...] = ()
    count: int = 1
    fields: frozenset[str] = frozenset()
    absent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableComparison:
    """The result of one comparison."""

    tables: tuple[TableCompared, ...]
    differences: tuple[RowDifference, ...]


def compare(dsn: str, sink: Sink, pipeline: Pipeline, filtered: ConnectorFilter) -> TableComparison:
    """Compare every table with its target in the sink, in one snapshot of PostgreSQL.

    Rows and documents are streamed in the order of `_id`, one batch of each in memory at a time.
    Differences are yielded as they are found.

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
    ):
        source.isolation_level = IsolationLevel.REPEATABLE_READ
        source.read_only = True
        set_printing(source)
        for reading in readings(source, pipeline, filtered).values():
            counted = _CompareCounter(reading)
            target = Target(reading.table, tuple(each.name for each in reading.columns))
            with source.cursor(name="integrity") as rows:
                print_values(rows, [each.printed_type for each in reading.columns])
                rows.itersize = _BATCH
                rows.execute(reading.all_rows())
                documents = counted.documents(reader.documents(target))
                differences += differing(reading, counted.rows(rows), documents, typed=sink.typed)
            compared.append(counted.result())
    return TableComparison(tuple(compared), tuple(differences))


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
            if not same(column, printed, document.get(column.name))
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
