"""How each column of a table is compared, or why it is not compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

import msgspec
from psycopg import sql

from cdc_perf.integrity.conversions import Conversion, conversion, numeric_text
from cdc_perf.stack.printing import NUMERIC_OID
from cdc_perf.stack.table_columns import TableColumn

# A value as PostgreSQL prints it; an array is a list of its elements, nested by dimension.
Printed = str | Sequence["Printed | None"] | None


class Why(StrEnum):
    """Why a column is not compared."""

    # The form of its values in a document is unknown.
    TYPE = "type"
    # A virtual generated column: logical replication never publishes it.
    VIRTUAL = "virtual"
    # A stored generated column that the publication does not publish.
    GENERATED = "generated"
    # The publication has a column list without this column.
    UNPUBLISHED = "unpublished"
    # The connector omits it: column.exclude.list or column.include.list.
    EXCLUDED = "excluded"
    # The connector changes its values on purpose: column.mask.*, column.truncate.*.
    MASKED = "masked"
    # pipeline.toml lists it in not_compared.
    DECLARED = "declared"


class NotCompared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that is not compared.

    Attributes:
        column: Its name.
        type: Its type, as the table declares it.
        why: The reason.
    """

    column: str
    type: str
    why: Why


@dataclass(frozen=True)
class Column:
    """A column that a document should have.

    Attributes:
        name: The name of the column and of the field.
        declared: Its type as the table declares it.
        oid: The object identifier of the type, or of a domain's base type.
        delimiter: The separator of an array's elements, or "" if the type is not an array.
        conversion: How its values, or an array's elements, are converted to a common form. None:
            only compare whether there is a value.
        is_money: Whether the type is `money`. PostgreSQL prints it in the locale's format, so the
            query casts it to a number.
    """

    name: str
    declared: str
    oid: int
    delimiter: str
    conversion: Conversion | None
    is_money: bool

    @staticmethod
    def of(column: TableColumn) -> "Column":
        """Return how to compare a column."""
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
        """The SQL expression that selects the column."""
        name = sql.Identifier(self.name)
        return sql.SQL("{}::numeric").format(name) if self.is_money else name

    @property
    def printed_type(self) -> tuple[int, str]:
        """The object identifier of the type in the query's result, and an array's separator."""
        return NUMERIC_OID if self.is_money else self.oid, self.delimiter

    def same_printed(self, printed: Printed, value: Printed) -> bool:
        """Return whether the row's value equals that of a sink that prints values alike."""
        return _same_printed(self.conversion, printed, value)

    def same(self, printed: Printed, value: object) -> bool:
        """Return whether the row's value equals the document's. An absent field equals a null."""
        return _same(self.conversion, printed, value)


def _same_printed(how: Conversion | None, printed: Printed, value: Printed) -> bool:
    """Return whether two printed values are equal, whatever the types of the two columns.

    The sink's column may have another type, such as a numeric of another scale or a text.
    """
    if printed == value or printed is None or value is None:
        return printed == value
    if isinstance(printed, str) != isinstance(value, str):
        return False
    if not isinstance(printed, str) or not isinstance(value, str):
        return len(printed) == len(value) and all(
            _same_printed(how, *pair) for pair in zip(printed, value, strict=True)
        )
    try:
        if how is not None and how.of_row is numeric_text:
            return Decimal(printed) == Decimal(value)
        return how is not None and how.of_row(printed) == how.of_row(value)
    except (ValueError, TypeError, InvalidOperation):
        return False


def _same(how: Conversion | None, printed: Printed, value: object) -> bool:
    """Return whether two values are equal. A value without a form in JSON never is."""
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
