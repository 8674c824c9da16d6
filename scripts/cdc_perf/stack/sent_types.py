"""The types of which Debezium sends no value: an event has no field for such a column, or null.

Measured with Debezium 3.7 (docs/types.md). It sends unknown types only on request
(`include.unknown.datatypes`).
"""

from cdc_perf.stack.table_columns import TableColumn

_UNSENT = frozenset(
    (
        *("xid", "xid8", "cid", "tid", "jsonpath", "tsquery", "pg_lsn", "pg_snapshot"),
        *("txid_snapshot", "regclass", "regtype", "regproc", "regrole", "refcursor"),
        *("cube", "ean13", "issn"),
    )
)
# Composite types and multiranges.
_UNSENT_CATEGORIES = frozenset(("c", "m"))
_RANGE = "r"
_RANGES = frozenset(("int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange"))
# Debezium sends no values of arrays of these, nor of domains, composites, and multiranges.
_UNSENT_ELEMENTS = frozenset(
    (
        *("bit", "box", "interval", "money", "name", "pg_lsn", "point", "polygon", "varbit"),
        *("xid8", "xml"),
    )
)
_SENT_ELEMENT_CATEGORIES = frozenset(("b", "e", "r"))


def is_sent(column: TableColumn) -> bool:
    """Return whether Debezium sends the values of a column, as far as its type decides."""
    if column.element:
        return (
            column.element_category in _SENT_ELEMENT_CATEGORIES
            and column.element not in _UNSENT_ELEMENTS
        )
    if column.category == _RANGE:
        return column.type in _RANGES
    return column.category not in _UNSENT_CATEGORIES and column.type not in _UNSENT
