"""The load as a user describes it: workload.toml, parsed strictly."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from math import isfinite
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from cdc_perf.errors import UsageFailure
from cdc_perf.settings import toml
from cdc_perf.settings.files import read_toml, typed
from cdc_perf.settings.names import nearest
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.table_name import TableName

T = TypeVar("T")
WORKLOAD = "workload.toml"
DEFAULT_SEED = 1
Operation = Literal["insert", "update", "delete"]
OPERATIONS: tuple[Operation, ...] = ("insert", "update", "delete")
Keys = Literal["uniform", "zipf", "latest"]
Scalar = str | int | float | bool
# An operation has this many cards in a deck of changes (k6/extension/workload_deck.go).
Weight = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Rows = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Length = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
JsonLength = Annotated[int, msgspec.Meta(ge=10, le=1_000_000)]
# JSON numbers up to there are exact in every language.
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Name = Annotated[str, msgspec.Meta(min_length=1)]
# k6 chooses among numbers of 64 bits.
HIGHEST = 2**63 - 1
# It is a tag of k6's metrics.
_STATEMENT = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section; unknown settings are errors."""


class ColumnRule(_Section, frozen=True):
    """The values of a column: one of these, and the share of nulls.

    Attributes:
        range: The lowest and the highest value: numbers, dates, or timestamps.
        choice: Some values; or their weights, by value.
        text: The bytes of a text.
        sequence: A text in which `{}` is a number that is new in every run.
        json: About how many bytes a JSON object has.
        sql: An SQL expression.
        nulls: The share of nulls, from 0 to 1.
    """

    range: tuple[int | float | str, int | float | str] | None = None
    choice: tuple[Scalar, ...] | Mapping[str, float] | None = None
    text: Length | None = None
    sequence: Name | None = None
    json: JsonLength | None = None
    sql: Name | None = None
    nulls: Share | None = None

    def __post_init__(self) -> None:
        """Check what the types cannot.

        Raises:
            ValueError: Two generators are given, or one is malformed.
        """
        given = [name for name in _GENERATORS if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"has {' and '.join(given)}; use one of them")
        if not given and self.nulls is None:
            raise ValueError(f"is empty; set one of {', '.join((*_GENERATORS, 'nulls'))}")
        if self.sequence is not None and "{}" not in self.sequence:
            raise ValueError("sequence: has no {}, which becomes a number")
        _check_choice(self.choice)
        _check_range(self.range)

    @property
    def has_generator(self) -> bool:
        """Whether it sets more than the share of nulls."""
        return any(getattr(self, name) is not None for name in _GENERATORS)


_GENERATORS = ("range", "choice", "text", "sequence", "json", "sql")


class Changes(_Section, frozen=True, rename={"with_": "with"}):
    """How the rows of a table are changed.

    Attributes:
        insert: The weight of inserts among all changes.
        update: The weight of updates.
        delete: The weight of deletes.
        rows: The rows that one transaction inserts.
        with_: Rows of child tables, by table, that the transaction inserts for each row.
        set: The columns that an update sets; empty: derived.
        keys: Which of its own rows a virtual user updates or deletes.
        columns: The values of columns, by name; the others are derived.
    """

    insert: Weight = 0
    update: Weight = 0
    delete: Weight = 0
    rows: Rows = 1
    with_: Mapping[str, Rows] = {}
    set: tuple[Name, ...] = ()
    keys: Keys = "uniform"
    columns: Mapping[str, ColumnRule] = {}

    def __post_init__(self) -> None:
        """Check what the types cannot.

        Raises:
            ValueError: A column is in `set` twice.
        """
        for name in self.set:
            if self.set.count(name) > 1:
                raise ValueError(f"set: has {name} twice")

    def weight(self, operation: str) -> int:
        """Return the weight of an operation."""
        return int(getattr(self, operation))


class Statement(_Section, frozen=True):
    """A custom statement.

    Attributes:
        weight: Its weight among all changes.
        table: The table of the row that it changes, whose arrival is awaited.
        operation: Its effect on that table.
        sql: The statement; `:name` is a key column of the virtual user's row, or a name in
            `values`.
        keys: Which of its own rows a virtual user takes.
        values: The values of the names in `sql`.
    """

    weight: Weight
    table: Name
    operation: Operation
    sql: Name
    keys: Keys = "uniform"
    values: Mapping[str, ColumnRule] = {}


