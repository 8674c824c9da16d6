"""What went wrong before the part of a breakpoint that is judged: in its ramp and its holds."""

from collections.abc import Sequence

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.records import Integrity
from cdc_perf.verdict.evidence import EarlierPart
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate
from cdc_perf.verdict.integrity_gates import (
    dead_letters_gate,
    drain_gate,
    events_gate,
    rows_gate,
)
from cdc_perf.verdict.verdict import worst
from cdc_perf.wording import counted


def earlier_gate(earlier: Sequence[EarlierPart]) -> Gate | None:
    """Nothing was lost and nothing threw before the part that is judged; None if that is all.

    A rate may be too high for the pipeline: then it is slow. It may not lose what it took.
    """
    if not earlier:
        return None
    name, limit = "earlier_parts", "nothing is lost in the ramp or an earlier hold"
    observed = ", ".join(_observed(each) for each in earlier)
    shut = [(each.name, gate) for each in earlier for gate in _faults(each.integrity)]
    reasons = [f"{part}: {gate.result.reason}" for part, gate in shut]
    codes = [gate.code for _, gate in shut]
    overrides_invalid = any(gate.result.overrides_invalid for _, gate in shut)
    for each in earlier:
        if each.exceptions.count:
            codes.append(ExitCode.FAIL)
            overrides_invalid = True
            reasons.append(
                f"{each.name}: {counted(each.exceptions.count, 'iteration')} threw an exception, "
                f"the first: {each.exceptions.first}"
            )
    if not codes:
        return passed_gate(name, limit, observed)
    return failed_gate(
        name,
        limit,
        observed,
        code=worst(codes, overrides_invalid=overrides_invalid),
        overrides_invalid=overrides_invalid,
        reason="; ".join(reasons),
    )


def lost(integrity: Integrity) -> bool:
    """Return whether a check shows a loss that no doubt about the measurement takes back.

    A pipeline that has not drained may only be slow, and shows nothing yet.
    """
    return integrity.drained and any(gate.result.overrides_invalid for gate in _faults(integrity))


def _faults(integrity: Integrity) -> list[Gate]:
    gates = (
        drain_gate(integrity),
        rows_gate(integrity),
        events_gate(integrity),
        dead_letters_gate(integrity),
    )
    return [gate for gate in gates if gate is not None and gate.code is not ExitCode.PASS]


def _observed(part: EarlierPart) -> str:
    rows = sum(table.rows for table in part.integrity.tables)
    writes = sum((part.integrity.acknowledged or {}).values())
    return f"{part.name}: {counted(rows, 'row')}, {counted(writes, 'acknowledged write')}"
