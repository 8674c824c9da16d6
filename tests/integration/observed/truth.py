"""What the run's own files say, to hold the panels against."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cdc_perf.results.points.store import read_points

# k6's histograms grow by 2^(1/8) a bucket, the consumer's by 1.05; the estimate lies in the bucket.
NATIVE = 2 ** (1 / 8)
CLASSIC = 1.05
# k6 pushes, and Prometheus scrapes, once a second: at either end of a window so much, and what a
# busy machine adds to it, may be in or out.
_EDGES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)


@dataclass(frozen=True)
class Between:
    """Where a value has to lie, both ends included, and what it is by the run's own files."""

    least: float
    exact: float
    most: float

    def holds(self, value: float) -> bool:
        return self.least <= value <= self.most


# (seconds since the epoch, value)
Samples = Sequence[tuple[float, float]]


def samples_of(paths: Sequence[Path], metric: str) -> Samples:
    """Return the points of a metric, in its own unit."""
    with read_points(paths) as points:
        rows = points.rows("SELECT microseconds, value FROM point WHERE metric = ?", metric)
    return [(microseconds / 1e6, float(value)) for microseconds, value in rows]


def quantile_between(
    samples: Samples, quantile: float, end: datetime, seconds: float, resolution: float
) -> Between | None:
    """Return where a histogram's quantile over the seconds before `end` has to lie; None: empty."""
    last = end.timestamp()
    found = [
        _around(values, quantile)
        for late, early in itertools.product(_EDGES, _EDGES)
        if (values := _within(samples, last - seconds + late, last - early))
    ]
    if not found:
        return None
    least, most = min(least for least, _ in found), max(most for _, most in found)
    exact = _quantile(_within(samples, last - seconds, last), quantile)
    return Between(least / resolution, exact, most * resolution)


def count_within(samples: Samples, end: datetime, seconds: float) -> int:
    return len(_within(samples, end.timestamp() - seconds, end.timestamp()))


def _within(samples: Samples, begin: float, end: float) -> list[float]:
    return sorted(value for at, value in samples if begin < at <= end)


def _around(values: list[float], quantile: float) -> tuple[float, float]:
    """Return the samples beside a quantile: which rank it has, Prometheus counts otherwise."""
    place = round(quantile * len(values))
    return values[max(place - 2, 0)], values[min(place + 1, len(values) - 1)]


def _quantile(values: list[float], quantile: float) -> float:
    """Return a quantile, interpolated as k6 does and as the engine does."""
    place = quantile * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)
