"""How each column of a table is compared, or why it is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from psycopg import sql

from cdc_perf.integrity.conversions import Conversion, conversion
from cdc_perf.stack.table_columns import TableColumn

# A value as PostgreSQL prints it; of an array a list of its elements, nested by dimension.
Printed = str | Sequence["Printed | None"] | None


class Why(StrEnum):
    """Why a column is not compared."""

    # Its form in a document is not known.
    TYPE = "type"
    # A virtual generated column, which logical replication never carries.
    VIRTUAL = "virtual"
    # A stored generated column that the publication does not carry.
    GENERATED = "generated"
    # The publication has a column list without it.
    UNPUBLISHED = "unpublished"
    # The connector leaves it out: column.exclude.list or column.include.list.
    EXCLUDED = "excluded"
    # The connector changes its values on purpose: column.mask.*, column.truncate.*.
    MASKED = "masked"


class NotCompared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that is not compared.

    Attributes:
        column: Its name.
        type: Its type, as the table declares it.
        why: Why not.
    """

    column: str
    type: str
    why: Why


@dataclass(frozen=True)
class Column:
    """A column that a document should have.

    Attributes:
        name: Its name, and the field's.
        declared: Its type as the table declares it.
        oid: The type's object identifier, below a domain.
        delimiter: What separates the elements of an array; empty for any other type.
        conversion: How its values, or an array's elements, are brought to one form; None: only
            whether there is a value is compared.
        is_money: Whether PostgreSQL prints it by the locale, and is asked for a number instead.
    """

    name: str
    declared: str
    oid: int
    delimiter: str
    conversion: Conversion | None
    is_money: bool

    @staticmethod
    def of(column: TableColumn) -> "Column":
        """Return how a column is compared."""
        return Column(
            name=column.name,
            declared=column.declared,
            oid=column.oid,
            delimiter=column.delimiter,
            conversion=conversion(column),
            is_money=column.type == "money",
        )

    @property
    def query(self) -> sql.Composable:
        """What PostgreSQL is asked for."""
        name = sql.Identifier(self.name)
        return sql.SQL("{}::numeric").format(name) if self.is_money else name

    def same(self, printed: Printed, value: object) -> bool:
        """Return whether a row's value is the document's; an absent field is a null."""
        return _same(self.conversion, printed, value)


def _same(how: Conversion | None, printed: Printed, value: object) -> bool:
    """Return whether two values are the same; one that has no form in JSON never is."""
    if printed is None or value is None:
        return printed is None and value is None
    if how is None:
        return True
    if not isinstance(printed, str):
        return (
            isinstance(value, list)
            and len(value) == len(printed)
            and all(_same(how, *pair) for pair in zip(printed, value, strict=True))
        )
    try:
        return how.of_row(printed) == how.of_document(value)
    except (ValueError, TypeError):
        return False
