"""The columns of a source table as PostgreSQL defines them: what any of them can carry."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from psycopg import Connection

# Domains are resolved to the type below them, as Debezium resolves them; a domain's own modifier
# counts where it has one. An array is a type that is another type's array: int2vector is none.
_COLUMNS = """
    WITH RECURSIVE resolved AS (
        SELECT a.attnum, a.atttypid AS type, a.atttypmod AS modifier
        FROM pg_attribute a
        WHERE a.attrelid = %(table)s::regclass AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT r.attnum, t.typbasetype,
            CASE WHEN t.typtypmod >= 0 THEN t.typtypmod ELSE r.modifier END
        FROM resolved r JOIN pg_type t ON t.oid = r.type
        WHERE t.typtype = 'd'
    )
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.oid <> a.atttypid, t.oid::bigint,
        t.typname, t.typtype, element.typname,
        CASE below.typtype WHEN 'e' THEN 'e' ELSE element.typtype END, element.typdelim,
        r.modifier, a.attgenerated, a.attstorage <> 'p' AND a.attlen = -1
    FROM resolved r
    JOIN pg_type t ON t.oid = r.type AND t.typtype <> 'd'
    JOIN pg_attribute a ON a.attrelid = %(table)s::regclass AND a.attnum = r.attnum
    LEFT JOIN pg_type element ON element.typarray = t.oid
    LEFT JOIN pg_type below ON below.oid = element.typbasetype
    ORDER BY a.attnum
"""
# What `pg_attribute.atttypmod` adds to the length of a character type.
_HEADER = 4
_MOST_MILLISECOND_DIGITS = 3


class GeneratedColumn(StrEnum):
    """Where a generated column's value comes from: `pg_attribute.attgenerated`."""

    NO = ""
    STORED = "s"
    VIRTUAL = "v"


@dataclass(frozen=True)
class TableColumn:
    """A column.

    Attributes:
        name: Its name.
        declared: The type as the table declares it: `numeric(12,2)[]`, or the name of a domain.
        is_domain: Whether that is a domain.
        oid: The type's object identifier, of a domain that of the type below it.
        type: That type's name in pg_type: `numeric`, `_numeric`.
        category: `pg_type.typtype` of it: `b` base, `c` composite, `e` enum, `r` range, ...
        element: Of an array the name of the elements' type, else empty.
        element_category: `pg_type.typtype` of the elements' type, `e` of a domain over an
            enumeration too; empty where there is none.
        delimiter: What separates an array's elements; empty where there are none.
        modifier: `pg_attribute.atttypmod` or the domain's: -1 where there is none.
        generated: Whether it is a generated column, and of which kind.
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
        """Whether its values are those of an enumeration."""
        return self.category == "e"

    @property
    def precision(self) -> int:
        """Digits of a second of a type of time, from the modifier; -1: all six."""
        return self.modifier if 0 <= self.modifier <= 6 else -1  # noqa: PLR2004 - PostgreSQL's own

    @property
    def in_milliseconds(self) -> bool:
        """Whether Debezium counts such a time or timestamp in milliseconds, not microseconds.

        `time.precision.mode` adaptive: by the declared precision.
        """
        return 0 <= self.precision <= _MOST_MILLISECOND_DIGITS

    @property
    def scale(self) -> int | None:
        """The scale of a numeric, which may be negative; None where the type declares none.

        The lower eleven bits, signed: `numeric_typmod_scale` in numeric.c of PostgreSQL.
        """
        if self.modifier < _HEADER:
            return None
        return (((self.modifier - _HEADER) & 0x7FF) ^ 1024) - 1024


def table_columns(connection: Connection[tuple[Any, ...]], table: str) -> tuple[TableColumn, ...]:
    """Return the columns in the order of the table.

    Args:
        connection: To the source database.
        table: The table, quoted as SQL writes it.

    Raises:
        psycopg.Error: There is no such table, or PostgreSQL does not answer.
    """
    rows = connection.execute(_COLUMNS, {"table": table}).fetchall()
    return tuple(
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
        for (
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
        ) in rows
    )
