"""The interface of a sink, the same for every kind."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Protocol

from cdc_perf.settings.pipeline import Table

# The fields of a row in the sink, by name, and its key under `_id`.
Document = dict[str, Any]
# The first offset to read of a partition, by topic and partition.
Begins = Mapping[tuple[str, int], int]


class NotSent(Enum):
    """The value of a column that no change of the read records has set."""

    VALUE = "not sent"


class TableKeys(Protocol):
    """The `_id`s of the rows of a table that are read, instead of all."""

    def batches(self) -> Iterator[Sequence[str]]:
        """Yield them in the order of their bytes, a limited number at a time."""

    def among(self, ids: Sequence[str]) -> frozenset[str]:
        """Return those that are in `ids`."""


@dataclass(frozen=True)
class Target:
    """What to read of a table in the sink.

    Attributes:
        table: The table.
        columns: The names of its columns in the source.
        keys: The rows to read; None: all.
        begins: Where the changes of these rows begin in their topic, for a sink that reads topics;
            it then does not know the values that were set before (`NotSent`). A partition that is
            not in it is read from its beginning.
    """

    table: Table
    columns: Sequence[str]
    keys: TableKeys | None = None
    begins: Begins = field(default_factory=dict)

    @property
    def names(self) -> Mapping[str, str]:
        """The names of the columns in the sink, by name in the source."""
        return {name: self.table.in_sink(name) for name in self.columns}


class SinkReader(Protocol):
    """An open connection to a sink. Every method raises NotReady if the sink does not answer."""

    def has(self, table: Table, key: str) -> bool:
        """Return whether the sink has the row with an `_id`, and not only the mark of a delete."""

    def documents(self, target: Target) -> Generator[Document]:
        """Yield the rows in the order of `_id`, compared by bytes, without marks of deletes."""


class Sink(Protocol):
    """Where the changes of a pipeline arrive.

    Attributes:
        name: Its kind, for people.
        typed: Whether it has typed columns, whose values it prints as PostgreSQL does; otherwise
            values have the forms of Debezium's JSON.
    """

    name: ClassVar[str]
    typed: ClassVar[bool]

    def server(self) -> str:
        """Return the server's name and version.

        Raises:
            NotReady: It does not answer.
        """

    def open(self) -> AbstractContextManager[SinkReader]:
        """Connect for the block."""
