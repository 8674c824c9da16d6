"""Find rows by their `_id`: the inverse of `row_id`, in a form that the key's index supports.

A comparison with the text that `row_id` makes would read the whole table, so the text becomes key
values again.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection, sql

from cdc_perf.settings.pipeline import Table
from cdc_perf.stack.canceling import canceling
from cdc_perf.stack.infinite import INFINITE_DAYS, INFINITE_MICROSECONDS, INFINITE_MILLISECONDS
from cdc_perf.stack.printing import print_values
from cdc_perf.stack.table_columns import TableColumn

_log = logging.getLogger(__name__)

# These have their own schema, unlike the other types of keys.
_EXTENSION_TYPES = frozenset(("citext", "ltree"))
_DAY = 86_400
# PostgreSQL reads `J2440588` as 1970-01-01, and has no year limit in this form.
# https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-DATE-TABLE
_EPOCH = 2_440_588
_NUMBERS = {"NAN": "NaN", "POSITIVE_INFINITY": "Infinity", "NEGATIVE_INFINITY": "-Infinity"}
_INSTANT = re.compile(r"([+-]?)([0-9]{4,})-(.*)Z")
_INDEXED = """
    SELECT EXISTS (
        SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid
            AND a.attnum = i.indkey[0]
        WHERE i.indrelid = %s::regclass AND i.indisvalid AND i.indpred IS NULL
            AND a.attname = ANY (%s))
"""

_Part = Callable[[str], str]


@dataclass(frozen=True)
class RowKey:
    """The key of a table.

    Attributes:
        names: Its columns.
        types: Their types without a length, which would silently cut a value.
        parts: How the text of a column in `_id` becomes PostgreSQL's input.
        as_text: The columns that are compared as text, which no index supports: a domain over a
            type with its own schema has no equality of its own.
    """

    names: tuple[str, ...]
    types: tuple[sql.Composable, ...]
    parts: tuple[_Part, ...]
    as_text: frozenset[str] = frozenset()

    @staticmethod
    def of(table: Table, columns: Mapping[str, TableColumn]) -> "RowKey":
        """Return the key of a table whose key columns `row_id.identity` supports.

        Args:
            table: The table.
            columns: Its columns, by name.
        """
        key = [columns[name] for name in table.key]
        return RowKey(
            names=table.key,
            types=tuple(_type(column) for column in key),
            parts=tuple(_part(column) for column in key),
            as_text=frozenset(column.name for column in key if _is_text(column)),
        )

    @property
    def condition(self) -> sql.Composed:
        """The rows with given keys; `values` fills its placeholders."""
        columns = sql.SQL(", ").join(
            sql.SQL("{}::text" if name in self.as_text else "{}").format(
                doubled(sql.Identifier(name))
            )
            for name in self.names
        )
        if len(self.names) == 1:
            return sql.SQL("{} = ANY ({})").format(columns, self._arrays)
        return sql.SQL("({}) IN (SELECT * FROM unnest({}))").format(columns, self._arrays)

    @property
    def valid(self) -> sql.Composed:
        """The query that fails if a value is not one of its column's type."""
        return sql.SQL("SELECT num_nonnulls({})").format(self._arrays)

    @property
    def _arrays(self) -> sql.Composed:
        return sql.SQL(", ").join(sql.SQL("%s::{}[]").format(doubled(each)) for each in self.types)

    def values(self, ids: Sequence[str]) -> list[list[str]]:
        """Return the keys' values, column by column.

        An `_id` whose form no row of the table has is left out.
        """
        rows = [found for each in ids if (found := self._row(each)) is not None]
        return [[row[at] for row in rows] for at in range(len(self.names))]

    def _row(self, identity: str) -> list[str] | None:
        try:
            identity.encode()
            texts = _texts(identity) if len(self.names) > 1 else [identity]
            return [part(text) for part, text in zip(self.parts, texts, strict=True)]
        except ValueError:
            return None


def doubled(part: sql.Composable) -> sql.SQL:
    """Return SQL for a statement that has parameters: a percent sign in a name is doubled."""
    return sql.SQL(part.as_string().replace("%", "%%"))


