"""The foreign keys of a table: to whose rows the virtual user's rows refer."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cdc_perf.workload.catalog import Catalog, CatalogTable, ForeignKey


@dataclass(frozen=True)
class Referring:
    """The foreign keys that an insert must fill in.

    Attributes:
        keys: The foreign keys.
        faults: Why others cannot be filled in, by column.
    """

    keys: tuple[ForeignKey, ...]
    faults: Mapping[str, str]


def referring(table: CatalogTable, given: Collection[str], catalog: Catalog) -> Referring:
    """Return the foreign keys of a table that the user does not fill in.

    Args:
        table: The table.
        given: The columns that the user fills in.
        catalog: The tables.
    """
    faults: dict[str, str] = {}
    keys: list[ForeignKey] = []
    for key in _independent(table.foreign_keys, catalog):
        filled = [column for column in key.columns if column in given]
        if len(filled) == len(key.columns):
            continue
        missing = next(column for column in key.columns if column not in given)
        if filled:
            faults[missing] = (
                f"is a part of the foreign key {key.name}, like {', '.join(filled)}: fill in all "
                "columns of it, or none"
            )
        else:
            keys.append(key)
    return Referring(tuple(keys), faults)


def _independent(keys: Sequence[ForeignKey], catalog: Catalog) -> Iterator[ForeignKey]:
    """Yield the keys that do not follow from another one.

    `tenant_id` refers to a tenant, and (`tenant_id`, `user_id`) to a user of that tenant: the
    values of the second key satisfy the first.
    """
    for key in keys:
        others = (other for other in keys if other is not key)
        if not any(_follows(key, other, catalog) for other in others):
            yield key


def _follows(key: ForeignKey, other: ForeignKey, catalog: Catalog) -> bool:
    """Return whether the row of `other` has a foreign key that makes `key` hold."""
    parent = catalog.tables.get(other.table)
    if parent is None or not set(key.columns) < set(other.columns):
        return False
    names = dict(zip(other.columns, other.to, strict=True))
    columns = {names[column]: to for column, to in zip(key.columns, key.to, strict=True)}
    return any(
        each.table == key.table and dict(zip(each.columns, each.to, strict=True)) == columns
        for each in parent.foreign_keys
    )
