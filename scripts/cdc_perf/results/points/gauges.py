"""The stack's gauges, sampled beside the points of k6."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from cdc_perf.results.points.store import Points


@dataclass(frozen=True)
class StackSeries:
    """What the stack showed of itself while a scenario's load lasted.

    Attributes:
        seconds: How long k6's iterations went on, from the first end of one to the last.
        samples: By metric, in the order of time: seconds since the first iteration ended, value.
            Those from before, when k6 was starting, have negative seconds.
    """

    seconds: float = 0.0
    samples: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)

    def within(self, metric: str, since: float = 0.0) -> tuple[tuple[float, float], ...]:
        """Return the samples of a metric from a moment of the load on, until its end."""
        return tuple(x for x in self.samples.get(metric, ()) if since <= x[0] <= self.seconds)


def stack_series(points: Points, file: int) -> StackSeries:
    """Return the gauges that are in one of the files, held against the points of the others.

    Args:
        points: The points of both.
        file: The number of the file of gauges.
    """
    ((began, ended),) = points.rows(
        "SELECT min(microseconds), max(microseconds) FROM point WHERE metric = 'iterations'"
    )
    if began is None:
        return StackSeries()
    samples: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for metric, microseconds, value in points.rows(
        "SELECT metric, microseconds, value FROM point WHERE file = ? ORDER BY microseconds", file
    ):
        samples[metric].append(((microseconds - began) / 1e6, value))
    return StackSeries((ended - began) / 1e6, {x: tuple(values) for x, values in samples.items()})
