"""PostgreSQL's values as its output functions print them, independent of database and role."""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection
from psycopg.abc import AdaptContext
from psycopg.types.array import ArrayLoader
from psycopg.types.string import TextLoader

TEXT_OID, NUMERIC_OID = 25, 1700
_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}


def set_printing(connection: Connection[Any]) -> None:
    """Set the output functions' settings for the current transaction."""
    for setting in _SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, true)", setting)


def print_values(cursor: AdaptContext, types: Iterable[tuple[int, str]]) -> None:
    """Make a cursor return values as PostgreSQL prints them, arrays as lists of such texts.

    Args:
        cursor: The cursor.
        types: The object identifier of each column's type, and the separator of an array's
            elements, or "".
    """
    for oid, delimiter in types:
        loader: type[TextLoader | ArrayLoader] = TextLoader
        if delimiter:
            described = {"base_oid": TEXT_OID, "delimiter": delimiter.encode()}
            loader = type("_PrintedArray", (ArrayLoader,), described)
        cursor.adapters.register_loader(oid, loader)
    cursor.adapters.register_loader(TEXT_OID, TextLoader)
