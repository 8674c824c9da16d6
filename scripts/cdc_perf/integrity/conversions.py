"""The form of each PostgreSQL type's values in a document: one conversion per type.

A conversion follows Debezium's output under this pipeline's settings (decimals as text,
`time.precision.mode` adaptive, intervals as numbers, bytes in base64, hstore as JSON).
cdc-consumer stores the JSON value unchanged. docs/types.md shows each.
https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types

A row's value is the text of the type's output function, which pgoutput sends too, under the
settings of `snapshot.py`: UTC, DateStyle ISO, IntervalStyle postgres, bytea in hexadecimal.
"""

import base64
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import isnan
from types import MappingProxyType

import msgspec
from psycopg.types.hstore import HstoreLoader

from cdc_perf.files import NOT_JSON
from cdc_perf.integrity import geometry, temporal
from cdc_perf.stack.table_columns import TableColumn

_LIKE_TEXT = frozenset(
    (
        *("text", "varchar", "name", "citext", "uuid", "json", "jsonb", "xml", "char", "ltree"),
        *("inet", "cidr", "macaddr", "macaddr8", "tsvector", "isbn"),
        *("int4range", "int8range", "numrange", "tsrange", "daterange"),
    )
)
_SPECIAL_NUMERICS = {
    "NaN": "NAN",
    "Infinity": "POSITIVE_INFINITY",
    "-Infinity": "NEGATIVE_INFINITY",
}


@dataclass(frozen=True)
class Conversion:
    """Converts the values of a type from both sides to a common form.

    Attributes:
        of_row: Converts PostgreSQL's text. Raises ValueError for a value that no document can hold.
        of_document: Converts the document's value. Raises ValueError or TypeError for a wrong one.
    """

    of_row: Callable[[str], object]
    of_document: Callable[[object], object]


def conversion(column: TableColumn) -> Conversion | None:
    """Return the conversion of a column's values, or of an array's elements; None if unknown."""
    name = column.element or column.type
    if name in _LIKE_TEXT or (column.element_category or column.category) == "e":
        return Conversion(str, _text)
    if name in ("time", "timestamp"):
        return _of_time(name, is_short=column.in_milliseconds)
    if name == "numeric" and (column.scale or 0) < 0:
        # Debezium pads such a number with thousands of zeros; it is the same number.
        return Conversion(_decimal, _decimal)
    if name == "bit" and column.modifier in (-1, 1) and not column.element:
        return Conversion(lambda text: text == "1", _truth)
    return _OTHERS.get(name)


def _of_time(name: str, *, is_short: bool) -> Conversion:
    if name == "timestamp":
        return Conversion(temporal.milliseconds if is_short else temporal.microseconds, _whole)
    unit = 1000 if is_short else 1
    return Conversion(lambda text: temporal.microseconds_of_day(text) // unit, _whole)


def numeric_text(text: str) -> str:
    """Return a numeric in the form of Debezium's mode `string`."""
    return _SPECIAL_NUMERICS.get(text, text)


def _decimal(value: object) -> Decimal:
    try:
        return Decimal(_text(value))
    except InvalidOperation as error:
        raise ValueError(value) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return int(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _as_it_is(value: object) -> object:
    return value


def _float(layout: str) -> Callable[[object], object]:
    """Return a function from a number to the bits of a float, which distinguish -0 from 0."""

    def bits(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, str | float | int):
            raise TypeError
        number = float(value)
        try:
            return "NaN" if isnan(number) else struct.pack(layout, number)
        except OverflowError as error:
            raise ValueError(value) from error

    return bits


def _bytes(text: str) -> str:
    if not text.startswith("\\x"):
        raise ValueError(text)
    return base64.b64encode(bytes.fromhex(text[2:])).decode()


def _bits(text: str) -> str:
    """Return bits as Java's `BitSet.toByteArray`: the last bit is the lowest of the first byte.

    The result lacks leading zeros and so the length.
    """
    number = int(text or "0", 2)
    return base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8, "little")).decode()


def _unpadded(value: object) -> str:
    return _text(value).rstrip(" ")


def _hstore(text: str) -> object:
    return HstoreLoader(0).load(text.encode())


def _json(value: object) -> object:
    try:
        return msgspec.json.decode(_text(value))
    except NOT_JSON as error:
        raise ValueError(value) from error


def _vector(text: str) -> object:
    return [int(word) for word in text.split()]


_OTHERS: Mapping[str, Conversion] = MappingProxyType(
    {
        **dict.fromkeys(("int2", "int4", "int8", "oid"), Conversion(int, _whole)),
        **dict.fromkeys(("bit", "varbit"), Conversion(_bits, _text)),
        "bool": Conversion(lambda text: text == "t", _truth),
        "float4": Conversion(_float("<f"), _float("<f")),
        "float8": Conversion(_float("<d"), _float("<d")),
        "numeric": Conversion(numeric_text, _text),
        "money": Conversion(_decimal, _decimal),
        "bpchar": Conversion(_unpadded, _unpadded),
        "bytea": Conversion(_bytes, _text),
        "date": Conversion(temporal.days, _whole),
        "timestamptz": Conversion(
            temporal.instant, lambda value: temporal.sent_instant(_text(value))
        ),
        "timetz": Conversion(temporal.utc_time, lambda value: temporal.sent_time(_text(value))),
        "interval": Conversion(temporal.duration, _whole),
        "tstzrange": Conversion(
            temporal.range_of_instants, lambda value: temporal.range_of_instants(_text(value))
        ),
        "hstore": Conversion(_hstore, _json),
        "int2vector": Conversion(_vector, _as_it_is),
        "oidvector": Conversion(_vector, _as_it_is),
        **{name: Conversion(form, _as_it_is) for name, form in geometry.FORMS.items()},
    }
)
