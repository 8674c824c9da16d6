"""Sum the histograms of series.parquet, and compute percentiles of the sum."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, floor, inf, sqrt

from cdc_perf.stats.buckets import bounds


@dataclass(frozen=True)
class Histogram:
    """The samples of one trend in a period.

    Attributes:
        buckets: The number of samples in each bucket (stats/buckets.py).
        zeroes: The number of samples of 0 or less, which have no bucket.
        least: The smallest sample, in the trend's unit; exact.
        largest: The largest sample; exact.
    """

    buckets: Mapping[int, int]
    zeroes: int
    least: float
    largest: float

    @property
    def count(self) -> int:
        """The number of samples."""
        return self.zeroes + sum(self.buckets.values())

    def percentile(self, share: float) -> float:
        """Return a percentile, accurate to 1.1%.

        It is at position share * (n - 1) of the sorted samples, linearly interpolated, as in
        results/points/statistics.py. A sample counts as the geometric mean of its bucket's bounds,
        within the exact extremes.

        Args:
            share: From 0 to 1.

        Raises:
            ValueError: There are no samples.
        """
        if not self.count:
            raise ValueError("a histogram without samples has no percentile")
        position = share * (self.count - 1)
        below, above = self._value(floor(position)), self._value(ceil(position))
        return below + (above - below) * (position - floor(position))

    def _value(self, rank: int) -> float:
        """Return the approximate sample of a rank from 0; the extremes are exact."""
        if rank == self.count - 1:
            return self.largest
        seen = self.zeroes
        if rank < seen:
            return min(self.least, 0.0)
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if rank < seen:
                low, high = bounds(bucket)
                return min(max(sqrt(low * high), self.least), self.largest)
        return self.largest


EMPTY = Histogram({}, 0, inf, -inf)


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """Return the histogram of all samples together."""
    buckets: Counter[int] = Counter()
    zeroes, least, largest = 0, inf, -inf
    for each in histograms:
        buckets.update(each.buckets)
        zeroes += each.zeroes
        least, largest = min(least, each.least), max(largest, each.largest)
    return Histogram(buckets, zeroes, least, largest)
