"""The stack's gauges, sampled alongside k6's points."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from cdc_perf.results.points.store import Points


@dataclass(frozen=True)
class StackSeries:
    """The stack's gauges during a scenario's load, or during an observation.

    Attributes:
        seconds: The length of the load, from the end of the first iteration to that of the last;
            of an observation, from its first sample to the last.
        samples: By metric, in time order: seconds since the first iteration ended, value. Samples
            from before that, while k6 was starting, have negative seconds.
    """

    seconds: float = 0.0
    samples: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)

    def within(self, metric: str, since: float = 0.0) -> tuple[tuple[float, float], ...]:
        """Return a metric's samples from `since` until the end of the load."""
        return tuple(x for x in self.samples.get(metric, ()) if since <= x[0] <= self.seconds)


def stack_series(points: Points, file: int) -> StackSeries:
    """Return the gauges of one file, with times relative to k6's points in the others.

    Args:
        points: The points of all files.
        file: The number of the file of gauges; 0 if there are no points of k6.
    """
    ((began, ended),) = points.rows(
        "SELECT min(microseconds), max(microseconds) FROM point WHERE metric = 'iterations' OR ?",
        file == 0,
    )
    if began is None:
        return StackSeries()
    samples: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for metric, microseconds, value in points.rows(
        "SELECT metric, microseconds, value FROM point WHERE file = ? ORDER BY microseconds", file
    ):
        samples[metric].append(((microseconds - began) / 1e6, value))
    return StackSeries((ended - began) / 1e6, {x: tuple(values) for x, values in samples.items()})
