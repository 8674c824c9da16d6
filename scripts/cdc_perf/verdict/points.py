"""What the raw points of a scenario show beyond k6's summary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cdc_perf.faults.records import Injection
from cdc_perf.faults.recovery import Observed, Recovery, changes_of, recoveries
from cdc_perf.integrity.ledger import read_ledger
from cdc_perf.reasons import gates as reasons
from cdc_perf.reasons.reason import Reason
from cdc_perf.results.points.gauges import StackSeries, stack_series
from cdc_perf.results.points.series import write_series
from cdc_perf.results.points.statistics import (
    Statistics,
    order_statistics,
    parsed_k6_name,
    statistics,
    statistics_of,
)
from cdc_perf.results.points.store import Points, read_points
from cdc_perf.results.points.timeline import metrics_inside, metrics_outside, timeline
from cdc_perf.results.points.windows import Window, windows
from cdc_perf.results.summary import Metric, NoSummary, Summary
from cdc_perf.settings.executors import LoadShape, warm_up_seconds
from cdc_perf.settings.metrics import COMMIT_SERIES, ITERATIONS, MetricType, Phase
from cdc_perf.settings.tag_selector import with_tags
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stats.intervals import Interval, percentile_ranks, rate_interval

# With a sample per second, commits up to two seconds apart can look like this.
_RARE_SECONDS = 3.0


@dataclass(frozen=True)
class PointsSummary:
    """The summary of the raw points.

    Attributes:
        faults: What is wrong with them; empty if they are complete.
        statistics: By the name of k6's metric or sub-metric, of those that have points.
        intervals: Of the thresholds on percentiles and rates that have points.
        stack: The stack's gauges.
        windows: Of a ramp, what was observed every few seconds.
        recoveries: With faults, the recovery from each that happened.
        steady: With faults, k6's metrics without the time from each fault to its recovery.
        faulted: With faults, k6's metrics of that time, as far as a threshold is about it.
    """

    faults: tuple[Reason, ...] = ()
    statistics: Mapping[str, Statistics] = field(default_factory=dict)
    intervals: Mapping[Threshold, Interval] = field(default_factory=dict)
    stack: StackSeries = field(default_factory=StackSeries)
    windows: Sequence[Window] = ()
    recoveries: tuple[Recovery, ...] = ()
    steady: Mapping[str, Metric] = field(default_factory=dict)
    faulted: Mapping[str, Metric] = field(default_factory=dict)


@dataclass(frozen=True)
class Faulted:
    """The faults of a scenario, and what their recoveries are measured from.

    Attributes:
        injections: The faults.
        ledger: k6's ledger.
        warm_up_seconds: The length of the warm-up, which no fault is compared with.
    """

    injections: Sequence[Injection]
    ledger: Path
    warm_up_seconds: float


@dataclass(frozen=True)
class StackMetrics:
    """The input for thresholds on the stack.

    Attributes:
        series: The samples.
        executor: The requested load.
    """

    series: StackSeries
    executor: LoadShape

    @property
    def warm_up(self) -> float:
        """The length of the warm-up in seconds."""
        return warm_up_seconds(self.executor)

    def commit_seconds(self, metric: str) -> float | None:
        """Return the time between two commits if a metric is exact only right after one.

        None if commits are frequent, or the metric does not depend on them.
        """
        found = COMMIT_SERIES.get(metric)
        if found is None:
            return None
        # The last one knows the most intervals.
        seconds = [value for _, value in self.series.within(found.seconds)][-1:]
        return seconds[0] if seconds and seconds[0] > _RARE_SECONDS else None

    def samples(self, threshold: Threshold) -> tuple[tuple[float, float], ...]:
        """Return the samples that a threshold is judged on: seconds since the load began, value."""
        since = self.warm_up if threshold.kind.phase is Phase.STEADY else 0.0
        return self.exact(threshold.metric, since)

    def exact(self, metric: str, since: float = 0.0) -> tuple[tuple[float, float], ...]:
        """Return the samples of a metric; if commits are rare, those that a commit confirms."""
        if self.commit_seconds(metric) is not None:
            metric = COMMIT_SERIES[metric].confirmed
        return self.series.within(metric, since)


def summarize_points(
    paths: Sequence[Path],
    gauges: Path,
    series: Path,
    thresholds: Sequence[Threshold],
    summary: Summary | NoSummary,
    *,
    ramp: bool = False,
    faulted: Faulted | None = None,
) -> PointsSummary:
    """Read the raw points of a scenario and write their series.

    This raises nothing: a scenario whose points are lost still gets a verdict.

    Args:
        paths: The files of points; none if k6 did not run.
        gauges: The file of the stack's gauges; the series lack what it lacks.
        series: Where to write the series.
        thresholds: The thresholds to compute intervals for.
        summary: k6's summary, whose sub-metrics are included.
        ramp: Whether the load rises until something breaks, which needs windows.
        faulted: The faults that were injected; None without any.
    """
    import duckdb  # noqa: PLC0415 - only callers that read points wait for it

    try:
        with read_points((*paths, gauges)) as points:
            write_series(points, series)
            seen = _seen(points, len(paths), thresholds, summary)
            if faulted is not None:
                seen = _recovered(seen, points, thresholds, summary, faulted)
            return replace(seen, windows=windows(points, thresholds)) if ramp else seen
    except (OSError, duckdb.Error) as error:
        why = str(error).partition("\n")[0]
        return PointsSummary((reasons.points_unreadable(why=why),))


def _seen(
    points: Points, gauges: int, thresholds: Sequence[Threshold], summary: Summary | NoSummary
) -> PointsSummary:
    """Summarize the points; `gauges` is the number of the gauges' file."""
    stack = stack_series(points, gauges)
    names = [threshold.k6_metric for threshold in thresholds if threshold.in_k6]
    names += [] if isinstance(summary, NoSummary) else summary.metrics
    found = {
        statistic.metric: statistic
        for statistic in statistics(points)
        if statistic.metric not in stack.samples
    }
    for name in dict.fromkeys(names):
        metric, tags = parsed_k6_name(name)
        if tags and (part := statistics_of(points, metric, tags, {})) is not None:
            found[name] = part
    intervals = {
        threshold: interval
        for threshold in thresholds
        if threshold.k6_metric in found
        and (interval := _interval(points, threshold, found[threshold.k6_metric]))
    }
    faults = tuple(
        reasons.points_damaged(damage=damage.sentence)
        for damage in points.damage
        if damage.number != gauges
    )
    return PointsSummary(faults, found, intervals, stack)


