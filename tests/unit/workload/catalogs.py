"""Tables as a catalog describes them, written by hand."""

from collections.abc import Mapping

from cdc_perf.settings.table_name import TableName
from cdc_perf.stack.checks.relation import Relation, UniqueIndex
from cdc_perf.stack.table_columns import GeneratedColumn, TableColumn
from cdc_perf.workload.catalog import (
    Catalog,
    CatalogColumn,
    CatalogTable,
    Constraint,
    ForeignKey,
    Publication,
)

_HEADER = 4
_ALL = frozenset(("SELECT", "INSERT", "UPDATE", "DELETE"))


def numeric(precision: int, scale: int) -> int:
    """Return the modifier of numeric(precision, scale)."""
    return (precision << 16 | scale & 0x7FF) + _HEADER


def column(  # noqa: PLR0913 - what the catalog says of a column
    name: str,
    kind: str = "text",
    *,
    modifier: int = -1,
    not_null: bool = False,
    default: str = "",
    identity: str = "",
    generated: bool = False,
    labels: tuple[str, ...] = (),
    element: str = "",
    checks: tuple[str, ...] = (),
) -> CatalogColumn:
    return CatalogColumn(
        TableColumn(
            name=name,
            declared=f"{element}[]" if element else kind,
            is_domain=bool(checks),
            oid=1,
            type=f"_{element}" if element else kind,
            category="e" if labels and not element else "b",
            element=element,
            element_category="e" if labels and element else "",
            delimiter=",",
            modifier=modifier,
            generated=GeneratedColumn.STORED if generated else GeneratedColumn.NO,
            toastable=False,
        ),
        not_null=not_null,
        default=default,
        identity=identity,
        labels=labels,
        domain_checks=tuple(Constraint(f"d{at}", text) for at, text in enumerate(checks)),
    )


def table(  # noqa: PLR0913 - what the catalog says of a table
    name: str,
    *columns: CatalogColumn,
    key: tuple[str, ...] = ("id",),
    unique: tuple[tuple[str, ...], ...] = (),
    checks: Mapping[str, str] | None = None,
    keys: tuple[ForeignKey, ...] = (),
    kind: str = "r",
    privileges: frozenset[str] = _ALL,
    partition_key: str = "",
    partitions: tuple[str, ...] = (),
) -> CatalogTable:
    """Return a table; `checks` has the columns of each constraint, with spaces, by its text."""
    primary = (index(*key, primary=True),) if key else ()
    not_null = frozenset(key) | {each.name for each in columns if each.not_null}
    relation = Relation(
        kind,
        "p",
        "d" if key else "f",
        tuple(each.name for each in columns),
        not_null,
        (*primary, *(index(*each) for each in unique)),
    )
    return CatalogTable(
        name=TableName.parse(name),
        relation=relation,
        columns=columns,
        checks=tuple(
            Constraint(f"c{at}", text, tuple(names.split()))
            for at, (text, names) in enumerate((checks or {}).items())
        ),
        foreign_keys=keys,
        privileges=privileges,
        partition_key=partition_key,
        partitions=partitions,
    )


def index(*columns: str, primary: bool = False) -> UniqueIndex:
    return UniqueIndex(
        "_".join(columns), columns, primary=primary, identity=False, immediate=True, plain=True
    )


def catalog(*tables: CatalogTable, publications: tuple[Publication, ...] = ()) -> Catalog:
    return Catalog({str(each): each for each in tables}, publications)


class Rows:
    """The rows of a source: the highest number in each column, and the tables without a row."""

    def __init__(self, highest: int | None = 0, empty: frozenset[str] = frozenset()) -> None:
        self._highest = highest
        self._empty = empty

    def highest(self, _table: str, _column: str) -> int | None:
        return self._highest

    def has_rows(self, table: str) -> bool:
        return table not in self._empty
