"""When both versions are warm: a rule on the slices of a start."""

from collections.abc import Sequence
from math import exp, log
from statistics import fmean, median

import msgspec

from cdc_perf.results.comparison import Slice

FIRST_WARM_UP_SECONDS = 20.0
_LONGEST_SECONDS = 60.0
# A pair of slices is warm if its p50 is at most this far above that of the later pairs.
_MOST_ABOVE = 0.15
NOT_WARM = "the versions were still warming up"


def leave_out_warm_up(slices: Sequence[Slice]) -> tuple[tuple[Slice, ...], bool]:
    """Mark the first slices as invalid while the latencies still fall; return whether they settle.

    A JVM compiles while it warms up, so latencies fall and then stay. A pair of slices, one of each
    version, is compared with the median of all later pairs by the geometric mean of both p50: the
    rule does not see which version is faster. At most half of the pairs are left out; if the next
    one is still higher, the start is not steady.

    Args:
        slices: In the order of time; each two neighbors, from the first on, are of both versions.
    """
    pairs = [slices[i : i + 2] for i in range(0, len(slices) - 1, 2)]
    levels = [_level(pair) for pair in pairs]
    most = len(pairs) // 2
    first = next((i for i in range(most + 1) if _is_warm(levels[i:])), None)
    left_out = 2 * (most if first is None else first)
    marked = (_marked(each) if i < left_out else each for i, each in enumerate(slices))
    return tuple(marked), first is not None


def next_warm_up(seconds: float, slices: Sequence[Slice], slice_seconds: float) -> float:
    """Return the warm-up of the next start: longer by the slices that this one left out.

    Args:
        seconds: The warm-up of this start.
        slices: Its slices.
        slice_seconds: The length of a slice.
    """
    left_out = sum(each.invalid == NOT_WARM for each in slices)
    return min(_LONGEST_SECONDS, seconds + left_out * slice_seconds)


def _is_warm(levels: Sequence[float | None]) -> bool:
    first, *later = levels
    known = [level for level in later if level is not None]
    return first is not None and bool(known) and first <= median(known) * (1 + _MOST_ABOVE)


def _level(pair: Sequence[Slice]) -> float | None:
    values = [each.p50 for each in pair if each.p50 is not None]
    return exp(fmean(map(log, values))) if len(values) == len(pair) else None


def _marked(each: Slice) -> Slice:
    return each if each.invalid else msgspec.structs.replace(each, invalid=NOT_WARM)