def _recovered(
    seen: PointsSummary,
    points: Points,
    thresholds: Sequence[Threshold],
    summary: Summary | NoSummary,
    faulted: Faulted,
) -> PointsSummary:
    """Add the recovery from each fault, and the metrics of the time without them."""
    times = timeline(points)
    observed = Observed(
        begin=times.begin + faulted.warm_up_seconds,
        end=times.end,
        changes=changes_of(read_ledger(faulted.ledger)),
        unseen=times.unseen,
        latencies=times.latencies,
        lag=times.lag,
        slot=times.slot,
    )
    found = recoveries(faulted.injections, observed)
    spans = [each.span for each in found]
    names = () if isinstance(summary, NoSummary) else summary.metrics
    of_faults = [threshold for threshold in thresholds if threshold.of_faults]
    named = [threshold.k6_metric for threshold in of_faults]
    named += [with_tags(ITERATIONS, threshold.selected) for threshold in of_faults]
    return replace(
        seen,
        recoveries=found,
        steady=metrics_outside(points, names, spans),
        faulted=metrics_inside(points, dict.fromkeys(named), spans),
        intervals={},
    )


def _interval(points: Points, threshold: Threshold, found: Statistics) -> Interval | None:
    """Return the interval of a percentile or a rate; other stats have none."""
    if threshold.kind.type is MetricType.RATE and found.passes is not None:
        return rate_interval(found.passes, found.count)
    share = threshold.share
    if share is None:
        return None
    ranks = percentile_ranks(found.count, share)
    values = order_statistics(
        points, found.metric, found.tags, [rank for rank in ranks if rank is not None]
    )
    low, high = (None if rank is None else values[rank] for rank in ranks)
    return Interval(low=low, high=high)
