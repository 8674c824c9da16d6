"""What a row comes to as a document: one conversion for each type of PostgreSQL.

It follows what Debezium makes of a column under this pipeline's settings (decimals as strings,
`time.precision.mode` adaptive, bytes in base64) and what cdc-consumer stores of it: the JSON value
as it is.
https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types

Values of a row come as PostgreSQL's own text, in UTC. A value without a counterpart in JSON, such
as the date `infinity`, raises ValueError and is not compared.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import isnan

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND, _MILLISECOND = timedelta(microseconds=1), timedelta(milliseconds=1)
# The precision up to which Debezium counts a time of day or a timestamp in milliseconds.
_MOST_MILLISECOND_DIGITS = 3
_LIKE_TEXT = frozenset(
    ("text", "varchar", "name", "citext", "uuid", "numeric", "json", "jsonb", "xml")
) | frozenset(("inet", "cidr", "macaddr", "macaddr8"))
_WHOLE = frozenset(("int2", "int4", "int8"))
_ELEMENTS = frozenset(("text", "varchar", "uuid", "bool", *_WHOLE))


@dataclass(frozen=True)
class Column:
    """A column that is compared: both sides brought to one form.

    Attributes:
        name: Its name, and the field's.
        of_row: From PostgreSQL's text; raises ValueError for what JSON has no counterpart of.
        of_document: From the field's value; raises ValueError or TypeError for a wrong one.
        as_json: Whether PostgreSQL is asked for the value as JSON.
    """

    name: str
    of_row: Callable[[str], object]
    of_document: Callable[[object], object]
    as_json: bool = False

    def same(self, text: str | None, value: object) -> bool:
        """Return whether a row's value is the document's; an absent field is a null."""
        if text is None or value is None:
            return text is None and value is None
        try:
            expected = self.of_row(text)
        except ValueError:
            return True
        try:
            return expected == self.of_document(value)
        except (ValueError, TypeError):
            return False


def column(name: str, kind: str, precision: int, *, is_enum: bool) -> Column | None:
    """Return how a column is compared; None for a type whose form in a document is not known here.

    Args:
        name: The column's.
        kind: The type's name in pg_type.
        precision: The type modifier: of times the digits of a second, -1 for all six.
        is_enum: Whether it is an enumeration.
    """
    if kind in _LIKE_TEXT or is_enum:
        return Column(name, str, _text)
    if kind in _WHOLE:
        return Column(name, int, _whole)
    if kind.startswith("_") and kind[1:] in _ELEMENTS:
        return Column(name, msgspec.json.decode, _as_it_is, as_json=True)
    if kind in ("timestamp", "time"):
        milliseconds = 0 <= precision <= _MOST_MILLISECOND_DIGITS
        of_row = _timestamp if kind == "timestamp" else _time
        unit = _MILLISECOND if milliseconds else _MICROSECOND
        return Column(name, lambda text: of_row(text) // unit, _whole)
    pair = _PAIRS.get(kind)
    return Column(name, *pair) if pair else None


def id_text(kind: str, *, is_enum: bool) -> bool | None:
    """Return whether a key column of this type is a text in JSON; None: it cannot be a key here."""
    if kind in _LIKE_TEXT or is_enum:
        return True
    return False if kind in _WHOLE or kind == "bool" else None


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


def _number(value: object) -> object:
    """Return a float, or a text for the one that does not equal itself."""
    if not isinstance(value, str | float | int):
        raise TypeError
    number = float(value)
    return "NaN" if isnan(number) else number


def _instant(value: object) -> datetime:
    return datetime.fromisoformat(_text(value)).astimezone(UTC)


def _timestamp(text: str) -> timedelta:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH


def _time(text: str) -> timedelta:
    at = time.fromisoformat(text)
    return timedelta(
        hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond
    )


def _days(text: str) -> int:
    return (date.fromisoformat(text) - _EPOCH.date()).days


def _bytes(text: str) -> str:
    return base64.b64encode(bytes.fromhex(text.removeprefix("\\x"))).decode()


def _unpadded(value: object) -> str:
    return _text(value).rstrip(" ")


_PAIRS: dict[str, tuple[Callable[[str], object], Callable[[object], object]]] = {
    "bool": (lambda text: text in ("t", "true"), _truth),
    "float4": (_number, _number),
    "float8": (_number, _number),
    "bpchar": (_unpadded, _unpadded),
    "timestamptz": (_instant, _instant),
    "date": (_days, _whole),
    "bytea": (_bytes, _text),
}
