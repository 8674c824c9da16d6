"""The columns of a source table, as PostgreSQL's catalog defines them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from psycopg import Connection

# Domains are resolved to their base types, as in Debezium; a domain's own modifier takes
# precedence. A type is an array if it is the array type of another type: int2vector is not.
_COLUMNS = """
    WITH RECURSIVE resolved AS (
        SELECT wanted.name AS relation, a.attrelid, a.attnum, a.atttypid AS type,
            a.atttypmod AS modifier
        FROM unnest(%(tables)s::text[]) AS wanted(name)
        JOIN pg_attribute a ON a.attrelid = wanted.name::regclass
        WHERE a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT r.relation, r.attrelid, r.attnum, t.typbasetype,
            CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE r.modifier END
        FROM resolved r JOIN pg_type t ON t.oid = r.type
        WHERE t.typtype = 'd'
    )
    SELECT r.relation, a.attname, format_type(a.atttypid, a.atttypmod), t.oid <> a.atttypid,
        t.oid::bigint, t.typname, t.typtype, element.typname,
        CASE below.typtype WHEN 'e' THEN 'e' ELSE element.typtype END, element.typdelim,
        r.modifier, a.attgenerated, a.attstorage <> 'p' AND a.attlen = -1
    FROM resolved r
    JOIN pg_type t ON t.oid = r.type AND t.typtype <> 'd'
    JOIN pg_attribute a ON a.attrelid = r.attrelid AND a.attnum = r.attnum
    LEFT JOIN pg_type element ON element.typarray = t.oid
    LEFT JOIN pg_type below ON below.oid = element.typbasetype
    ORDER BY r.relation, a.attnum
"""
# PostgreSQL adds this to the length of a character type in `pg_attribute.atttypmod`.
_HEADER = 4
_MOST_MILLISECOND_DIGITS = 3


class GeneratedColumn(StrEnum):
    """How a column's value is generated: `pg_attribute.attgenerated`."""

    NO = ""
    STORED = "s"
    VIRTUAL = "v"


@dataclass(frozen=True)
class TableColumn:
    """A column.

    Attributes:
        name: Its name.
        declared: The type in the table's declaration: `numeric(12,2)[]`, or the name of a domain.
        is_domain: Whether the declared type is a domain.
        oid: The type's object identifier; for a domain, that of its base type.
        type: The name of that type in pg_type: `numeric`, `_numeric`.
        category: Its `pg_type.typtype`: `b` base, `c` composite, `e` enum, `r` range, ...
        element: The name of the element type; empty if it is not an array.
        element_category: `pg_type.typtype` of the element type, `e` also for a domain over an enum;
            empty if it is not an array.
        delimiter: The separator of the elements; empty if it is not an array.
        modifier: `pg_attribute.atttypmod`, or the domain's; -1 if there is none.
        generated: Whether and how its value is generated.
        toastable: Whether PostgreSQL may store a value out of line.
    """

    name: str
    declared: str
    is_domain: bool
    oid: int
    type: str
    category: str
    element: str
    element_category: str
    delimiter: str
    modifier: int
    generated: GeneratedColumn
    toastable: bool

    @property
    def is_enum(self) -> bool:
        """Whether its type is an enum."""
        return self.category == "e"

    @property
    def precision(self) -> int:
        """Digits after the second of a time type, from the modifier; -1: all six."""
        return self.modifier if 0 <= self.modifier <= 6 else -1  # noqa: PLR2004 - PostgreSQL's own

    @property
    def in_milliseconds(self) -> bool:
        """Whether Debezium sends this time or timestamp in milliseconds, not microseconds.

        With `time.precision.mode` adaptive, the declared precision decides.
        """
        return 0 <= self.precision <= _MOST_MILLISECOND_DIGITS

    @property
    def scale(self) -> int | None:
        """The scale of a numeric, which may be negative; None if the type declares none.

        It is the lower eleven bits, signed: `numeric_typmod_scale` in numeric.c of PostgreSQL.
        """
        if self.modifier < _HEADER:
            return None
        return (((self.modifier - _HEADER) & 0x7FF) ^ 1024) - 1024


def table_columns(connection: Connection[tuple[Any, ...]], table: str) -> tuple[TableColumn, ...]:
    """Return the columns in the order of the table.

    Args:
        connection: Connection to the source database.
        table: The table, quoted as SQL writes it.

    Raises:
        psycopg.Error: There is no such table, or PostgreSQL does not answer.
    """
    return columns_of_tables(connection, (table,))[table]


def columns_of_tables(
    connection: Connection[tuple[Any, ...]], tables: Sequence[str]
) -> Mapping[str, tuple[TableColumn, ...]]:
    """Return the columns of several tables in one query, by the tables' names.

    Args:
        connection: Connection to the source database.
        tables: The tables, quoted as SQL writes them.

    Raises:
        psycopg.Error: There is no such table, or PostgreSQL does not answer.
    """
    found: dict[str, list[TableColumn]] = {table: [] for table in tables}
    for (
        table,
        name,
        declared,
        is_domain,
        oid,
        kind,
        category,
        element,
        element_category,
        delimiter,
        modifier,
        generated,
        toastable,
    ) in connection.execute(_COLUMNS, {"tables": list(tables)}):
        found[table].append(
            TableColumn(
                name=name,
                declared=declared,
                is_domain=is_domain,
                oid=oid,
                type=kind,
                category=category,
                element=element or "",
                element_category=element_category or "",
                delimiter=delimiter or "",
                modifier=modifier,
                generated=GeneratedColumn(generated),
                toastable=toastable,
            )
        )
    return {table: tuple(columns) for table, columns in found.items()}
