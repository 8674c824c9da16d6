"""Checks that the tables can be captured as pipeline.toml declares them."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cdc_perf.errors import SettingFailure
from cdc_perf.settings.names import nearest
from cdc_perf.settings.pipeline import Table
from cdc_perf.stack.checks.checked_table import CheckedTable
from cdc_perf.stack.checks.collecting import raise_all
from cdc_perf.stack.checks.relation import Relation, table_names

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
_IDENTITIES = {"d": "DEFAULT", "f": "FULL", "i": "an index", "n": "NOTHING"}


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


def expect_there(checked: CheckedTable) -> None:
    """Return if PostgreSQL has the table, and publishes changes of its kind.

    Raises:
        StackFailure: There is no such table, or it cannot be captured.
    """
    table, relation = checked.table, checked.relation
    if relation is None:
        raise SettingFailure(
            f"{checked.place}.table: PostgreSQL has no {table.table}",
            hint=f"{nearest(table.table, table_names(checked.connection))} "
            "(names are case-sensitive)",
        )
    _expect(checked, _kind)


def expect_key(checked: CheckedTable) -> None:
    """Return if the table's key is the key of its events, in its order.

    Raises:
        StackFailure: It is not, or Debezium rejects the columns.
    """
    _expect(checked, _columns, _key)


def expect_identity(checked: CheckedTable) -> None:
    """Return if an update or a delete identifies its row.

    Raises:
        StackFailure: It does not.
    """
    _expect(checked, _identity)


def kind_of(checked: CheckedTable) -> tuple[str, str]:
    """Return the requested table, and the kind of the relation that exists."""
    relation = checked.relation
    if relation is None:
        return checked.table.table, "nothing"
    kinds = {"r": "a table", "p": "a partitioned table"}
    return checked.table.table, kinds.get(relation.kind, _KINDS.get(relation.kind, "no table"))


def key_of(checked: CheckedTable) -> tuple[str, str]:
    """Return the requested key, and the keys that exist."""
    relation = checked.relation
    return _columns_of(checked.table.key), _has(relation) if relation is not None else ""


def identity_of(checked: CheckedTable) -> tuple[str, str]:
    """Return the requested replica identity, and the one that exists."""
    relation = checked.relation
    found = _IDENTITIES.get(relation.identity, "") if relation is not None else ""
    return f"one with {_columns_of(checked.table.key)}", found


def table_faults(table: Table, relation: Relation) -> Iterator[TableFault]:
    """Return the reasons why a table cannot be captured, the likeliest root cause first."""
    for check in (_kind, _columns, _key, _identity):
        yield from check(table, relation)


def _expect(
    checked: CheckedTable, *checks: Callable[[Table, Relation], Iterator[TableFault]]
) -> None:
    """Raise all faults that the first failing check finds; a check may rely on earlier ones."""
    if checked.relation is None:
        return
    for check in checks:
        faults = tuple(check(checked.table, checked.relation))
        raise_all(
            [
                SettingFailure(f"{checked.place}.{fault.setting}: {fault.what}", hint=fault.remedy)
                for fault in faults
            ]
        )


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
    """Check that the table's key is the key of the events, with its columns in the same order.

    Debezium uses the primary key; without one, the first unique index by name. Several different
    indexes are refused, because a new index could change the key.
    """
    primary, key = relation.primary_key, set(table.key)
    if primary is not None:
        if primary.columns != table.key:
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
