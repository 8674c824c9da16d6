"""In which order the rows of a run are deleted, and what stays."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import msgspec
import psycopg
import pytest
from psycopg import sql
from psycopg.pq import TransactionStatus

from cdc_perf.errors import StackFailure
from cdc_perf.integrity.cleanup import Removed, delete_written
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Table
from cdc_perf.settings.pipeline_file import load_pipeline

TABLES = ("public.customer", "public.orders", "public.item")
PIPELINE = msgspec.structs.replace(
    load_pipeline(Checkout.here()), tables=tuple(Table(name, ("id",), name) for name in TABLES)
)


@dataclass
class FakePostgres:
    """A database whose tables have one column, and foreign keys.

    Attributes:
        references: The tables that reference a table, by its name.
        rows: The rows that a row references, by table and key.
        unique: Whether the keys have a unique index.
        deletes: The tables that were deleted from.
    """

    references: Mapping[str, Sequence[str]]
    rows: dict[tuple[str, str], frozenset[tuple[str, str]]]
    unique: bool = True
    deletes: list[str] = field(default_factory=list)
    found: Sequence[tuple[Any, ...]] = ()

    @contextmanager
    def connect(self, _dsn: str, **_options: object) -> Iterator[Self]:
        yield self

    @property
    def info(self) -> Self:
        return self

    transaction_status = TransactionStatus.IDLE

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    @contextmanager
    def cursor(self) -> Iterator[Self]:
        yield self

    @property
    def adapters(self) -> Self:
        return self

    def register_loader(self, *_loader: object) -> None: ...

    def execute(
        self,
        query: str | sql.Composed,
        values: Any = (),  # noqa: ANN401 - as psycopg's
        *,
        prepare: bool = True,
    ) -> Self:
        if isinstance(query, sql.Composed):
            assert not prepare
            self.found = self._of_keys(query.as_string(), values[0])
        elif "indisunique" in query:
            self.found = [(self.unique,)]
        elif "contype = 'f'" in query:
            children = self.references.get(values["table"], ())
            self.found = [(*name.split("."), ["parent"], ["id"]) for name in children]
        elif "FROM resolved" in query:
            column = ("id", "text", False, 25, "text", "b", None, None, None, -1, "", False)
            self.found = [(table, *column) for table in values["tables"]]
        return self

    def _of_keys(self, query: str, keys: Sequence[str]) -> Sequence[tuple[str]]:
        target = re.search(r'FROM "(\w+)"."(\w+)"', query)
        assert target is not None
        table = ".".join(target.groups())
        there = [key for key in keys if (table, key) in self.rows]
        if query.startswith("DELETE"):
            self.deletes.append(table)
            referenced = frozenset[tuple[str, str]]().union(*self.rows.values())
            there = [key for key in there if (table, key) not in referenced]
            for key in there:
                del self.rows[table, key]
        return [(key,) for key in there]

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(iter(self.found), None)

    def fetchall(self) -> Sequence[tuple[Any, ...]]:
        return self.found

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.found)


def removed(
    monkeypatch: pytest.MonkeyPatch, folder: Path, postgres: FakePostgres, written: str
) -> dict[str, tuple[int, int]]:
    """Return how many rows were deleted and stay, by table, of those that the run inserted."""
    monkeypatch.setattr(psycopg, "connect", postgres.connect)
    ledger = folder / "ledger.tsv"
    lines = (each.split(":") for each in written.split())
    ledger.write_text("".join(f"c\tpublic.{table}\t{key}\n" for table, key in lines), "utf-8")
    found: tuple[Removed, ...] = delete_written("", PIPELINE, [ledger])
    return {each.table.removeprefix("public."): (each.deleted, each.left) for each in found}


def test_children_go_before_their_parents(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    order = frozenset((("public.orders", "o"),))
    postgres = FakePostgres(
        references={"public.customer": ("public.orders",), "public.orders": ("public.item",)},
        rows={
            ("public.customer", "c"): frozenset(),
            ("public.orders", "o"): frozenset((("public.customer", "c"),)),
            ("public.item", "i"): order,
        },
    )
    found = removed(monkeypatch, tmp_path, postgres, "customer:c orders:o item:i")
    assert found == {"customer": (1, 0), "orders": (1, 0), "item": (1, 0)}
    assert postgres.deletes == ["public.item", "public.orders", "public.customer"]


def test_tables_that_reference_one_another_are_deleted_from_until_nothing_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    postgres = FakePostgres(
        references={"public.customer": ("public.orders",), "public.orders": ("public.customer",)},
        rows={
            ("public.customer", "a"): frozenset((("public.orders", "b"),)),
            ("public.orders", "b"): frozenset((("public.customer", "c"),)),
            ("public.customer", "c"): frozenset(),
            # A row of others references this one.
            ("public.customer", "d"): frozenset(),
            ("public.orders", "others"): frozenset((("public.customer", "d"),)),
        },
    )
    found = removed(monkeypatch, tmp_path, postgres, "customer:a customer:c customer:d orders:b")
    assert found == {"customer": (2, 1), "orders": (1, 0)}
    assert postgres.rows.keys() == {("public.customer", "d"), ("public.orders", "others")}


def test_a_key_of_several_rows_deletes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    postgres = FakePostgres({}, {("public.customer", "c"): frozenset()}, unique=False)
    with pytest.raises(StackFailure, match=r"public.customer has no unique index on its key"):
        removed(monkeypatch, tmp_path, postgres, "customer:c")
    assert postgres.deletes == []
