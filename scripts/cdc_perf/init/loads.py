"""The load that `inv init` proposes for each table, and what a user must fill in before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from cdc_perf.settings import toml
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.workload import DEFAULT_SEED, WORKLOAD, Changes, Workload
from cdc_perf.workload.catalog import Catalog, CatalogTable, ForeignKey
from cdc_perf.workload.derive import derive, load_faults
from cdc_perf.workload.load_plan import LoadPlan
from cdc_perf.workload.source_rows import SourceRows
from cdc_perf.workload.tables import Fault, plan_rows

_PROPOSED = Changes(insert=40, update=40, delete=20)
_UPDATE = "update"
# The only reason that there can be in a database of its own, with all rights.
_NO_UPDATE = "no column has several values whose text is the same in the sink"


@dataclass(frozen=True)
class Missing:
    """What a table needs before it can be loaded.

    Attributes:
        column: The column whose values must be filled in; empty if something else is needed.
        reason: Why.
    """

    column: str
    reason: str

    def __str__(self) -> str:
        """Return both, for a message."""
        return f"{self.column}: {self.reason}" if self.column else self.reason


@dataclass(frozen=True)
class TableLoad:
    """The load of a table.

    Attributes:
        table: Its name in SQL.
        changes: The proposed changes, which are valid if nothing is missing.
        missing: What a user must do before it can be loaded; empty if it can.
        no_update: Why it has no updates; empty if it has.
        no_delete: Why it has no deletes; empty if it has.
        parent: The table in whose inserts its rows are written; empty if it has its own.
    """

    table: str
    changes: Changes
    missing: tuple[Missing, ...] = ()
    no_update: str = ""
    no_delete: str = ""
    parent: str = ""


@dataclass(frozen=True)
class Loads:
    """The loads of all captured tables.

    Attributes:
        tables: One for each table, in the order of pipeline.toml.
        plan: The plan of those that can be loaded; None if there are none.
    """

    tables: tuple[TableLoad, ...]
    plan: LoadPlan | None


def find_loads(pipeline: Pipeline, catalog: Catalog, rows: SourceRows) -> Loads:
    """Return the load of each table of a pipeline.

    Args:
        pipeline: The pipeline.
        catalog: Its tables.
        rows: The rows of the source.
    """
    loads = _written_with_parents(pipeline, catalog, rows)
    # Each round reduces the load of a table, which may be what another table needs.
    while faults := load_faults(_active(loads), pipeline, catalog, rows):
        for name, found in faults.items():
            loads |= _reduced(loads, catalog.tables[name], found)
    active = _active(loads)
    workload = Workload(file=WORKLOAD, seed=DEFAULT_SEED, changes=active, statements={})
    plan = derive(workload, pipeline, catalog, rows).plan if active else None
    return Loads(tuple(loads.values()), plan)


def _active(loads: Mapping[str, TableLoad]) -> dict[str, Changes]:
    return {
        name: load.changes for name, load in loads.items() if not load.missing and not load.parent
    }


def _written_with_parents(
    pipeline: Pipeline, catalog: Catalog, rows: SourceRows
) -> dict[str, TableLoad]:
    """Return all loads; rows that need a new parent each are written with the parent."""
    loads = {x.table: TableLoad(x.table, _PROPOSED) for x in pipeline.tables}
    for name, load in tuple(loads.items()):
        key = _new_parent(catalog.tables[name], catalog, rows)
        parent = loads.get(key.table) if key is not None else None
        # A row that is written with another one has no rows with itself.
        if key is None or parent is None or parent.parent or load.changes.with_:
            continue
        loads[name] = TableLoad(name, Changes(), parent=parent.table)
        changes = msgspec.structs.replace(parent.changes, with_={**parent.changes.with_, name: 1})
        loads[key.table] = replace(parent, changes=changes)
        if not key.cascades:
            # Each of its rows is referred to.
            loads[key.table] = replace(
                parent,
                changes=msgspec.structs.replace(changes, delete=0),
                no_delete=f"{name} refers to each of its rows",
            )
    return loads


def _new_parent(table: CatalogTable, catalog: Catalog, rows: SourceRows) -> ForeignKey | None:
    """Return the foreign key to another table that must refer to a new row each time."""
    plan = plan_rows(
        table, Changes(insert=1), key=table.primary_key, recognized=(), catalog=catalog, rows=rows
    )
    found = (x for x in plan.references if x.name in plan.new_parents and x.table != str(table))
    return next(found, None)


def _reduced(
    loads: Mapping[str, TableLoad], table: CatalogTable, faults: tuple[Fault, ...]
) -> dict[str, TableLoad]:
    """Return the loads that change because a table cannot be loaded as proposed."""
    name = str(table)
    load = loads[name]
    if all(setting == _UPDATE for setting, _ in faults):
        changes = msgspec.structs.replace(load.changes, update=0)
        return {name: replace(load, changes=changes, no_update=_NO_UPDATE)}
    found = {name: replace(load, missing=tuple(_missing(table, faults)))}
    for child in loads.values():
        if child.parent == name:
            why = Missing("", f"is written with {name}, which is not loaded yet")
            found[child.table] = replace(child, missing=(why,))
    if load.parent:
        parent = loads[load.parent]
        left = {child: rows for child, rows in parent.changes.with_.items() if child != name}
        changes = msgspec.structs.replace(parent.changes, with_=left)
        found[load.parent] = replace(parent, changes=changes)
    return found


def _missing(table: CatalogTable, faults: tuple[Fault, ...]) -> Iterator[Missing]:
    columns = {f"columns.{toml.key(column.name)}": column.name for column in table.columns}
    referring = {column for key in table.foreign_keys for column in key.columns}
    for setting, reason in faults:
        column = columns.get(setting, "")
        if column in referring:
            # Another table must be loaded, not this column filled in.
            yield Missing("", f"{column} {reason}")
        elif column:
            yield Missing(column, reason)
        else:
            yield Missing("", f"{setting}: {reason}" if setting else reason)
