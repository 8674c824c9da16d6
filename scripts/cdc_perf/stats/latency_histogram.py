"""What a consumer has counted of the hops of its events: histograms that add up and subtract.

They only grow while it runs, so what lies between two readings is their difference, and what
several intervals hold is their sum; percentiles are taken of that, never averaged.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from math import ceil, inf, sqrt

# Half of Kafka's millisecond: less than nothing by no more than that is no clock that is off.
RESOLUTION_MS = 0.5
# Lower and upper bound in milliseconds, the upper one belonging to the bucket; may be infinite.
Bucket = tuple[float, float]


@dataclass(frozen=True)
class LatencyHistogram:
    """The times of one hop over a number of events, in milliseconds.

    Attributes:
        buckets: How many events took how long; a negative time counts as 0.
        sum_ms: All times together, the negative ones as they are.
        negative: How many were negative by more than the clocks' resolution.
        negative_ms: What those come to together, at least.
    """

    buckets: Mapping[Bucket, int] = field(default_factory=dict)
    sum_ms: float = 0.0
    negative: int = 0
    negative_ms: float = 0.0

    @property
    def count(self) -> int:
        """How many events."""
        return sum(self.buckets.values())

    @property
    def mean(self) -> float | None:
        """The mean, exact; None without events. Means of consecutive hops add up."""
        return self.sum_ms / self.count if self.count else None

    @property
    def negative_mean(self) -> float:
        """By how much the negative ones were, on average and at least; 0 where there is none."""
        return max(RESOLUTION_MS, self.negative_ms / self.negative) if self.negative else 0.0

    def rank(self, share: float) -> int:
        """Return the rank of a percentile, 1 being the smallest time's."""
        return max(1, ceil(share * self.count))

    def percentile(self, share: float) -> float:
        """Return a percentile, the geometric middle of its bucket: within 2.5 % of the true one.

        The bounds of the consumer's buckets grow by 5 %. Below the first, 0.1 ms, half of it stands
        for all, and beyond the last, 120 s, that one: it took at least so long.

        Raises:
            ValueError: There is no event.
        """
        low, high = self.bounds(self.rank(share))
        if high == inf:
            return low
        return sqrt(low * high) if low else high / 2

    def bounds(self, rank: int) -> Bucket:
        """Return the bucket of the rank-th smallest time.

        Raises:
            ValueError: There are not so many.
        """
        ends = accumulate(self.buckets[bucket] for bucket in sorted(self.buckets))
        for bucket, end in zip(sorted(self.buckets), ends, strict=True):
            if rank <= end:
                return bucket
        raise ValueError(f"there is no event of rank {rank}")

    def plus(self, other: "LatencyHistogram") -> "LatencyHistogram":
        """Return both together."""
        return self._with(other, 1)

    def less(self, earlier: "LatencyHistogram") -> "LatencyHistogram":
        """Return what was added since an earlier reading of the same histogram.

        Raises:
            ValueError: Some count is less than it was: it is not the same histogram.
        """
        if any(self.buckets.get(bucket, 0) < count for bucket, count in earlier.buckets.items()):
            raise ValueError("a count went back")
        return self._with(earlier, -1)

    def _with(self, other: "LatencyHistogram", sign: int) -> "LatencyHistogram":
        buckets = Counter(self.buckets)
        for bucket, count in other.buckets.items():
            buckets[bucket] += sign * count
        return LatencyHistogram(
            {bucket: count for bucket, count in buckets.items() if count},
            self.sum_ms + sign * other.sum_ms,
            self.negative + sign * other.negative,
            self.negative_ms + sign * other.negative_ms,
        )


@dataclass(frozen=True)
class HopCounters:
    """What a consumer has counted.

    Attributes:
        events: How many it applied.
        hops: Their times, by hop and for `total`.
        started: When its process was started, seconds since the epoch; 0 where it does not tell.
    """

    events: int = 0
    hops: Mapping[str, LatencyHistogram] = field(default_factory=dict)
    started: float = 0.0

    def plus(self, other: "HopCounters") -> "HopCounters":
        """Return both together."""
        names = dict.fromkeys((*self.hops, *other.hops))
        nothing = LatencyHistogram()
        hops = {x: self.hops.get(x, nothing).plus(other.hops.get(x, nothing)) for x in names}
        return HopCounters(self.events + other.events, hops, other.started)

    def since(self, earlier: "HopCounters") -> "HopCounters | None":
        """Return what was counted since an earlier reading; None where another process counts."""
        if self.started != earlier.started or self.events < earlier.events:
            return None
        nothing = LatencyHistogram()
        try:
            hops = {x: times.less(earlier.hops.get(x, nothing)) for x, times in self.hops.items()}
        except ValueError:
            return None
        return HopCounters(self.events - earlier.events, hops, self.started)
