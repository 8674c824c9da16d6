"""Starts of two versions, drawn from recorded comparisons of a version with itself."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from math import log2
from random import Random

from msgspec.structs import replace

from bench.plants import Kind
from bench.record_comparisons import Recording
from cdc_perf.results.comparison import HopTime, Side, Slice, Start
from cdc_perf.settings.hops import ALL_HOPS
from cdc_perf.stats.buckets import BUCKETS_PER_DOUBLING
from cdc_perf.verdict.comparison_figures import E2E_P50, E2E_P95, E2E_P99

_METRICS = {hop.name: hop.metric for hop in ALL_HOPS}
_OTHER = {Side.BASE: Side.HEAD, Side.HEAD: Side.BASE}


def starts_of(recordings: Sequence[Recording]) -> tuple[Start, ...]:
    """Return the starts of the recordings in which nothing changed."""
    return tuple(
        start
        for each in recordings
        if each.plant.kind is Kind.NOTHING
        for start in each.comparison.starts
    )


def drawn_starts(
    random: Random, pool: Sequence[Start], change: Mapping[str, float]
) -> Iterator[Start]:
    """Yield starts without end: whole ones, drawn with replacement.

    Which side is which is drawn too, because nothing distinguishes them; so the luck of the pool
    is not taken for a change.

    Args:
        random: Draws.
        pool: The recorded starts.
        change: The factor of head for the figures that change.
    """
    for number in count(1):
        start = random.choice(pool)
        swapped = random.random() < 1 / 2
        slices = (_swapped(each) if swapped else each for each in start.slices)
        yield replace(start, number=number, slices=tuple(_changed(each, change) for each in slices))


def _swapped(each: Slice) -> Slice:
    return replace(each, side=_OTHER[each.side])


def _changed(each: Slice, change: Mapping[str, float]) -> Slice:
    if each.side is Side.BASE or not change:
        return each
    # A bucket is 2% wide, so p99 changes by a whole number of buckets.
    shift = round(BUCKETS_PER_DOUBLING * log2(change.get(E2E_P99, 1.0)))
    return replace(
        each,
        p50=_times(each.p50, change.get(E2E_P50, 1.0)),
        p95=_times(each.p95, change.get(E2E_P95, 1.0)),
        latencies={bucket + shift: samples for bucket, samples in each.latencies.items()},
        hops={name: _changed_hop(name, hop, change) for name, hop in each.hops.items()},
    )


def _changed_hop(name: str, hop: HopTime, change: Mapping[str, float]) -> HopTime:
    return replace(hop, mean=hop.mean * change.get(_METRICS[name], 1.0))


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
