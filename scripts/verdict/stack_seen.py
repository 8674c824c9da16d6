"""What limits on the stack are judged on."""

from dataclasses import dataclass

from scripts.results.points.gauges import StackSeries
from scripts.settings.executors import Executor, warm_up_seconds
from scripts.settings.metrics import Phase
from scripts.settings.thresholds import Threshold


@dataclass(frozen=True)
class StackSeen:
    """What limits on the stack are judged on.

    Attributes:
        series: The samples.
        executor: The load that was asked for.
    """

    series: StackSeries
    executor: Executor

    @property
    def warm_up(self) -> float:
        """How long the warm-up lasts, in seconds."""
        return warm_up_seconds(self.executor, where="k6 inspect")

    def samples(self, threshold: Threshold) -> tuple[tuple[float, float], ...]:
        """Return what a limit is judged on: seconds since the load began, value."""
        since = self.warm_up if threshold.kind.phase is Phase.STEADY else 0.0
        return self.series.within(threshold.metric, since)
