"""What `inv init` found, as text."""

from tabulate import tabulate

from cdc_perf.init.proposal import Proposal
from cdc_perf.init.source import Source

_NOTHING = "-"


def summary(source: Source, proposal: Proposal) -> str:
    """Return a line for each table, then what schema.sql leaves out."""
    rows = [
        (
            str(each.name),
            _NOTHING if each.rows < 0 else f"{each.rows:,.0f}",
            ", ".join(each.key) or _NOTHING,
            each.why and f"left out: {each.why}",
        )
        for each in proposal.tables
    ]
    table = tabulate(
        rows,
        headers=["table", "rows", "key", "load"],
        colalign=["left", "right", "left", "left"],
        disable_numparse=True,
    )
    lines = [table]
    if proposal.refused:
        lines += ["", "schema.sql leaves out what the embedded PostgreSQL refuses:"]
        lines += [f"  {each}" for each in proposal.refused]
    return "\n".join(lines)
