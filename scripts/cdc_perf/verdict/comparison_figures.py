"""The figures of a comparison of two versions, from the slices that count."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from cdc_perf.results.comparison import Comparison, ComparisonStatus, Side, Slice, Start
from cdc_perf.settings.hops import CONSUMER_HOPS, RECORD_HOPS, sequence_of
from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed
from cdc_perf.stats.comparison import Pair
from cdc_perf.stats.histogram import merged, of_counts

E2E_P50, E2E_P95, E2E_P99 = "e2e_p50", "e2e_p95", "e2e_p99"
FAILED_CHANGES = "failed_changes"
HOPS = {hop.metric: hop for hop in (*RECORD_HOPS.all, *CONSUMER_HOPS.all)}
P99_SAMPLES = samples_needed(MetricType.TREND, "p99", 1.0)

# Two neighboring slices: base, head.
SlicePair = tuple[Slice, Slice]


@dataclass(frozen=True)
class StartPairs:
    """The slices of a start that count.

    Attributes:
        number: The start's number.
        pairs: Neighboring slices of both sides, at least one pair.
        share: The share of the comparison's time that was over after the start, 0 to 1.
    """

    number: int
    pairs: tuple[SlicePair, ...]
    share: float = 1.0

    @property
    def slices(self) -> tuple[Slice, ...]:
        """The slices of both sides in the order of time."""
        return tuple(sorted((each for pair in self.pairs for each in pair), key=lambda x: x.began))


@dataclass(frozen=True)
class Reading:
    """One figure in one start.

    Attributes:
        pairs: Its values; empty if a side has none.
        slices: The number of slices of both sides that have it, in pairs.
        samples: The number of samples behind them, per side.
        lacking: The number of slices that lack it, per side.
        share: The share of the time that was over after the start.
    """

    pairs: tuple[Pair, ...]
    slices: int
    samples: Mapping[Side, int]
    lacking: Mapping[Side, int]
    share: float


def valid_starts(comparison: Comparison) -> tuple[StartPairs, ...]:
    """Return the starts without a fault that have a pair of valid slices."""
    found, seconds = [], 0.0
    for start in comparison.starts:
        seconds += start.seconds
        share = min(1.0, seconds / (60 * comparison.minutes))
        pairs = counted_pairs(start)
        if pairs:
            found.append(StartPairs(start.number, pairs, share))
    if found and comparison.status is ComparisonStatus.COMPLETE:
        # No further look follows, even if some of the time is left.
        last = found[-1]
        found[-1] = StartPairs(last.number, last.pairs, 1.0)
    return tuple(found)


def counted_pairs(start: Start) -> tuple[SlicePair, ...]:
    """Return the pairs of a start's slices that count for the answer."""
    return () if start.fault else slice_pairs(start)


def slice_pairs(start: Start) -> tuple[SlicePair, ...]:
    """Return the valid slices in pairs of base and head, each with its nearest neighbor in time."""
    pairs: list[SlicePair] = []
    waiting: list[Slice] = []
    for each in start.slices:
        if each.invalid:
            continue
        if waiting and waiting[-1].side is not each.side:
            other = waiting.pop()
            pairs.append((other, each) if each.side is Side.HEAD else (each, other))
        else:
            waiting.append(each)
    return tuple(pairs)


def figures_of(starts: Sequence[StartPairs]) -> Mapping[str, tuple[Reading, ...]]:
    """Return each figure in each start, in the order of the answer: the hops are last, in order."""
    return {
        E2E_P50: tuple(_read(start, _p50) for start in starts),
        E2E_P95: tuple(_read(start, _p95) for start in starts),
        E2E_P99: tuple(_pooled_p99(start) for start in starts),
        **{name: tuple(_read(start, _hop(name)) for start in starts) for name in _hops(starts)},
    }


def failing_runs(starts: Sequence[StartPairs]) -> tuple[Mapping[Side, int], int]:
    """Return the number of runs of failing slices per side, and the number of starts with any.

    Failures come in bursts, so consecutive failing slices count as one run. A run with slices of
    both sides does not count: it blames neither.
    """
    runs: Counter[Side] = Counter()
    with_runs = 0
    for start in starts:
        groups = groupby(start.slices, key=lambda each: each.failed > 0)
        sides = [{each.side for each in group} for failing, group in groups if failing]
        alone = [each for each in sides if len(each) == 1]
        runs.update(side for each in alone for side in each)
        with_runs += bool(alone)
    return runs, with_runs


def _hops(starts: Sequence[StartPairs]) -> tuple[str, ...]:
    names = {name for start in starts for each in start.slices for name in each.hops}
    known = names.intersection(hop.name for hop in HOPS.values())
    return tuple(hop.metric for hop in sequence_of(known).all if hop.name in known)


# The value of a slice, and the number of samples behind it.
_Reader = Callable[[Slice], tuple[float | None, int]]


def _p50(each: Slice) -> tuple[float | None, int]:
    return each.p50, each.samples


def _p95(each: Slice) -> tuple[float | None, int]:
    return each.p95, each.samples


def _hop(metric: str) -> _Reader:
    name = HOPS[metric].name

    def mean(each: Slice) -> tuple[float | None, int]:
        hop = each.hops.get(name)
        return (hop.mean or None, hop.events) if hop and hop.events else (None, 0)

    return mean


def _read(start: StartPairs, read: _Reader) -> Reading:
    found = [(read(base), read(head)) for base, head in start.pairs]
    whole = [(b, h, nb, nh) for (b, nb), (h, nh) in found if b is not None and h is not None]
    return Reading(
        pairs=tuple((b, h) for b, h, _, _ in whole),
        slices=2 * len(whole),
        samples=_by_side(sum(nb for *_, nb, _ in whole), sum(nh for *_, nh in whole)),
        lacking=_by_side(
            sum(b is None for (b, _), _ in found), sum(h is None for _, (h, _) in found)
        ),
        share=start.share,
    )


def _pooled_p99(start: StartPairs) -> Reading:
    """Return p99 of all samples of a side: a slice has too few."""
    pooled = [
        merged(of_counts(each.latencies) for each in slices)
        for slices in zip(*start.pairs, strict=True)
    ]
    enough = [each.count >= P99_SAMPLES for each in pooled]
    base, head = (x.count if all(enough) else 0 for x in pooled)
    return Reading(
        pairs=((pooled[0].quantile(0.99), pooled[1].quantile(0.99)),) if all(enough) else (),
        slices=2 * len(start.pairs) if all(enough) else 0,
        samples=_by_side(base, head),
        lacking=_by_side(*(0 if x else len(start.pairs) for x in enough)),
        share=start.share,
    )


def _by_side(base: int, head: int) -> Mapping[Side, int]:
    return {Side.BASE: base, Side.HEAD: head}
