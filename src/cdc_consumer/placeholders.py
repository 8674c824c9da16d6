"""How Debezium marks a TOASTed value that an update did not change, and so is not in the WAL.

The placeholder is the text `__debezium_unavailable_value`, shaped after the column's type: text and
the like as it is, bytes in base64, arrays of text, bytes, integers and uuids as arrays, hstore as a
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
# Java's UUID.nameUUIDFromBytes: version 3 without a namespace, over MD5 by its definition.
_UUID: Final = str(uuid.UUID(bytes=hashlib.md5(_BYTES, usedforsecurity=False).digest(), version=3))

_HSTORE: Final = f'{{"{TEXT}":"{TEXT}"}}'
_SCALARS: Final = frozenset((TEXT, _BASE64, _HSTORE))
_COLLECTIONS: Final = ([TEXT], [_BASE64], list(_BYTES), [_UUID], {TEXT: TEXT})


def is_unavailable(value: object) -> bool:
    """Tell whether a decoded JSON value stands for a value that the event does not carry."""
    if isinstance(value, str):
        return value in _SCALARS
    return isinstance(value, list | dict) and value in _COLLECTIONS
