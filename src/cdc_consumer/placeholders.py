"""Debezium's placeholders for TOASTed values that an update did not change, so the WAL lacks them.

The placeholder is the text `__debezium_unavailable_value` in the form of the column's type: text
types as it is, bytes in base64, arrays of text, bytes, integers, and UUIDs as arrays, hstore as a
map, or as the text of one (`hstore.handling.mode=json`).
Source: `UnchangedToastedPlaceholder` of Debezium's PostgreSQL connector; the option is
`unavailable.value.placeholder`.
"""

import base64
import hashlib
import uuid
from typing import Final

TEXT: Final = "__debezium_unavailable_value"
_BYTES: Final = TEXT.encode()
_BASE64: Final = base64.b64encode(_BYTES).decode()
# Java's UUID.nameUUIDFromBytes: version 3 without a namespace, which uses MD5 by definition.
_UUID: Final = str(uuid.UUID(bytes=hashlib.md5(_BYTES, usedforsecurity=False).digest(), version=3))

_HSTORE: Final = f'{{"{TEXT}":"{TEXT}"}}'
_SCALARS: Final = frozenset((TEXT, _BASE64, _HSTORE))
_COLLECTIONS: Final = ([TEXT], [_BASE64], list(_BYTES), [_UUID], {TEXT: TEXT})


def is_unavailable(value: object) -> bool:
    """Return whether a decoded JSON value is the placeholder of a value that the event lacks."""
    if isinstance(value, str):
        return value in _SCALARS
    return isinstance(value, list | dict) and value in _COLLECTIONS
