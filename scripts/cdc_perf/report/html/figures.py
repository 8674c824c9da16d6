"""Text and figures from files, kept short and printable so that they cannot break the page."""

from cdc_perf.reasons.figures import figure
from cdc_perf.report.rows import NOTHING, printable

# Beyond any latency in milliseconds or count of a run.
_MOST = 1e15
_LONGEST = 2_000


def bare(value: float | None, unit: str) -> str:
    """Return a figure without its unit, which is shown next to it or above it."""
    return shown(value, unit).removesuffix(f" {unit}")


def shown(value: float | None, unit: str = "") -> str:
    """Return a figure with its unit; a dash for None."""
    if value is None:
        return NOTHING
    if not abs(value) <= _MOST:
        return f"{value:.3g} {unit}".rstrip()
    return figure(value, unit)


def text(content: str) -> str:
    """Return text without control characters; beyond 2,000 characters, cut it and say so."""
    plain = printable(content[: _LONGEST + 1])
    if len(plain) <= _LONGEST:
        return plain
    return f"{plain[:_LONGEST]}… ({len(content) - _LONGEST:,} more characters)"
