"""Checks that a PostgreSQL sink has the tables and columns that the events arrive in."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from psycopg import Connection

from cdc_perf.errors import SettingFailure, StackFailure
from cdc_perf.settings.names import nearest
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.settings.table_name import TableName
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.checks.checked_table import CheckedTable
from cdc_perf.stack.checks.collecting import collecting, raise_all
from cdc_perf.stack.checks.publication import published_table
from cdc_perf.stack.checks.relation import table_names
from cdc_perf.stack.row_id import identity
from cdc_perf.stack.table_columns import GeneratedColumn, TableColumn, table_columns

Columns = Mapping[str, TableColumn]
# Without USAGE of its schema, PostgreSQL rejects even a test of whether a table exists.
_FIND = """
    SELECT has_schema_privilege(n.oid, 'USAGE'), c.oid IS NOT NULL
    FROM pg_namespace n
    LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = %(table)s
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    WHERE n.nspname = %(schema)s
"""
_UNREADABLE = """
    SELECT name FROM unnest(%(names)s::text[]) AS name
    WHERE NOT has_column_privilege(%(table)s::regclass, name, 'SELECT')
"""
_TIMES = frozenset(("date", "timestamp", "timestamptz"))
_BARE_IN_JSON = frozenset(("int2", "int4", "int8", "oid", "bool"))


def expect_sink_table(
    checked: CheckedTable,
    there: Connection[tuple[Any, ...]],
    filtered: ConnectorFilter,
) -> None:
    """Return if the sink has a readable table with the published columns of a table.

    Args:
        checked: The table, which exists.
        there: Connection to the sink.
        filtered: The columns that the connector leaves out.

    Raises:
        StackFailure: The sink lacks the table, columns, or a privilege, or the key cannot be
            compared.
    """
    place, table = checked.place, checked.table
    columns = {each.name: each for each in checked.columns}
    arriving = [
        name
        for name in _published(checked.connection, checked.pipeline, table, columns)
        if name not in table.not_compared and not filtered.excludes(".".join((*table.name, name)))
    ]
    found = _sink_columns(place, table, there)
    with collecting() as failures:
        with failures.of():
            _expect_columns(place, table, arriving, tuple(found))
        if not failures.failures:
            with failures.of():
                _expect_readable(table, arriving, there)
        if all(table.in_sink(name) in found for name in table.key):
            with failures.of():
                expect_same_key(place, table, columns, found)


def _published(
    connection: Connection[tuple[Any, ...]], pipeline: Pipeline, table: Table, columns: Columns
) -> list[str]:
    """Return the columns that events have; none if the publication lacks the table."""
    found = published_table(connection, pipeline, table)
    if found is None:
        return []
    allowed = {GeneratedColumn.NO, *((GeneratedColumn.STORED,) if found.carries_generated else ())}
    return [name for name, x in columns.items() if name in found.columns and x.generated in allowed]


def _sink_columns(
    place: str, table: Table, connection: Connection[tuple[Any, ...]]
) -> dict[str, TableColumn]:
    """Return the columns of the sink's table, by name.

    Raises:
        StackFailure: There is no such table, or its schema cannot be used.
    """
    name = TableName.parse(table.target)
    where = f"the sink's database {connection.info.dbname}"
    row = connection.execute(_FIND, {"schema": name.schema, "table": name.name}).fetchone()
    may_use, is_there = row or (True, False)
    if not may_use:
        raise StackFailure(
            f"{where} does not let {connection.info.user} use the schema {name.schema}",
            hint=f'GRANT USAGE ON SCHEMA {name.schema} TO "{connection.info.user}"',
        )
    if not is_there:
        raise SettingFailure(
            f"{place}.target: {where} has no table {name}; "
            f"{nearest(str(name), table_names(connection))}",
            hint="create it, or correct target",
        )
    return {each.name: each for each in table_columns(connection, str(name))}


def _expect_columns(
    place: str, table: Table, arriving: Sequence[str], there: Sequence[str]
) -> None:
    wanted = [table.in_sink(name) for name in arriving]
    failures = [
        SettingFailure(
            f"{place}: the sink's table {table.target} has no column {name}; "
            f"{nearest(name, there)}",
            hint="add it, or set its name in columns, or list it in not_compared",
        )
        for name in wanted
        if name not in there
    ]
    raise_all(failures)


def _expect_readable(
    table: Table, arriving: Sequence[str], connection: Connection[tuple[Any, ...]]
) -> None:
    """Return if the data-loss check may read the columns."""
    name = str(TableName.parse(table.target))
    names = [table.in_sink(each) for each in arriving]
    found = connection.execute(_UNREADABLE, {"names": names, "table": name}).fetchone()
    if found is not None:
        user = connection.info.user
        raise StackFailure(
            f"the sink does not let {user} read {found[0]} of {name}",
            hint=f'GRANT SELECT ON {name} TO "{user}"',
        )


def expect_same_key(place: str, table: Table, here: Columns, there: Columns) -> None:
    """Return if the rows of both sides can be matched by their keys.

    Args:
        place: The table's place in the settings.
        table: The table.
        here: The columns of the source, by name.
        there: Those of the sink.

    Raises:
        StackFailure: A key column has a type that is not supported, or prints other values.
    """
    names = tuple(table.in_sink(name) for name in table.key)
    sink = msgspec.structs.replace(table, table=f"the sink's table {table.target}", key=names)
    identity(sink, there)
    for name, other in zip(table.key, names, strict=True):
        if not _comparable(here[name], there[other], alone=len(names) == 1):
            raise SettingFailure(
                f"{place}.key: {name} of {table.table} is {here[name].declared}, but {other} of "
                f"the sink's table {table.target} is {there[other].declared}: the keys of a row "
                "would differ",
                hint="give both columns the same type",
            )


def _comparable(here: TableColumn, there: TableColumn, *, alone: bool) -> bool:
    """Return whether a key prints alike in both columns.

    Times are printed by their precision, and numerics by their scale. In a composite key, some
    types are numbers of JSON, and others texts.
    """
    if _TIMES & {here.type, there.type}:
        one, other = (
            identity(_ONE_COLUMN, {"x": replace(each, name="x")}) for each in (here, there)
        )
        return one.as_string() == other.as_string()
    if here.type == there.type == "numeric" and there.scale is not None:
        return here.scale == there.scale
    return alone or (here.type in _BARE_IN_JSON) == (there.type in _BARE_IN_JSON)


_ONE_COLUMN = Table(table="x", key=("x",))
