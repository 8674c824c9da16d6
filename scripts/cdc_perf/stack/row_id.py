"""SQL for the `_id` that cdc-consumer derives from the key in Debezium's event."""

from collections.abc import Mapping
from typing import LiteralString

from psycopg import sql

from cdc_perf.errors import StackFailure
from cdc_perf.settings.pipeline import Table
from cdc_perf.stack.infinite import INFINITE_DAYS, INFINITE_MICROSECONDS, INFINITE_MILLISECONDS
from cdc_perf.stack.table_columns import TableColumn

_TEXTS = frozenset(("text", "varchar", "bpchar", "citext", "uuid", "ltree", "jsonb", "char")) | {
    *("inet", "cidr", "macaddr", "macaddr8", "tsvector"),
    *("int4range", "int8range", "numrange", "tsrange", "daterange"),
}
# The output function, as in pgoutput; a cast to text prints some types differently.
_PRINTED: LiteralString = "concat({})"
_NUMERIC: LiteralString = (
    "CASE concat({0}) WHEN 'NaN' THEN 'NAN' WHEN 'Infinity' THEN 'POSITIVE_INFINITY' "
    "WHEN '-Infinity' THEN 'NEGATIVE_INFINITY' ELSE concat({0}) END"
)
_NUMBER: LiteralString = "{}::text"
_WHOLE = frozenset(("int2", "int4", "int8", "oid", "bool"))
# SQL for finite values, by type; Debezium sends infinite ones as special numbers.
_FINITE: Mapping[str, tuple[LiteralString, Mapping[str, int]]] = {
    "date": ("({0} - DATE '1970-01-01')::text", INFINITE_DAYS),
    "microseconds": ("trunc(extract(epoch FROM {0}) * 1000000)::text", INFINITE_MICROSECONDS),
    "milliseconds": ("trunc(extract(epoch FROM {0}) * 1000)::text", INFINITE_MILLISECONDS),
}
_OR_INFINITE: LiteralString = (
    "CASE {0} WHEN 'infinity' THEN {1} WHEN '-infinity' THEN {2} ELSE {3} END"
)
# ISO 8601: the year before 1 is 0, and years of more than four digits have a sign.
_INSTANT: LiteralString = (
    "CASE WHEN NOT isfinite({0}) THEN concat({0}) ELSE "
    "CASE WHEN extract(year FROM {0} AT TIME ZONE 'UTC') > 9999 "
    "THEN '+' || extract(year FROM {0} AT TIME ZONE 'UTC') "
    "WHEN extract(year FROM {0} AT TIME ZONE 'UTC') > 0 "
    "THEN lpad(extract(year FROM {0} AT TIME ZONE 'UTC')::text, 4, '0') "
    "WHEN extract(year FROM {0} AT TIME ZONE 'UTC') = -1 THEN '0000' "
    "ELSE '-' || lpad((-1 - extract(year FROM {0} AT TIME ZONE 'UTC'))::text, 4, '0') END "
    "|| to_char({0} AT TIME ZONE 'UTC', {1}) END"
)
_ALL_DIGITS = 6


def identity(table: Table, columns: Mapping[str, TableColumn]) -> sql.Composed:
    """Return the `_id`: the key's text, or a JSON array of the values of a composite key.

    It is null if a key column is null: such a row has no `_id`. It sorts by bytes, as in MongoDB.

    Args:
        table: The table.
        columns: Its published columns, by name.

    Raises:
        StackFailure: A key column is not published, or has an unsupported type.
    """
    parts: list[sql.Composed] = []
    for name in table.key:
        column = columns.get(name)
        if column is None:
            raise StackFailure(
                f"{table.table}: the key column {name} does not exist or is not published",
                hint="see key in pipeline.toml, and the publication's column list",
            )
        found = _part(column)
        if found is None:
            raise StackFailure(
                f"{table.table}: the key column {name} has the type {column.declared}, "
                "which is not supported as a key",
                hint="docs/types.md lists the types that can be keys",
            )
        text, is_text = found
        quoted = sql.SQL("to_json({})::text").format(text) if is_text else text
        parts.append(quoted if len(table.key) > 1 else text)
    if len(parts) == 1:
        (text,) = parts
    else:
        text = sql.SQL("'[' || {} || ']'").format(sql.SQL(" || ',' || ").join(parts))
    names = sql.SQL(", ").join(sql.Identifier(name) for name in table.key)
    # Some of the functions above return text for a null.
    return sql.SQL('(CASE WHEN num_nulls({}) = 0 THEN {} END) COLLATE "C"').format(names, text)


def _part(column: TableColumn) -> tuple[sql.Composed, bool] | None:
    """Return a key column's value as SQL, and whether JSON has it as a string.

    None if the type is unsupported.
    """
    name = sql.Identifier(column.name)
    if column.is_enum or column.type in _TEXTS:
        return sql.SQL(_PRINTED).format(name), True
    if column.type == "numeric" and (column.scale or 0) >= 0:
        return sql.SQL(_NUMERIC).format(name), True
    if column.type in _WHOLE:
        return sql.SQL(_NUMBER).format(name), False
    if column.type in ("date", "timestamp"):
        return _or_infinite(name, column), False
    if column.type == "timestamptz":
        digits = column.precision if column.precision >= 0 else _ALL_DIGITS
        layout = '-MM-DD"T"HH24:MI:SS' + (f".FF{digits}" if digits else "") + '"Z"'
        return sql.SQL(_INSTANT).format(name, sql.Literal(layout)), True
    return None


def _or_infinite(name: sql.Identifier, column: TableColumn) -> sql.Composed:
    unit = column.type
    if unit == "timestamp":
        unit = "milliseconds" if column.in_milliseconds else "microseconds"
    finite, infinite = _FINITE[unit]
    return sql.SQL(_OR_INFINITE).format(
        name,
        *(sql.Literal(str(infinite[each])) for each in ("infinity", "-infinity")),
        sql.SQL(finite).format(name),
    )
