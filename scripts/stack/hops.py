"""How long each hop took: what the consumer has counted of every event it applied.

Its histograms only grow while it runs, so what lies between two readings is their difference, and
what several intervals hold is their sum; percentiles are taken of that, never averaged.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import ceil, inf, sqrt

import requests
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from scripts.waiting import NotReady

TOTAL = "total"
_READ_SECONDS = 2.0
# Half of Kafka's millisecond: less than nothing by no more than that is no clock that is off.
RESOLUTION_MS = 0.5
_HOP_SECONDS = "cdc_consumer_hop_seconds"
_NEGATIVE_SECONDS = "cdc_consumer_hop_negative_seconds"
# Lower and upper bound in milliseconds, the upper one belonging to the bucket; may be infinite.
Bucket = tuple[float, float]


@dataclass(frozen=True)
class HopTimes:
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

    def plus(self, other: "HopTimes") -> "HopTimes":
        """Return both together."""
        return self._with(other, 1)

    def less(self, earlier: "HopTimes") -> "HopTimes":
        """Return what was added since an earlier reading of the same histogram.

        Raises:
            ValueError: Some count is less than it was: it is not the same histogram.
        """
        if any(self.buckets.get(bucket, 0) < count for bucket, count in earlier.buckets.items()):
            raise ValueError("a count went back")
        return self._with(earlier, -1)

    def _with(self, other: "HopTimes", sign: int) -> "HopTimes":
        buckets = Counter(self.buckets)
        for bucket, count in other.buckets.items():
            buckets[bucket] += sign * count
        return HopTimes(
            {bucket: count for bucket, count in buckets.items() if count},
            self.sum_ms + sign * other.sum_ms,
            self.negative + sign * other.negative,
            self.negative_ms + sign * other.negative_ms,
        )


@dataclass(frozen=True)
class Counted:
    """What a consumer has counted.

    Attributes:
        events: How many it applied.
        hops: Their times, by hop and for `total`.
        started: When its process was started, seconds since the epoch; 0 where it does not tell.
    """

    events: int = 0
    hops: Mapping[str, HopTimes] = field(default_factory=dict)
    started: float = 0.0

    def plus(self, other: "Counted") -> "Counted":
        """Return both together."""
        names = dict.fromkeys((*self.hops, *other.hops))
        nothing = HopTimes()
        hops = {x: self.hops.get(x, nothing).plus(other.hops.get(x, nothing)) for x in names}
        return Counted(self.events + other.events, hops, other.started)

    def since(self, earlier: "Counted") -> "Counted | None":
        """Return what was counted since an earlier reading; None where another process counts."""
        if self.started != earlier.started or self.events < earlier.events:
            return None
        nothing = HopTimes()
        try:
            hops = {x: times.less(earlier.hops.get(x, nothing)) for x, times in self.hops.items()}
        except ValueError:
            return None
        return Counted(self.events - earlier.events, hops, self.started)


def read_hops(consumer_url: str) -> Counted:
    """Ask a consumer what it has counted since it was started.

    Raises:
        NotReady: It does not answer, or tells nothing of hops.
    """
    try:
        answer = requests.get(f"{consumer_url}/metrics", timeout=_READ_SECONDS)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise NotReady(
            f"the consumer does not answer at {consumer_url}/metrics: {type(error).__name__}"
        ) from None
    return parse_hops(answer.text)


def parse_hops(exposition: str) -> Counted:
    """Return what stands in the text that a consumer shows to Prometheus.

    Raises:
        NotReady: It is no such text, or tells nothing of hops.
    """
    try:
        families = {x.name: x for x in text_string_to_metric_families(exposition)}
    except ValueError as error:
        raise NotReady(f"the consumer's metrics cannot be read: {error}") from None
    if _HOP_SECONDS not in families:
        raise NotReady(f"the consumer's metrics have no {_HOP_SECONDS}")
    times = _by_hop(families[_HOP_SECONDS])
    negative = _by_hop(families[_NEGATIVE_SECONDS]) if _NEGATIVE_SECONDS in families else {}
    return Counted(
        int(_sum(families.get("cdc_consumer_events"), "_total")),
        {hop: _times(each, negative.get(hop, _Cumulative())) for hop, each in times.items()},
        _sum(families.get("process_start_time_seconds"), ""),
    )


@dataclass
class _Cumulative:
    """A histogram as it is exposed, in milliseconds."""

    counts: dict[float, int] = field(default_factory=dict)
    sum_ms: float = 0.0

    @property
    def buckets(self) -> dict[Bucket, int]:
        steps = pairwise([(0.0, 0), *sorted(self.counts.items())])
        return {(low, high): now - before for (low, before), (high, now) in steps if now > before}


def _by_hop(family: Metric) -> dict[str, _Cumulative]:
    found: dict[str, _Cumulative] = {}
    for sample in family.samples:
        each = found.setdefault(sample.labels.get("hop", ""), _Cumulative())
        if sample.name.endswith("_bucket"):
            each.counts[round(float(sample.labels["le"]) * 1000, 6)] = int(sample.value)
        elif sample.name.endswith("_sum"):
            each.sum_ms = sample.value * 1000
    return found


def _times(times: _Cumulative, negative: _Cumulative) -> HopTimes:
    within = sum(n for (_, high), n in negative.buckets.items() if high <= RESOLUTION_MS)
    return HopTimes(
        times.buckets,
        times.sum_ms - negative.sum_ms,
        sum(negative.buckets.values()) - within,
        negative.sum_ms - RESOLUTION_MS * within,
    )


def _sum(family: Metric | None, suffix: str) -> float:
    samples: Iterable[float] = (
        sample.value
        for sample in (family.samples if family else ())
        if sample.name.endswith(suffix)
    )
    return sum(samples)
