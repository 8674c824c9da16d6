"""What limits on the stack are judged on."""

from dataclasses import dataclass

from cdc_perf.results.points.gauges import StackSeries
from cdc_perf.settings.executors import Executor, warm_up_seconds
from cdc_perf.settings.metrics import Phase
from cdc_perf.settings.thresholds import Threshold


@dataclass(frozen=True)
class StackMetrics:
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
        return warm_up_seconds(self.executor)

    def samples(self, threshold: Threshold) -> tuple[tuple[float, float], ...]:
        """Return what a limit is judged on: seconds since the load began, value."""
        since = self.warm_up if threshold.kind.phase is Phase.STEADY else 0.0
        return self.series.within(threshold.metric, since)
