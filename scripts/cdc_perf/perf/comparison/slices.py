"""The slices of a start, from the points of its load."""

from collections.abc import Mapping
from pathlib import Path

from cdc_perf.perf.comparison.load import Load
from cdc_perf.results.comparison import HopTime, Slice
from cdc_perf.results.points.slices import SlicePoints, slice_points
from cdc_perf.results.points.store import read_points
from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed
from cdc_perf.verdict.load_gates import LATEST_TICK_MS, MOST_DROPPED

# At most this share of the changes that a slice should have may be missing.
_MOST_MISSING = 0.02


def read_slices(
    points: Path, load: Load, hops: Mapping[int, Mapping[str, HopTime]]
) -> tuple[Slice, ...]:
    """Return the slices of a load.

    Args:
        points: k6's points.
        load: The load.
        hops: The hops by the number of the slice.
    """
    with read_points((points,)) as found:
        by_number = slice_points(found, load.slice_ms)
    slices = []
    for number, side in enumerate(load.order):
        seen = by_number.get(number, SlicePoints())
        slices.append(
            Slice(
                side=side,
                began=(load.warm_up_ms + number * load.slice_ms) / 1000,
                samples=seen.count,
                failed=seen.failed,
                p50=_enough(seen.p50, seen.count, "p50"),
                p95=_enough(seen.p95, seen.count, "p95"),
                write_p50=_enough(seen.write_p50, seen.count, "p50"),
                hops=hops.get(number, {}),
                latencies=seen.buckets,
                invalid=_why_invalid(load, seen),
            )
        )
    return tuple(slices)


def _why_invalid(load: Load, seen: SlicePoints) -> str:
    due = load.rate * load.slice_ms / 1000
    if seen.dropped > MOST_DROPPED * due:
        return f"k6 dropped {seen.dropped:,} of {due:,.0f} iterations"
    if seen.delay_p99 is None:
        return "it is unknown whether the load generator was starved"
    if seen.delay_p99 >= LATEST_TICK_MS:
        return f"the load generator was starved: generator_delay p99 {seen.delay_p99:,.0f} ms"
    if abs(seen.count - due) > max(2, _MOST_MISSING * due):
        return f"k6 made {seen.count:,} of {due:,.0f} iterations"
    return ""


def _enough(value: float | None, count: int, stat: str) -> float | None:
    """Return a percentile, if there are enough samples for it."""
    if value is None or value <= 0:
        return None
    return value if count >= samples_needed(MetricType.TREND, stat, 1.0) else None
