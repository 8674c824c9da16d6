"""A consumer's counts of its events' times per hop: histograms that can be added and subtracted.

They only grow while the consumer runs, so the difference of two readings covers the time between
them, and a sum covers several intervals. Percentiles are computed from that, never averaged.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from math import ceil, inf, sqrt

# Half of Kafka's millisecond: a negative time within it does not mean that a clock is off.
RESOLUTION_MS = 0.5
# Lower (exclusive) and upper (inclusive) bound in milliseconds; may be infinite.
Bucket = tuple[float, float]


@dataclass(frozen=True)
class LatencyHistogram:
    """The times of one hop over a number of events, in milliseconds.

    Attributes:
        buckets: The number of events per bucket; a negative time counts as 0.
        sum_ms: The sum of all times, including negative ones.
        negative: The number of times that are negative beyond the clocks' resolution.
        negative_ms: A lower bound of the sum of their absolute values.
    """

    buckets: Mapping[Bucket, int] = field(default_factory=dict)
    sum_ms: float = 0.0
    negative: int = 0
    negative_ms: float = 0.0

    @property
    def count(self) -> int:
        """The number of events."""
        return sum(self.buckets.values())

    @property
    def mean(self) -> float | None:
        """The exact mean; None without events. Means of consecutive hops can be added."""
        return self.sum_ms / self.count if self.count else None

    @property
    def negative_mean(self) -> float:
        """A lower bound of the mean absolute value of the negative times; 0 if there are none."""
        return max(RESOLUTION_MS, self.negative_ms / self.negative) if self.negative else 0.0

    def rank(self, share: float) -> int:
        """Return the rank of a percentile; 1 is the smallest time."""
        return max(1, ceil(share * self.count))

    def percentile(self, share: float) -> float:
        """Return a percentile: the geometric mean of its bucket's bounds, accurate to 2.5%.

        The bounds of the consumer's buckets grow by 5%. In the first bucket, up to 0.1 ms, every
        time counts as half of that. Beyond the last bound, 120 s, the result is that bound, a
        minimum.

        Raises:
            ValueError: There are no events.
        """
        low, high = self.bounds(self.rank(share))
        if high == inf:
            return low
        return sqrt(low * high) if low else high / 2

    def bounds(self, rank: int) -> Bucket:
        """Return the bucket of the rank-th smallest time.

        Raises:
            ValueError: There are fewer times.
        """
        ends = accumulate(self.buckets[bucket] for bucket in sorted(self.buckets))
        for bucket, end in zip(sorted(self.buckets), ends, strict=True):
            if rank <= end:
                return bucket
        raise ValueError(f"there is no event of rank {rank}")

    def plus(self, other: "LatencyHistogram") -> "LatencyHistogram":
        """Return the sum of both."""
        return self._with(other, 1)

    def less(self, earlier: "LatencyHistogram") -> "LatencyHistogram":
        """Return the difference to an earlier reading of the same histogram.

        Raises:
            ValueError: A count decreased, so it is not the same histogram.
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
    """A consumer's counts.

    Attributes:
        events: The number of applied events.
        hops: Their times, by hop and for `total`.
        started: When its process started, in seconds since the epoch; 0 if unknown.
    """

    events: int = 0
    hops: Mapping[str, LatencyHistogram] = field(default_factory=dict)
    started: float = 0.0

    def plus(self, other: "HopCounters") -> "HopCounters":
        """Return the sum of both."""
        names = dict.fromkeys((*self.hops, *other.hops))
        nothing = LatencyHistogram()
        hops = {x: self.hops.get(x, nothing).plus(other.hops.get(x, nothing)) for x in names}
        return HopCounters(self.events + other.events, hops, other.started)

    def since(self, earlier: "HopCounters") -> "HopCounters | None":
        """Return the difference to an earlier reading; None if the consumer restarted."""
        if self.started != earlier.started or self.events < earlier.events:
            return None
        nothing = LatencyHistogram()
        try:
            hops = {x: times.less(earlier.hops.get(x, nothing)) for x, times in self.hops.items()}
        except ValueError:
            return None
        return HopCounters(self.events - earlier.events, hops, self.started)