@dataclass(frozen=True)
class Workload:
    """The content of a workload file.

    Attributes:
        file: The file's name for error messages; empty if there is none.
        seed: The seed of the values.
        changes: The changes of each table, by its name in SQL; None: one insert for each table.
        statements: Custom statements, by name.
    """

    file: str
    seed: int
    changes: Mapping[str, Changes] | None
    statements: Mapping[str, Statement]


NO_FILE = Workload(file="", seed=DEFAULT_SEED, changes=None, statements={})


def workload_file(checkout: Checkout, pipeline: Pipeline, name: str = "") -> Path | None:
    """Return the file of a workload; None if there is none and none is named.

    Args:
        checkout: The folder of the pipeline.
        pipeline: The pipeline, which may name its workload.
        name: The workload that a scenario names, relative to the folder; empty: the pipeline's.
    """
    named = name or pipeline.workload
    path = checkout.pipeline / (named or WORKLOAD)
    return path if named or path.is_file() else None


def load_workload(checkout: Checkout, pipeline: Pipeline, name: str = "") -> Workload:
    """Return the workload of a pipeline, or of a scenario.

    Args:
        checkout: The folder of the pipeline.
        pipeline: The pipeline, which may name its workload.
        name: The workload that a scenario names, relative to the folder; empty: the pipeline's.

    Raises:
        UsageFailure: The file is missing or wrong; the message has one line for each fault.
    """
    path = workload_file(checkout, pipeline, name)
    return NO_FILE if path is None else read_workload(path)


def read_workload(path: Path) -> Workload:
    """Return the content of a workload file.

    Raises:
        UsageFailure: The file is missing or wrong; the message has one line for each fault.
    """
    return _Reader(path.name).workload(_plain(read_toml(path)))


