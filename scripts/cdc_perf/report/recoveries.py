"""The recovery from each fault of a scenario, as a table."""

from collections.abc import Sequence

from tabulate import tabulate

from cdc_perf.faults.recovery import Measure, Recovery
from cdc_perf.reasons.figures import figure
from cdc_perf.report.rows import NOTHING, printable
from cdc_perf.settings.metrics import SLOT_RETAINED_BYTES
from cdc_perf.settings.recovery import (
    CATCH_UP,
    DETECTION,
    DUPLICATES,
    LATENCY,
    LOST,
    OUTAGE,
    STALENESS,
)

# Each measure's column.
COLUMNS = {
    DETECTION: "detected s",
    OUTAGE: "outage s",
    CATCH_UP: "caught up s",
    LATENCY: "latency back s",
    STALENESS: "staleness s",
    SLOT_RETAINED_BYTES: "slot",
    LOST: "lost",
    DUPLICATES: "duplicates",
}
_COUNTS = (LOST, DUPLICATES)
# Of a scenario that was interrupted before its data-loss check.
NO_MEASURE = Measure(None, 0)


def recoveries_text(recoveries: Sequence[Recovery]) -> str:
    """Return the table for a terminal, and what showed each fault; empty without faults."""
    if not recoveries:
        return ""
    table = tabulate(
        [recovery_cells(each) for each in recoveries],
        headers=["fault", *COLUMNS.values()],
        tablefmt="simple",
        colalign=["left", *("right" for _ in COLUMNS)],
        disable_numparse=True,
    )
    return "\n".join([table, *map(printable, map(_proof, recoveries))])


def recovery_cells(recovery: Recovery) -> list[str]:
    """Return the cells of a fault's row: its name, and each measure."""
    return [
        recovery.injection.fault,
        *(measure_text(name, recovery.measures.get(name, NO_MEASURE)) for name in COLUMNS),
    ]


def measure_text(name: str, measure: Measure) -> str:
    """Return a measure in words: `4.31`, `> 12.00`, `62.7 KiB`, `-` without a value."""
    if measure.value is None:
        return NOTHING
    if name == SLOT_RETAINED_BYTES:
        return figure(measure.value, "B")
    text = f"{measure.value:,.0f}" if name in _COUNTS else f"{measure.value:,.2f}"
    return f"{'> ' if measure.at_least else ''}{text}"


def _proof(recovery: Recovery) -> str:
    injection = recovery.injection
    detected = recovery.measures.get(DETECTION, NO_MEASURE).value is not None
    signal = f"; detected: {injection.signal}" if detected else "; no signal showed it"
    return f"{injection.fault}: {injection.proof}{signal}"
