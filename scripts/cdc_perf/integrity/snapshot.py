"""One snapshot of PostgreSQL against MongoDB, row by row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import IsolationLevel
from psycopg.types.array import ArrayLoader
from psycopg.types.string import TextLoader
from pymongo.collection import Collection
from pymongo.database import Database

from cdc_perf.integrity.columns import Column, Printed
from cdc_perf.integrity.records import FindingKind, TableCompared
from cdc_perf.integrity.tables import TableReading, readings
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.carried import ConnectorFilter

Document = dict[str, Any]
# `_id`, `xmin`, and the columns' values; a key with a null makes no `_id`.
Row = tuple[str | None, str, *tuple[Printed, ...]]
NO_ID = "(a key column is null)"
_BATCH = 5000
_CONNECT_SECONDS = 5
_TEXT_OID, _NUMERIC_OID = 25, 1700
# In which output functions print; what a database or a role has set otherwise does not count.
_PRINTING = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}


@dataclass(frozen=True)
class RowDifference:
    """A row and a document that are not the same.

    Attributes:
        kind: In which way: MISSING, STALE, CONTENT, EXTRA, or COLUMN_ABSENT.
        table: The table.
        id: The `_id`; of an absent column its name; `NO_ID` where the key has a null.
        version: The transaction that wrote the row as it is, `xmin`; empty where there is no row.
        lsn: The document's `_cdc.lsn`; None where there is no document, or a foreign one.
        columns: Whose values differ, with their types: `vals numeric[]`.
        count: Of an absent column how many rows have a value; else 1.
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
    """What one comparison came to."""

    tables: tuple[TableCompared, ...]
    differences: tuple[RowDifference, ...]


def compare(
    dsn: str, database: Database[Document], pipeline: Pipeline, filtered: ConnectorFilter
) -> TableComparison:
    """Compare every table with its collection, in one snapshot of PostgreSQL.

    Rows and documents are streamed in the order of `_id`, a batch of each at a time in memory, and
    so are the differences that are found.

    Raises:
        psycopg.Error: PostgreSQL does not answer.
        pymongo.errors.PyMongoError: MongoDB does not.
        StackFailure: A table cannot be followed to MongoDB.
    """
    compared: list[TableCompared] = []
    differences: list[RowDifference] = []
    with psycopg.connect(
        dsn, client_encoding="utf8", connect_timeout=_CONNECT_SECONDS
    ) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for setting in _PRINTING.items():
            connection.execute("SELECT set_config(%s, %s, true)", setting)
        for how in readings(connection, pipeline, filtered).values():
            counted = _Counted(how)
            with connection.cursor(name="integrity") as rows:
                _print_values(rows, how.columns)
                rows.itersize = _BATCH
                rows.execute(how.all_rows())
                documents = live_documents(database[how.table.collection])
                differences += differing(how, counted.rows(rows), counted.documents(documents))
            compared.append(counted.result())
    return TableComparison(tuple(compared), tuple(differences))


def _print_values(cursor: psycopg.ServerCursor[Any], columns: Iterable[Column]) -> None:
    """Let a cursor return values as PostgreSQL prints them, arrays as lists of such texts."""
    for column in columns:
        loader: type[TextLoader | ArrayLoader] = TextLoader
        if column.delimiter:
            described = {"base_oid": _TEXT_OID, "delimiter": column.delimiter.encode()}
            loader = type("_PrintedArray", (ArrayLoader,), described)
        cursor.adapters.register_loader(_NUMERIC_OID if column.is_money else column.oid, loader)
    cursor.adapters.register_loader(_TEXT_OID, TextLoader)


def live_documents(collection: Collection[Document]) -> Iterator[Document]:
    """Yield the documents in the order of `_id`, without the markers of deleted rows.

    One cursor, not a question for each batch: nx-27017 sorts anew for each (28 s against 2.5 s for
    100,000 documents). An `_id` that is no text is not of this pipeline.
    """
    with collection.find().sort("_id", 1).batch_size(_BATCH) as cursor:
        for document in cursor:
            if isinstance(document["_id"], str) and metadata(document).get("op") != "d":
                yield document


def metadata(document: Document) -> Document:
    """Return what cdc-consumer notes in a document; nothing of a foreign one."""
    found = document.get("_cdc")
    return found if isinstance(found, dict) else {}


def differing(
    how: TableReading, rows: Iterable[Row], documents: Iterable[Document]
) -> Iterator[RowDifference]:
    """Yield what differs between rows and documents, both in the order of `_id`."""
    unseen = _UnseenColumns(how)
    yield from _row_by_row(how, rows, documents, unseen)
    yield from unseen.differences()


def _row_by_row(
    how: TableReading,
    rows: Iterable[Row],
    documents: Iterable[Document],
    unseen: "_UnseenColumns",
) -> Iterator[RowDifference]:
    table = how.table.table
    ahead = iter(documents)
    document = next(ahead, None)
    for row in rows:
        identity = row[0]
        if identity is None:
            # PostgreSQL sorts them last. No document can be that of such a row.
            yield RowDifference(FindingKind.MISSING, table, NO_ID, row[1], None)
            continue
        while document is not None and document["_id"] < identity:
            yield _extra(table, document)
            document = next(ahead, None)
        if document is None or document["_id"] > identity:
            yield RowDifference(FindingKind.MISSING, table, identity, row[1], None)
            continue
        unseen.look(row, document)
        wrong = _wrong_columns(how, row, document)
        unknown = tuple(sorted(document.keys() - how.fields - {"_id", "_cdc"}))
        if wrong or unknown:
            found = metadata(document)
            # A savepoint's transaction has a number of its own: then `stale` is said of `content`.
            kind = FindingKind.CONTENT if str(found.get("tx_id")) == row[1] else FindingKind.STALE
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


def _wrong_columns(how: TableReading, row: Row, document: Document) -> list[Column]:
    """Return the columns whose values are not the document's."""
    return [
        column
        for column, printed in zip(how.columns, row[2:], strict=True)
        if not column.same(printed, document.get(column.name))
    ]


class _UnseenColumns:
    """Columns that no document has had so far, and how many rows have a value there."""

    def __init__(self, how: TableReading) -> None:
        self._table = how.table.table
        self._left: list[tuple[int, Column]] = list(enumerate(how.columns, start=2))
        self._values: dict[str, int] = dict.fromkeys((each.name for each in how.columns), 0)

    def look(self, row: Row, document: Document) -> None:
        """Take a row and its document into account."""
        if not self._left:
            return
        self._left = [(at, each) for at, each in self._left if each.name not in document]
        for at, column in self._left:
            self._values[column.name] += row[at] is not None

    def differences(self) -> Iterator[RowDifference]:
        """Yield the columns that no document has although rows have values there."""
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


class _Counted:
    """Counts what passes."""

    def __init__(self, how: TableReading) -> None:
        self._how = how
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
            table=self._how.table.table,
            rows=self._rows,
            documents=self._documents,
            not_compared=self._how.not_compared,
            row_filter=self._how.row_filter,
            ordered_by_lsn=self._ordered_by_lsn,
        )
