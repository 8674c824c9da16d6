"""What a breakpoint comes to: the rate that was held, and what the ramp before it showed."""

from collections.abc import Sequence

from cdc_perf.errors import ExitCode
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.evidence import HoldResult
from cdc_perf.verdict.figures import figure
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate
from cdc_perf.verdict.records import ThresholdResult
from cdc_perf.verdict.threshold_result import broken_limit, result_of

HELD_RATE = "held_rate"


def without_held_rate(thresholds: Sequence[Threshold]) -> tuple[Threshold, ...]:
    """Return the limits that say whether a rate holds."""
    return tuple(threshold for threshold in thresholds if threshold.metric != HELD_RATE)


def ramp_gate(held: HoldResult | None) -> Gate | None:
    """The ramp left a rate to hold; what it showed and which rate was held. None without a ramp."""
    if held is None:
        return None
    name, limit = "ramp", "it shows a rate at which every limit holds"
    if held.rate is None:
        return failed_gate(
            name, limit, held.ramp.end, code=ExitCode.FAIL, reason=_none_was_held(held)
        )
    told = f"held {figure(held.rate)}/s for {format_duration(held.seconds)}"
    return passed_gate(name, limit, f"{held.ramp.end}; {told}")


def judge_held_rate(
    threshold: Threshold, held: HoldResult | None, *, holds: bool
) -> ThresholdResult:
    """Return whether the rate of a breakpoint that holds is as high as asked.

    Args:
        threshold: The limit.
        held: The rate that was held.
        holds: Whether every other limit and every gate held at it.
    """
    if held is None:
        reason = "no rate was held: only a scenario with a hold has one, and only if it comes to it"
        return result_of(threshold, None, 0, ok=None, reason=reason)
    if held.rate is None or not holds:
        return result_of(threshold, None, 0, ok=False, reason=_none_was_held(held))
    ok = threshold.holds(held.rate)
    reason = "" if ok else broken_limit(threshold, held.rate, 1)
    return result_of(threshold, held.rate, 1, ok=ok, reason=reason)


def _none_was_held(held: HoldResult) -> str:
    return f"no rate was held; {held.ramp.end}"