def rows_by_key(
    connection: Connection[tuple[Any, ...]],
    query: sql.Composed,
    key: RowKey,
    ids: Sequence[str],
    types: Sequence[tuple[int, str]] = (),
) -> list[tuple[Any, ...]]:
    """Return the rows of a query that has the key's condition; their first column is `_id`.

    An `_id` that is not a value of the key's type has no row. Equal values may have different
    texts, such as numerics of another scale: only rows with one of the given texts are returned.

    Args:
        connection: The connection, inside a transaction.
        query: The query.
        key: The key.
        ids: The `_id`s.
        types: The types of the columns that are returned as PostgreSQL prints them.

    Raises:
        psycopg.Error: PostgreSQL does not answer, or refuses the query.
    """
    try:
        rows = _execute(connection, query, key.values(ids), types)
    except psycopg.DataError:
        valid = _valid(connection, key, ids)
        if len(valid) == len(ids):
            raise
        rows = _execute(connection, query, key.values(valid), types)
    wanted = frozenset(ids)
    return [row for row in rows if row[0] in wanted]


def warn_if_unindexed(connection: Connection[tuple[Any, ...]], table: str, key: RowKey) -> None:
    """Log that a table is read completely for each batch of keys, if it has no index for them."""
    usable = [name for name in key.names if name not in key.as_text]
    found = connection.execute(_INDEXED, (table, usable)).fetchone()
    if found != (True,):
        names = ", ".join(key.names)
        _log.warning(f"{table} has no index on its key ({names}): each batch of keys scans it")


def _execute(
    connection: Connection[tuple[Any, ...]],
    query: sql.Composed,
    values: Sequence[Sequence[str]],
    types: Sequence[tuple[int, str]] = (),
) -> list[tuple[Any, ...]]:
    if not values[0]:
        return []
    # The block is a savepoint, so that the transaction survives an error.
    with connection.transaction(), canceling(connection), connection.cursor() as cursor:
        print_values(cursor, types)
        return cursor.execute(query, values, prepare=False).fetchall()


def _valid(connection: Connection[tuple[Any, ...]], key: RowKey, ids: Sequence[str]) -> list[str]:
    """Return the `_id`s whose values PostgreSQL accepts for the key's types, found by halving."""
    try:
        _execute(connection, key.valid, key.values(ids))
    except psycopg.DataError:
        if len(ids) == 1:
            return []
        half = len(ids) // 2
        return [*_valid(connection, key, ids[:half]), *_valid(connection, key, ids[half:])]
    return list(ids)


def _texts(identity: str) -> list[str]:
    """Return the elements of a JSON array, numbers in their own spelling.

    Raises:
        ValueError: It is no JSON array of texts, numbers, and booleans.
    """
    found = json.loads(identity, parse_int=str, parse_float=str)
    if not isinstance(found, list):
        raise ValueError(identity)  # noqa: TRY004 - bad content, not a wrong type
    return [_text(each) for each in found]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    raise ValueError(str(value))


def _is_text(column: TableColumn) -> bool:
    return column.is_domain and _has_own_schema(column)


def _has_own_schema(column: TableColumn) -> bool:
    return column.is_enum or column.type in _EXTENSION_TYPES


def _type(column: TableColumn) -> sql.Composable:
    if _is_text(column):
        return sql.SQL("text")
    if _has_own_schema(column):
        # PostgreSQL's own text of the type's name, with its schema if it needs one.
        return sql.SQL(column.declared)
    return sql.Identifier("pg_catalog", column.type)


def _part(column: TableColumn) -> _Part:
    match column.type:
        case "numeric":
            return lambda text: _NUMBERS.get(text, text)
        case "date":
            return _date
        case "timestamp":
            return _milliseconds if column.in_milliseconds else _microseconds
        case "timestamptz":
            return _instant
        case _:
            return str


def _date(text: str) -> str:
    days = int(text)
    return _infinite(days, INFINITE_DAYS) or f"J{days + _EPOCH}"


def _milliseconds(text: str) -> str:
    number = int(text)
    return _infinite(number, INFINITE_MILLISECONDS) or _moment(number * 1000)


def _microseconds(text: str) -> str:
    number = int(text)
    return _infinite(number, INFINITE_MICROSECONDS) or _moment(number)


def _infinite(number: int, infinite: Mapping[str, int]) -> str:
    """Return the name of an infinite value, else ""."""
    return next((name for name, each in infinite.items() if each == number), "")


def _moment(microseconds: int) -> str:
    seconds, fraction = divmod(microseconds, 1_000_000)
    days, clock = divmod(seconds, _DAY)
    hours, minutes = divmod(clock // 60, 60)
    return f"J{days + _EPOCH} {hours:02}:{minutes:02}:{clock % 60:02}.{fraction:06}"


def _instant(text: str) -> str:
    """Return PostgreSQL's form of an ISO 8601 instant, in which the year before 1 is 0."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        return text
    sign, year, rest = found.groups()
    rest = rest.replace("T", " ")
    if sign == "-" or int(year) == 0:
        return f"{int(year) + 1:04}-{rest}+00 BC"
    return f"{year}-{rest}+00"
