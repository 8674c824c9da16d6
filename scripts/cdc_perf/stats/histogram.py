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

    def quantile(self, share: float) -> float:
        """Return a quantile between the bounds of its bucket, for differences of a few percent.

        The samples of a bucket count as spread evenly over its logarithm. Unlike `percentile`, the
        result does not jump by the width of a bucket (2.2%), which two histograms that differ by
        less would share. It is within 2.2% of the exact value, typically much closer.

        Args:
            share: Above 0, at most 1.

        Raises:
            ValueError: There are no samples.
        """
        if not self.count:
            raise ValueError("a histogram without samples has no quantile")
        left = share * self.count - self.zeroes
        if left <= 0:
            return min(self.least, 0.0)
        for bucket in sorted(self.buckets):
            within = self.buckets[bucket]
            if left <= within:
                low, high = bounds(bucket)
                value: float = low * (high / low) ** (left / within)
                return min(max(value, self.least), self.largest)
            left -= within
        return self.largest

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


def of_counts(counts: Mapping[int, int]) -> Histogram:
    """Return the histogram of the samples in some buckets, whose extremes are the buckets' bounds.

    Args:
        counts: The number of samples in each bucket (stats/buckets.py).
    """
    used = {bucket: count for bucket, count in counts.items() if count}
    return Histogram(used, 0, bounds(min(used))[0], bounds(max(used))[1]) if used else EMPTY


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """Return the histogram of all samples together."""
    buckets: Counter[int] = Counter()
    zeroes, least, largest = 0, inf, -inf
    for each in histograms:
        buckets.update(each.buckets)
        zeroes += each.zeroes
        least, largest = min(least, each.least), max(largest, each.largest)
    return Histogram(buckets, zeroes, least, largest)
