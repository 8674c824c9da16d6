"""Keys and other unique columns: which column makes a row unique, and by which values."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cdc_perf.settings.workload import ColumnRule
from cdc_perf.workload.catalog import CatalogColumn, CatalogTable, ForeignKey
from cdc_perf.workload.constraints import Rule
from cdc_perf.workload.limits import (
    DATES,
    TEXTS,
    NoGenerator,
    length_limits,
    limits_of,
)
from cdc_perf.workload.load_plan import Unique
from cdc_perf.workload.source_rows import SourceRows, microseconds

# A default that calls a function, such as gen_random_uuid(), and is no constant.
_CALL = re.compile(r'(?:(?:[\w$]+|"(?:[^"]|"")+")\.)?(?:[\w$]+|"(?:[^"]|"")+")\(')
# In this order. A smallint has too few values.
_PREFERRED = ("int8", "int4", "text", "varchar", "citext", "bpchar", "numeric")
# Random letters and digits: 36^10 texts.
_FEWEST_CHARACTERS = 10
_MOST_CHARACTERS = 20
# A load must be able to number this many rows.
_FEWEST_NUMBERS = 10_000_000


@dataclass(frozen=True)
class UniqueParts:
    """What makes the rows of a table unique.

    Attributes:
        columns: The columns that get a new value in each row.
        keys: The names of the foreign keys that must refer to a new row each time.
        faults: The groups of columns for which there is neither.
    """

    columns: tuple[str, ...]
    keys: frozenset[str]
    faults: tuple[tuple[str, ...], ...]


def unique_parts(
    table: CatalogTable,
    key: Sequence[str],
    rules: Mapping[str, ColumnRule],
    references: Sequence[ForeignKey],
) -> UniqueParts:
    """Return what makes the rows of a table unique, in its key and its unique indexes.

    Args:
        table: The table.
        key: Its key.
        rules: What the user sets, by column.
        references: The foreign keys that an insert fills in.
    """
    columns: list[str] = []
    keys: set[str] = set()
    faults: list[tuple[str, ...]] = []
    referenced = {column for each in references for column in each.columns}
    for group in _groups(table, key):
        found = [table.column(name) for name in group]
        known = [column for column in found if column is not None]
        if any(
            x.name in columns or _is_new(x, rules.get(x.name), referenced) for x in known
        ) or any(each.name in keys and set(each.columns) <= set(group) for each in references):
            continue
        free = [x for x in known if _is_free(x, rules.get(x.name), referenced)]
        best = min((x for x in free if may_be_unique(x)), key=_preference, default=None)
        inside = [each for each in references if set(each.columns) <= set(group)]
        if best is not None:
            columns.append(best.name)
        elif inside:
            keys.add(inside[0].name)
        elif tuple(group) == tuple(key) or all(x.not_null for x in known):
            faults.append(tuple(group))
    return UniqueParts(tuple(columns), frozenset(keys), tuple(faults))


def _groups(table: CatalogTable, key: Sequence[str]) -> Iterator[Sequence[str]]:
    yield key
    for index in table.relation.indexes:
        # An index on expressions has columns without a name, or none.
        if index.columns and not index.primary:
            yield index.columns


def _is_new(column: CatalogColumn, rule: ColumnRule | None, referenced: Collection[str]) -> bool:
    """Return whether each row gets a new value anyway: from PostgreSQL, its type, or the user."""
    if column.name in referenced:
        return False
    if rule is not None and rule.has_generator:
        return rule.sequence is not None or rule.sql is not None
    if column.is_numbered or column.column.type == "uuid":
        return True
    # All rows of a transaction have the same now().
    return column.column.type not in DATES and _CALL.match(column.default) is not None


def _is_free(column: CatalogColumn, rule: ColumnRule | None, referenced: Collection[str]) -> bool:
    """Return whether the derivation decides the values of a column."""
    is_set = rule is not None and rule.has_generator
    return column.name not in referenced and not is_set and not column.is_generated


def may_be_unique(column: CatalogColumn) -> bool:
    """Return whether there are enough values for a load, as far as the type decides."""
    if column.column.element or column.column.type not in _PREFERRED:
        return False
    if column.column.type in TEXTS:
        return length_limits(column, ())[1] >= _FEWEST_CHARACTERS
    if column.column.type == "numeric":
        limits = limits_of(column, ())
        return limits.high is None or limits.high > _FEWEST_NUMBERS
    return True


def _preference(column: CatalogColumn) -> tuple[bool, int]:
    # A column with a constant as its default rarely identifies rows.
    return bool(column.default), _PREFERRED.index(column.column.type)


def unique_generator(
    table: CatalogTable, column: CatalogColumn, rules: Sequence[Rule], rows: SourceRows
) -> Unique:
    """Return the generator of new values for a column for which `may_be_unique` holds.

    Raises:
        NoGenerator: The constraints leave too few values, or the highest one cannot be found.
    """
    if any(rule.operator in {"in", "="} for rule in rules if not rule.of_length):
        raise NoGenerator("must be unique, but a constraint lists its values")
    if column.column.type in TEXTS:
        least, most = length_limits(column, rules)
        length = max(least, min(_MOST_CHARACTERS, most))
        if not least <= length <= most or length < _FEWEST_CHARACTERS:
            raise NoGenerator("must be unique, but a constraint leaves too few texts")
        return Unique("text", bytes=length)
    limits = limits_of(column, [rule for rule in rules if rule.operator != "<>"])
    highest = rows.highest(str(table), column.name)
    if highest is None and column.column.type != "int8":
        raise NoGenerator(
            "must be unique, but its highest value cannot be found in time: create an index on it"
        )
    start = microseconds() if highest is None else highest + 1
    start = max(start, int(limits.low or 1), 1)
    if limits.high is not None and limits.high - start < _FEWEST_NUMBERS:
        raise NoGenerator(
            f"must be unique, but only {max(0, int(limits.high) - start + 1):,} numbers are left "
            f"above its highest value {start - 1}"
        )
    return Unique("integer", start=start)
