"""Thresholds and gates as table rows."""

from dataclasses import dataclass
from math import isfinite

from cdc_perf.reasons.figures import figure_beside, limit_figure
from cdc_perf.report.html.figures import shown
from cdc_perf.report.rows import NOTHING
from cdc_perf.settings.expressions import Operator
from cdc_perf.verdict.records import GateResult, ThresholdResult

STATES = {True: "holds", False: "broken", None: "unknown"}
_UPPER = (Operator.AT_MOST, Operator.BELOW)
_LOWER = (Operator.AT_LEAST, Operator.ABOVE)
# The end of a bar, however large the observed value is.
MOST_USED = 1.3


@dataclass(frozen=True)
class ThresholdRow:
    """One threshold.

    Attributes:
        name: Metric and stat.
        limit: Operator, value, and unit.
        observed: The observed value, with its unit.
        samples: The number of samples, and the number needed if that is larger.
        interval: The 95% confidence interval.
        margin: The share of the threshold that is left.
        state: `holds`, `broken`, or `unknown`.
        used: The used share of the threshold, 1 at the threshold, at most 1.3; None if unknown.
        used_low: The same at one end of the interval; None if it is open.
        used_high: The same at its other end.
    """

    name: str
    limit: str
    observed: str
    samples: str
    interval: str
    margin: str
    state: str
    used: float | None
    used_low: float | None
    used_high: float | None


def threshold_row(result: ThresholdResult) -> ThresholdRow:
    """Return a threshold and its outcome as a row."""
    unit = result.unit
    few = result.samples < result.samples_needed
    interval = result.interval
    ends = [] if interval is None else [interval.low, interval.high]
    used = sorted(u for end in ends if (u := _used(result, end)) is not None)
    return ThresholdRow(
        name=f"{result.metric} {result.stat}",
        limit=f"{_sign(result.operator)} {limit_figure(result.limit, unit)}",
        observed=NOTHING
        if result.observed is None
        else figure_beside(result.observed, result.limit, unit),
        samples=f"{result.samples:,}" + (f" of {result.samples_needed:,}" if few else ""),
        interval=NOTHING if interval is None else _interval(ends, unit),
        margin=NOTHING if result.margin is None else f"{result.margin:.1%}",
        state=STATES[result.ok],
        used=_used(result, result.observed),
        used_low=used[0] if used else None,
        used_high=used[-1] if len(used) > 1 else None,
    )


def gate_state(gate: GateResult) -> str:
    """Return `holds`, `broken`, or `unknown`."""
    return STATES[gate.ok]


def _sign(operator: str) -> str:
    return {"<=": "≤", ">=": "≥"}.get(operator, operator)


def _interval(ends: list[float | None], unit: str) -> str:
    """Return both ends with one unit: `400 to 600 ms`; each with its own if they differ."""
    known = [shown(end, unit) for end in ends if end is not None]
    # Bytes may be shown in KiB, MiB, or GiB.
    units = {text.partition(" ")[2] for text in known}
    shared = f" {units.pop()}".rstrip() if len(units) == 1 else ""
    low, high = ("open" if end is None else shown(end, unit).removesuffix(shared) for end in ends)
    return f"{low} to {high}{shared}"


def _used(result: ThresholdResult, value: float | None) -> float | None:
    return used_of(result.operator, result.stat, result.limit, value)


def used_of(operator: str, stat: str, limit: float, value: float | None) -> float | None:
    """Return the used share of a threshold.

    For an upper bound: value / limit. For a lower bound on a rate: (1 - value) / (1 - limit). For
    another lower bound: limit / value. None for other operators, such as k6's `==`, and if the
    limit is not finite.
    """
    if value is None or not isfinite(limit):
        return None
    if operator in _UPPER:
        part, maximum = value, limit
    elif operator not in _LOWER:
        return None
    elif stat == "rate" and 0 < limit < 1:
        part, maximum = 1 - value, 1 - limit
    else:
        part, maximum = limit, value
    if maximum <= 0:
        return MOST_USED if part > 0 else 0.0
    return min(max(part / maximum, 0.0), MOST_USED)
