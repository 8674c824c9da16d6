"""One snapshot of PostgreSQL against MongoDB: how it is read, and what is counted."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import psycopg
import pytest
from psycopg import IsolationLevel, sql
from psycopg.types.array import ArrayLoader
from psycopg.types.string import TextLoader

from cdc_perf.integrity import snapshot
from cdc_perf.integrity.columns import Column, NotCompared, Why
from cdc_perf.integrity.conversions import Conversion
from cdc_perf.integrity.keys import BATCH, Keys, RowOfTable, stored_keys
from cdc_perf.integrity.records import FindingKind, Scope, TableCompared
from cdc_perf.integrity.snapshot import TableComparison, compare
from cdc_perf.integrity.tables import TableReading
from cdc_perf.integrity.topic import StartOffsets
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Table
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.row_key import RowKey
from cdc_perf.stack.sinks.mongodb import MongodbReader
from cdc_perf.stack.sinks.sink import Target

if TYPE_CHECKING:
    from pymongo.database import Database

EMAIL = Column("email", "text", 25, "", Conversion(str, str), is_money=False)
HOW = TableReading(
    table=Table("public.customer", ("id",), "customer"),
    columns=(EMAIL,),
    fields=frozenset(("id", "email")),
    not_compared=(NotCompared("id", "uuid", Why.TYPE),),
    id=sql.SQL("id"),
    key=RowKey(("id",), (sql.SQL("text"),), (str,)),
    row_filter="(id <> '')",
)
Rows = Mapping[str, Sequence[tuple[Any, ...]]]
Documents = Mapping[str, Sequence[dict[str, Any]]]


class FakeCursor:
    """A server-side cursor; it notes how values are to be loaded."""

    itersize = 0

    def __init__(self, connection: "FakeConnection", *, named: bool) -> None:
        self._connection = connection
        self._named = named
        self._rows: Sequence[tuple[Any, ...]] = ()
        self.adapters = self

    def register_loader(self, oid: int, loader: type) -> None:
        self._connection.loaders[oid] = loader

    def execute(
        self, query: sql.Composed, values: Sequence[Sequence[str]] = (), *, prepare: bool = True
    ) -> Self:
        # Rows are streamed from a named cursor, or come in batches of keys.
        assert self._named is prepare is not bool(values)
        text = query.as_string()
        self._connection.queries.append(text)
        rows = next(x for name, x in self._connection.rows.items() if f'"{name}"' in text)
        self._rows = [row for row in rows if not values or row[0] in values[0]]
        return self

    def fetchall(self) -> Sequence[tuple[Any, ...]]:
        return self._rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None: ...


class FakeConnection:
    """A connection to a database with the rows of some tables."""

    isolation_level: IsolationLevel | None = None
    read_only: bool | None = None

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.settings: dict[str, str] = {}
        self.limits: list[int] = []
        self.queries: list[str] = []
        self.loaders: dict[int, type] = {}

    def execute(self, query: str, values: Any) -> "FakeConnection":  # noqa: ANN401 - as psycopg's
        if "statement_timeout" in query:
            self.limits.append(values["most"])
        elif "reltuples" not in query and "pg_index" not in query:
            assert query == "SELECT set_config(%s, %s, true)"
            self.settings.update((values,))
        return self

    def fetchone(self) -> tuple[int]:
        return (True,)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def cursor(self, name: str = "") -> FakeCursor:
        return FakeCursor(self, named=bool(name))


class FakeCollection:
    """A collection; `find` returns all documents, `sort` orders them."""

    def __init__(self, documents: Sequence[dict[str, Any]]) -> None:
        self._documents = documents

    def find(self, query: Mapping[str, Any] | None = None) -> "FakeCollection":
        if query is None:
            return self
        wanted = query["_id"]["$in"]
        return FakeCollection([each for each in self._documents if each["_id"] in wanted])

    def __enter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._documents)

    def __exit__(self, *_error: object) -> None: ...

    def sort(self, name: str, direction: int) -> "FakeCollection":
        assert direction == 1
        return FakeCollection(sorted(self._documents, key=lambda x: str(x[name])))

    @contextmanager
    def batch_size(self, _size: int) -> Iterator[Iterator[dict[str, Any]]]:
        yield iter(self._documents)


class FakeSink:
    """A MongoDB sink."""

    name: ClassVar[str] = "MongoDB"
    typed: ClassVar[bool] = False

    def __init__(self, reader: MongodbReader) -> None:
        self._reader = reader

    def server(self) -> str:
        raise NotImplementedError

    @contextmanager
    def open(self) -> Iterator[MongodbReader]:
        yield self._reader


def compared(
    monkeypatch: pytest.MonkeyPatch,
    readings: Sequence[TableReading],
    rows: Rows,
    found: Documents,
    keys: Keys | None = None,
) -> tuple[TableComparison, FakeConnection]:
    connection = FakeConnection(rows)

    @contextmanager
    def connect(_dsn: str, **options: object) -> Iterator[FakeConnection]:
        assert options["client_encoding"] == "utf8"
        yield connection

    monkeypatch.setattr(psycopg, "connect", connect)
    by_name = {each.table.table: each for each in readings}
    monkeypatch.setattr(snapshot, "readings", lambda *_arguments: by_name)
    database = {name: FakeCollection(documents) for name, documents in found.items()}
    result = compare(
        "",
        FakeSink(MongodbReader(cast("Database[dict[str, Any]]", database))),
        load_pipeline(Checkout.here()),
        ConnectorFilter(),
        keys,
    )
    return result, connection


def document(identity: object, op: str = "c", **metadata: object) -> dict[str, Any]:
    return {"_id": identity, "email": "x", "_cdc": {"op": op, "lsn": 7, "offset": 1, **metadata}}


def test_rows_documents_and_differences_of_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    old = document("c")
    del old["_cdc"]["offset"]
    documents = [
        old,
        document("a"),
        # A marker of a deleted row, a document of another writer, and one with another kind of key.
        document("b", op="d"),
        {"_id": "d", "email": "x"},
        document(5),
    ]
    rows = [("a", "7", "x"), ("c", "7", "x"), ("e", "7", "x")]
    found, _ = compared(monkeypatch, [HOW], {"customer": rows}, {"customer": documents})
    assert [(each.kind, each.id) for each in found.differences] == [
        (FindingKind.EXTRA, "d"),
        (FindingKind.MISSING, "e"),
    ]
    assert found.tables == (
        TableCompared(
            table="public.customer",
            rows=3,
            documents=3,
            not_compared=HOW.not_compared,
            row_filter="(id <> '')",
            # Of these, only `c` has an LSN and no offset: an earlier consumer wrote it.
            ordered_by_lsn=1,
        ),
    )


def test_only_the_rows_with_the_keys_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    # More than one batch; the first and the last one are lost.
    ids = [f"{number:05}" for number in range(2 * BATCH + 3)]
    foreign = [f"{identity}-of-others" for identity in ids]
    rows = [(identity, "7", "x") for identity in sorted([*ids, *foreign])]
    documents = [document(identity) for identity in ids[1:-1]]
    wanted = (RowOfTable("public.customer", identity) for identity in [*ids, "deleted"])
    with stored_keys(wanted, Scope.RUN) as keys:
        found, connection = compared(
            monkeypatch, [HOW], {"customer": rows}, {"customer": documents}, keys
        )
    assert [(each.kind, each.id) for each in found.differences] == [
        (FindingKind.MISSING, ids[0]),
        (FindingKind.MISSING, ids[-1]),
    ]
    (table,) = found.tables
    assert (table.rows, table.documents) == (len(ids), len(documents))
    assert connection.queries == [HOW.rows_by_key().as_string()] * 3
    assert connection.limits == [300_000]


@pytest.mark.parametrize("begins", [{}, {("cdc.public.customer", 0): 7}])
def test_a_sink_is_told_where_the_changes_of_the_rows_begin(
    monkeypatch: pytest.MonkeyPatch, begins: StartOffsets
) -> None:
    told: list[Target] = []

    def documents(_self: MongodbReader, target: Target) -> Iterator[dict[str, Any]]:
        told.append(target)
        yield from ()

    monkeypatch.setattr(MongodbReader, "documents", documents)
    with stored_keys([RowOfTable("public.customer", "a")], Scope.RUN, begins) as keys:
        compared(monkeypatch, [HOW], {"customer": []}, {}, keys)
    compared(monkeypatch, [HOW], {"customer": []}, {})
    assert [each.begins for each in told] == [begins, {}]


def test_a_table_without_keys_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with stored_keys([RowOfTable("public.orders", "a")], Scope.RUN) as keys:
        found, connection = compared(
            monkeypatch, [HOW], {"customer": [("a", "7", "x")]}, {"customer": []}, keys
        )
    assert (found.differences, connection.queries) == ((), [])


def test_every_table_is_compared_with_its_own_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = replace(HOW, table=Table("public.orders", ("id",), "purchases"))
    found, _ = compared(
        monkeypatch,
        [HOW, orders],
        {"customer": [("a", "7", "x")], "orders": [("b", "7", "x")]},
        {"customer": [document("a")], "purchases": []},
    )
    assert [(each.table, each.id) for each in found.differences] == [("public.orders", "b")]
    assert [(each.table, each.rows, each.documents) for each in found.tables] == [
        ("public.customer", 1, 1),
        ("public.orders", 1, 0),
    ]


def test_all_tables_are_read_in_one_snapshot_with_fixed_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, connection = compared(monkeypatch, [HOW], {"customer": []}, {"customer": []})
    assert connection.isolation_level is IsolationLevel.REPEATABLE_READ
    assert connection.read_only is True
    assert connection.settings == {
        "TimeZone": "UTC",
        "DateStyle": "ISO",
        "IntervalStyle": "postgres",
        "extra_float_digits": "1",
        "bytea_output": "hex",
    }
    assert connection.queries == [HOW.all_rows().as_string()]
    assert connection.limits == [3_600_000]


def test_values_are_loaded_as_postgresql_prints_them(monkeypatch: pytest.MonkeyPatch) -> None:
    number = Conversion(str, str)
    columns = (
        Column("number", "int4", 23, "", number, is_money=False),
        Column("price", "money", 790, "", number, is_money=True),
        Column("boxes", "box[]", 1020, ";", number, is_money=False),
    )
    how = replace(HOW, columns=columns)
    _, connection = compared(monkeypatch, [how], {"customer": []}, {"customer": []})
    loaders = connection.loaders
    # `_id` and `xmin` are text (25); money is cast to numeric (1700).
    assert {oid for oid, loader in loaders.items() if loader is TextLoader} == {23, 25, 1700}
    (array,) = (loader for loader in loaders.values() if issubclass(loader, ArrayLoader))
    assert loaders[1020] is array
    assert (array.base_oid, array.delimiter) == (25, b";")
