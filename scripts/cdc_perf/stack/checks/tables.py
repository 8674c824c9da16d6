"""Checks that the tables can be captured as pipeline.toml declares them."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from cdc_perf.errors import StackFailure
from cdc_perf.settings.names import nearest
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.stack.checks.relation import Relation, find_relation, table_names

_TABLE_KINDS = frozenset("rp")
_KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "S": "a sequence",
    "c": "a type",
    "i": "an index",
    "I": "an index",
}


@dataclass(frozen=True)
class TableFault:
    """The reason why a table cannot be captured.

    Attributes:
        what: The reason, as a sentence.
        remedy: How to fix it.
        setting: The setting of the table that is wrong.
    """

    what: str
    remedy: str
    setting: str = "table"


def expect_tables(connection: Connection[tuple[Any, ...]], pipeline: Pipeline) -> None:
    """Return if each table exists and its rows can be identified by its key.

    Raises:
        StackFailure: A table does not exist, or its rows cannot be identified.
    """
    for index, table in enumerate(pipeline.tables):
        relation = find_relation(connection, table.name)
        if relation is None:
            raise StackFailure(
                f"pipeline.toml: tables[{index}].table: PostgreSQL has no {table.table}",
                hint=f"{nearest(table.table, table_names(connection))} (names are case-sensitive)",
            )
        for fault in table_faults(table, relation):
            raise StackFailure(
                f"pipeline.toml: tables[{index}].{fault.setting}: {fault.what}", hint=fault.remedy
            )


def table_faults(table: Table, relation: Relation) -> Iterator[TableFault]:
    """Return the reasons why a table cannot be captured, the likeliest root cause first."""
    for check in _CHECKS:
        yield from check(table, relation)


def _kind(table: Table, relation: Relation) -> Iterator[TableFault]:
    if relation.kind not in _TABLE_KINDS:
        what = _KINDS.get(relation.kind, "not a table")
        yield TableFault(
            f"{table.table} is {what}: PostgreSQL publishes no changes of it",
            "use its underlying tables",
        )
    if relation.persistence != "p":
        yield TableFault(
            f"{table.table} is unlogged or temporary: its changes are not in the WAL",
            f"ALTER TABLE {table.table} SET LOGGED",
        )


def _columns(table: Table, relation: Relation) -> Iterator[TableFault]:
    for column in table.key:
        if column not in relation.columns:
            yield TableFault(
                f"{table.table} has no column {column}; {_has(relation)}",
                nearest(column, relation.columns),
                "key",
            )
    times = Counter(column.lower() for column in relation.columns)
    twice = [column for column in relation.columns if times[column.lower()] > 1]
    if twice:
        yield TableFault(
            f"{table.table} has columns that differ only in case ({', '.join(twice)}), "
            "which Debezium rejects",
            "rename one of them",
        )


def _key(table: Table, relation: Relation) -> Iterator[TableFault]:
    """Check that the table's key is the key of the events.

    Debezium uses the primary key; without one, the first unique index by name. Several different
    indexes are refused, because a new index could change the key.
    """
    primary, key = relation.primary_key, set(table.key)
    if primary is not None:
        if set(primary.columns) != key:
            yield TableFault(
                f"{_columns_of(table.key)} is not the key of {table.table}; {_has(relation)}",
                f"key = {_listed(primary.columns)}",
                "key",
            )
        return
    candidates = {frozenset(x.columns) for x in relation.indexes}
    usable = all(x.plain for x in relation.indexes) and key <= relation.not_null
    if candidates != {frozenset(key)} or not usable:
        yield TableFault(
            f"{_columns_of(table.key)} is not the key of {table.table}; {_has(relation)}",
            f"ALTER TABLE {table.table} ADD PRIMARY KEY ({', '.join(table.key)})",
            "key",
        )


def _identity(table: Table, relation: Relation) -> Iterator[TableFault]:
    """Check that the replica identity identifies the row of an update or a delete."""
    primary, index = relation.primary_key, relation.identity_index
    fault = ""
    if relation.identity == "n" or relation.silent_partition:
        fault = "NOTHING: PostgreSQL rejects its updates and deletes"
    elif relation.identity == "d" and (primary is None or not primary.immediate):
        why = "there is no primary key" if primary is None else "the primary key is deferrable"
        fault = f"DEFAULT, and {why}: PostgreSQL rejects its updates and deletes"
    elif relation.identity == "i" and index is None:
        fault = "an index that was dropped: PostgreSQL rejects its updates and deletes"
    elif index is not None and not set(table.key) <= set(index.columns):
        fault = f"the index {index.name}, so a delete arrives without {', '.join(table.key)}"
    if fault:
        usable = primary is not None and primary.immediate
        yield TableFault(
            f"the replica identity of {table.table} is {fault}",
            f"ALTER TABLE {table.table} REPLICA IDENTITY {'DEFAULT' if usable else 'FULL'}"
            + (", of each partition too" if relation.kind == "p" else ""),
        )


# In this order: a check may rely on the earlier ones.
_CHECKS: tuple[Callable[[Table, Relation], Iterator[TableFault]], ...] = (
    _kind,
    _columns,
    _key,
    _identity,
)


def _has(relation: Relation) -> str:
    primary = relation.primary_key
    if primary is not None:
        return f"its primary key is {_columns_of(primary.columns)}"
    indexes = ", ".join(f"{x.name} {_columns_of(x.columns)}" for x in relation.indexes)
    return f"it has no primary key, and the unique indexes {indexes or 'none'}"


def _columns_of(columns: tuple[str, ...]) -> str:
    return f"({', '.join(columns)})"


def _listed(columns: tuple[str, ...]) -> str:
    return "[{}]".format(", ".join(f'"{column}"' for column in columns))