class _Reader:
    """Reads the parts of a file one by one, and collects the faults of all."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._faults: list[str] = []

    def workload(self, content: Mapping[str, object]) -> Workload:
        """Return the whole.

        Raises:
            UsageFailure: There are faults.
        """
        known = ("seed", "changes", "statements")
        for name in content:
            if name not in known:
                self._add(name, f"is not a known setting; {nearest(name, known)}")
        seed = self._part(content.get("seed", DEFAULT_SEED), Seed, "seed")
        changes = dict(self._changes(self._sections(content, "changes")))
        statements = dict(self._statements(self._sections(content, "statements")))
        weights = [each.weight(verb) for each in changes.values() for verb in OPERATIONS]
        weights += [each.weight for each in statements.values()]
        if not self._faults and not any(weights):
            self._faults.append(
                f"{self._file}: every weight is 0; set insert, update, or delete of a table"
            )
        if self._faults:
            raise UsageFailure("\n".join(self._faults))
        return Workload(self._file, seed or 0, changes, statements)

    def _changes(self, tables: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[str, Changes]]:
        first: dict[str, str] = {}
        for name, entry in tables.items():
            place = f"changes.{toml.key(name)}"
            if entry and "." not in name and all(isinstance(x, dict) for x in entry.values()):
                # TOML reads [changes.shop.orders] as a table in a table.
                self._add(place, f'quote the table: [changes."{name}.{next(iter(entry))}"]')
                continue
            table = self._table(place, name)
            if first.setdefault(table, name) != name:
                self._add(place, f"is the same table as {toml.key(first[table])}")
            rules = self._rules(entry, "columns", place)
            children = dict(self._children(entry, place))
            found = self._part({**entry, "columns": {}, "with": {}}, Changes, place)
            if found is not None:
                yield table, msgspec.structs.replace(found, columns=rules, with_=children)

    def _children(self, entry: Mapping[str, object], place: str) -> Iterator[tuple[str, int]]:
        where = f"{place}.with"
        given = self._part(entry.get("with", {}), dict[str, object], where) or {}
        for name, content in given.items():
            rows = self._part(content, Rows, f"{where}.{toml.key(name)}")
            table = self._table(where, name)
            if rows is not None:
                yield table, rows

    def _statements(
        self, named: Mapping[str, Mapping[str, object]]
    ) -> Iterator[tuple[str, Statement]]:
        for name, entry in named.items():
            place = f"statements.{toml.key(name)}"
            if not _STATEMENT.fullmatch(name) or name in OPERATIONS:
                self._add(
                    place,
                    "is not a valid name; use lowercase letters, digits, - and _, and none of "
                    + ", ".join(OPERATIONS),
                )
            rules = self._rules(entry, "values", place)
            found = self._part({**entry, "values": {}}, Statement, place)
            if found is not None:
                table = self._table(f"{place}.table", found.table)
                yield name, msgspec.structs.replace(found, table=table, values=rules)

    def _rules(
        self, entry: Mapping[str, object], setting: str, place: str
    ) -> dict[str, ColumnRule]:
        where = f"{place}.{setting}"
        given = self._part(entry.get(setting, {}), dict[str, object], where) or {}
        found = {
            name: self._part(content, ColumnRule, f"{where}.{toml.key(name)}")
            for name, content in given.items()
        }
        return {name: rule for name, rule in found.items() if rule is not None}

    def _sections(
        self, content: Mapping[str, object], name: str
    ) -> Mapping[str, Mapping[str, object]]:
        given = self._part(content.get(name, {}), dict[str, object], name) or {}
        found = {
            each: self._part(entry, dict[str, object], f"{name}.{toml.key(each)}")
            for each, entry in given.items()
        }
        return {each: entry for each, entry in found.items() if entry is not None}

    def _part(self, content: object, kind: type[T], place: str) -> T | None:
        try:
            return typed(content, kind, file=self._file, place=place)
        except UsageFailure as failure:
            self._faults.append(failure.message)
            return None

    def _table(self, place: str, text: str) -> str:
        """Return a table's name in one spelling."""
        try:
            return str(TableName.parse(text))
        except ValueError as fault:
            self._add(place, str(fault))
            return text

    def _add(self, place: str, fault: str) -> None:
        self._faults.append(f"{self._file}: {place}: {fault}")


def _plain(content: object) -> dict[str, object]:
    """Return the content with dates and times as texts, as JSON has them."""
    found = _without_dates(content)
    return found if isinstance(found, dict) else {}


def _without_dates(content: object) -> object:
    match content:
        case dict():
            return {name: _without_dates(value) for name, value in content.items()}
        case list():
            return [_without_dates(value) for value in content]
        case datetime() | date() | time():
            return str(content)
        case _:
            return content


def _check_choice(choice: tuple[Scalar, ...] | Mapping[str, float] | None) -> None:
    if choice is None:
        return
    if not choice:
        raise ValueError("choice: is empty")
    if isinstance(choice, Mapping):
        if not all(isfinite(weight) for weight in choice.values()):
            raise ValueError("choice: a weight is not a finite number")
        if any(weight < 0 for weight in choice.values()):
            raise ValueError("choice: a weight is below 0")
        if not any(choice.values()):
            raise ValueError("choice: every weight is 0")


def _check_range(limits: tuple[int | float | str, int | float | str] | None) -> None:
    if limits is None:
        return
    low, high = limits
    if isinstance(low, str) != isinstance(high, str):
        raise ValueError("range: has a number and a text")
    if isinstance(low, str) or isinstance(high, str):
        try:
            ordered = moment(str(low)) <= moment(str(high))
        except ValueError:
            raise ValueError(
                'range: is neither two numbers nor two dates or timestamps ("2024-01-01")'
            ) from None
    else:
        for limit in (low, high):
            if not -HIGHEST <= limit <= HIGHEST:
                raise ValueError(f"range: {limit} is not a number of 64 bits")
        ordered = low <= high
    if not ordered:
        raise ValueError(f"range: {low} is above {high}")


def moment(text: str) -> datetime:
    """Return a date or a timestamp, without its time zone.

    Raises:
        ValueError: The text is neither.
    """
    return datetime.fromisoformat(text).replace(tzinfo=None)
