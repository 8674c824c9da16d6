"""What `inv init` found, as text."""

from collections.abc import Mapping

from tabulate import tabulate

from cdc_perf.init.loads import TableLoad
from cdc_perf.init.proposal import Proposal
from cdc_perf.init.schema import refusals
from cdc_perf.init.source import Source, closed_schemas
from cdc_perf.init.tables import TableFinding, find_publication, find_slot
from cdc_perf.settings.workload import OPERATIONS

_NOTHING = "-"


def summary(source: Source, proposal: Proposal) -> str:
    """Return a line for each table, the publication and the slot, and what is left out."""
    loads = {load.table: load for load in proposal.loads}
    rows = [
        (
            str(each.name),
            _NOTHING if each.rows < 0 else f"{each.rows:,.0f}",
            ", ".join(each.key) or _NOTHING,
            _load(each, loads),
        )
        for each in proposal.tables
    ]
    table = tabulate(
        rows,
        headers=["table", "rows", "key", "load"],
        colalign=["left", "right", "left", "left"],
        disable_numparse=True,
    )
    lines = [table, *closed_schemas(source)]
    lines += ["", _publication(source, proposal), _slot(source, proposal)]
    missing = [f"  {load.table}: {each}" for load in proposal.loads for each in load.missing]
    if missing:
        lines += ["", "Before these tables can be loaded, edit workload.toml:", *missing]
    if proposal.refused:
        lines += ["", "schema.sql leaves out what the embedded PostgreSQL refuses:"]
        lines += [f"  {each}" for each in refusals(proposal.refused)]
    return "\n".join(lines)


def _publication(source: Source, proposal: Proposal) -> str:
    found = find_publication(source)
    if found is None:
        name = proposal.postgres.publication
        return f"publication: none has inserts, updates, and deletes; pipeline.toml names {name}"
    return f"publication: {found.name}, of {len(found.tables)} tables"


def _slot(source: Source, proposal: Proposal) -> str:
    found = find_slot(source)
    if found is None:
        return f"slot: none for pgoutput; pipeline.toml names {proposal.postgres.slot}"
    return f"slot: {found.name}, {'active' if found.active else 'inactive'}"


def _load(finding: TableFinding, loads: Mapping[str, TableLoad]) -> str:
    load = loads.get(str(finding.name))
    if load is None:
        return f"not captured: {finding.why}"
    if load.missing:
        columns = [each.column for each in load.missing if each.column]
        return f"fill in {', '.join(columns)}" if columns else "see below"
    if load.parent:
        return f"with {load.parent}"
    made = ", ".join(name for name in OPERATIONS if load.changes.weight(name))
    reasons = [x for x in (load.no_update, load.no_delete) if x]
    return f"{made} ({'; '.join(reasons)})" if reasons else made
