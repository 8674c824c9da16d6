"""The plan that k6 executes: what to write, and what a virtual user waits for.

k6/extension reads it as JSON. Values are texts that PostgreSQL parses, so that k6 needs to know no
types.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

VERSION = 1


class _Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of the plan; what has its default is left out."""


class Choice(_Part, frozen=True, tag_field="kind", tag="choice"):
    """One of some values; all are equally frequent, or as often as the weights say."""

    values: tuple[str, ...]
    weights: tuple[float, ...] = ()


class Range(_Part, frozen=True, tag_field="kind", tag="range", omit_defaults=False):
    """A value from `min` to `max`, both included, of a step that `of` implies.

    Attributes:
        min: The lowest value.
        max: The highest value.
        of: integer, decimal (`scale` digits), float, date, or timestamp (with microseconds).
        scale: The digits after the point of a decimal.
    """

    min: str
    max: str
    of: Literal["integer", "decimal", "float", "date", "timestamp"]
    scale: int = 0


class Text(_Part, frozen=True, tag_field="kind", tag="text"):
    """A text of `bytes` bytes, in ASCII."""

    bytes: int


class SequenceText(_Part, frozen=True, tag_field="kind", tag="sequence"):
    """A text in which `{}` is a number that is new in every run."""

    format: str


class Json(_Part, frozen=True, tag_field="kind", tag="json"):
    """A JSON object of about `bytes` bytes."""

    bytes: int


class Sql(_Part, frozen=True, tag_field="kind", tag="sql"):
    """An SQL expression, evaluated by PostgreSQL."""

    sql: str


class Uuid(_Part, frozen=True, tag_field="kind", tag="uuid"):
    """A random UUID, new in every run."""


class Unique(_Part, frozen=True, tag_field="kind", tag="unique"):
    """A value that no row has.

    Attributes:
        of: integer, or text.
        start: The first integer; no row has it or a higher one.
        bytes: The length of a text.
    """

    of: Literal["integer", "text"]
    start: int = 0
    bytes: int = 0


class Boolean(_Part, frozen=True, tag_field="kind", tag="boolean"):
    """True or false."""


class Bytes(_Part, frozen=True, tag_field="kind", tag="bytes"):
    """Random bytes, `bytes` of them, in PostgreSQL's hexadecimal form."""

    bytes: int


class Array(_Part, frozen=True, tag_field="kind", tag="array"):
    """An array of `length` values."""

    of: "Choice | Range | Text | Json | Uuid | Boolean | Bytes"
    length: int


Element = Choice | Range | Text | Json | Uuid | Boolean | Bytes
Generator = Element | SequenceText | Sql | Unique | Array


class Column(_Part, frozen=True):
    """A column that an insert gives, and its values.

    Attributes:
        name: Its name.
        generator: Its values.
        nulls: The share of nulls.
    """

    name: str
    generator: Generator
    nulls: float = 0.0


class Reference(_Part, frozen=True, omit_defaults=False):
    """A foreign key: the columns get the values of a row of another table.

    Attributes:
        columns: The columns.
        table: The table that they refer to, as in `LoadPlan.tables`.
        to: The columns there, in the order of `columns`.
        nullable: Whether they may be null instead.
        cascades: Whether the deletion of the other row deletes this one.
        existing: Whether they refer to rows that are there before the load, not to rows that the
            virtual user made.
    """

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]
    nullable: bool
    cascades: bool
    existing: bool


class TablePlan(_Part, frozen=True, omit_defaults=False):
    """How rows of a table are made and recognized.

    Attributes:
        relation: The table, quoted for SQL.
        id: The SQL expression of the text that identifies a row in the sink.
        key: The columns of its key.
        columns: The columns that an insert gives; the others have their default.
        references: The columns that an insert takes from rows of other tables.
        recognized: The columns whose text is the same in the sink.
        updates: The columns that an update sets, each of which is one of `columns`.
    """

    relation: str
    id: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    references: tuple[Reference, ...]
    recognized: tuple[str, ...]
    updates: tuple[str, ...]


class With(_Part, frozen=True):
    """Rows of a child table in the transaction that inserts their parent."""

    table: str
    rows: int


class KeyParameter(_Part, frozen=True):
    """A parameter of a statement: a key column of one of the virtual user's rows."""

    key: str


class ValueParameter(_Part, frozen=True):
    """A parameter of a statement: a new value."""

    generator: Generator


class Change(_Part, frozen=True, omit_defaults=False):
    """A change that a virtual user makes.

    Attributes:
        name: Its name in the metrics: insert, update, delete, or that of a custom statement.
        operation: Its effect on the table: insert, update, or delete.
        table: The table of the row whose arrival is awaited.
        weight: How often it is made, in proportion to the others. An insert of weight 0 only makes
            the rows that other changes need.
        rows: The rows of one transaction.
        with_: Rows of child tables in the same transaction.
        keys: Which of its rows a virtual user takes: uniform, zipf, or latest.
        sql: A custom statement; empty if there is none. That of an insert returns the key.
        parameters: The values of `$1`, `$2`, ... in `sql`.
    """

    name: str
    operation: Literal["insert", "update", "delete"]
    table: str
    weight: int
    rows: int = 1
    with_: tuple[With, ...] = msgspec.field(default=(), name="with")
    keys: Literal["uniform", "zipf", "latest"] = "uniform"
    sql: str = ""
    parameters: tuple[KeyParameter | ValueParameter, ...] = ()


class LoadPlan(_Part, frozen=True, omit_defaults=False):
    """The load of a scenario.

    Attributes:
        version: The version of this form.
        seed: The seed of all values, except keys.
        tables: The tables that it writes to or refers to, by their names in SQL.
        changes: What a virtual user does.
    """

    version: int
    seed: int
    tables: Mapping[str, TablePlan]
    changes: Sequence[Change]
