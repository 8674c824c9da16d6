"""The verdict on a breakpoint: the rate that was held, and the ramp before it."""

from collections.abc import Sequence

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.records import Integrity
from cdc_perf.reasons import gates as reasons
from cdc_perf.reasons import thresholds as threshold_reasons
from cdc_perf.reasons.figures import figure
from cdc_perf.reasons.reason import Reason
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.metrics import Source
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.evidence import EarlierPart, HoldResult
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate
from cdc_perf.verdict.integrity_gates import (
    dead_letters_gate,
    drain_gate,
    events_gate,
    of_scope,
    rows_gate,
)
from cdc_perf.verdict.threshold_result import JudgedThreshold, judge_value, result_of
from cdc_perf.verdict.verdict import worst
from cdc_perf.wording import counted


def without_held_rate(thresholds: Sequence[Threshold]) -> tuple[Threshold, ...]:
    """Return the thresholds that decide whether a rate holds."""
    return tuple(
        threshold for threshold in thresholds if threshold.kind.source is not Source.BREAKPOINT
    )


def ramp_gate(held: HoldResult | None) -> Gate | None:
    """Check that the ramp found a rate to hold; None without a ramp."""
    if held is None:
        return None
    name, condition = "ramp", "a rate at which every threshold holds"
    if held.rate is None:
        return failed_gate(
            name, condition, held.ramp.end, code=ExitCode.FAIL, reasons=[_no_rate_held(held)]
        )
    hold = f"held {figure(held.rate)}/s for {format_duration(held.seconds)}"
    return passed_gate(name, condition, f"{held.ramp.end}; {hold}")


def judge_held_rate(
    threshold: Threshold, held: HoldResult | None, *, holds: bool
) -> JudgedThreshold:
    """Return whether a breakpoint's held rate is as high as required.

    Args:
        threshold: The threshold.
        held: The rate that was held.
        holds: Whether every other threshold and every gate held at it.
    """
    if held is None:
        return result_of(threshold, None, 0, ok=None, reason=threshold_reasons.no_hold())
    if held.rate is None or not holds:
        return result_of(threshold, None, 0, ok=False, reason=_no_rate_held(held))
    return judge_value(threshold, held.rate, 1)


def _no_rate_held(held: HoldResult) -> Reason:
    return reasons.no_rate_held(ramp=held.ramp.end)


def earlier_gate(earlier: Sequence[EarlierPart]) -> Gate | None:
    """Check that nothing was lost and nothing threw before the judged part; None if there is none.

    A rate may be too high for the pipeline, which is then slow. It must not lose events.
    """
    if not earlier:
        return None
    name, condition = "earlier_parts", "nothing is lost in the ramp or an earlier hold"
    observed = ", ".join(_observed(each) for each in earlier)
    failed = [(each.name, gate) for each in earlier for gate in _faults(each.integrity)]
    found = [why.within("part", part) for part, gate in failed for why in gate.reasons]
    codes = [gate.code for _, gate in failed]
    overrides_invalid = any(gate.result.overrides_invalid for _, gate in failed)
    for each in earlier:
        if each.exceptions.count:
            codes.append(ExitCode.FAIL)
            overrides_invalid = True
            threw = reasons.iterations_threw(
                count=each.exceptions.count, first=each.exceptions.first
            )
            found.append(threw.within("part", each.name))
    if not codes:
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=worst(codes, overrides_invalid=overrides_invalid),
        overrides_invalid=overrides_invalid,
        reasons=found,
    )


def lost(integrity: Integrity) -> bool:
    """Return whether a check shows a loss that counts even if the measurement is in doubt.

    A pipeline that has not drained may only be slow, and proves nothing yet.
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
    compared = f"{counted(rows, 'row')}{of_scope(part.integrity)}"
    return f"{part.name}: {compared}, {counted(writes, 'acknowledged write')}"
