"""The time that the pipeline takes to catch up after a peak of the load."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from cdc_perf.reasons import thresholds as reasons
from cdc_perf.reasons.reason import Reason
from cdc_perf.settings.executors import LoadShape, RampingArrivalRate, RampingVus
from cdc_perf.settings.metrics import CONSUMER_LAG
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.points import StackMetrics
from cdc_perf.verdict.threshold_result import JudgedThreshold, judge_value, result_of

LAG_RECOVERY = "lag_recovery_seconds"


@dataclass(frozen=True)
class LagRecovery:
    """Whether and when the consumer lag returned to its level before the peak.

    Attributes:
        seconds: From the start of the load's fall to the first sample at or below `level`, which
            is too long by up to the time between two samples. None if no sample was.
        above_seconds: From the start of the fall to the last sample before that one; 0 if there
            was none.
        watched_seconds: From the start of the fall to the last sample.
        level: The largest lag before the rise, in events.
        samples_before: The number of samples before the rise.
    """

    seconds: float | None
    above_seconds: float
    watched_seconds: float
    level: float
    samples_before: int


@dataclass(frozen=True)
class _Peak:
    """When the load starts to rise to its largest target, and to fall from there, in seconds."""

    rise: float
    fall: float


def lag_recovery(executor: LoadShape, samples: Sequence[tuple[float, float]]) -> LagRecovery | None:
    """Return how long after the load's peak the lag returned to its level before the peak.

    The rise is every stage in a row that climbs, up to the first at the largest target; the fall
    begins when the last stage at that target ends. One sample at the level is enough: the level
    is a maximum itself, and a longer time under the same load would likely have a larger one.

    Args:
        executor: The requested load, after the overrides.
        samples: Seconds since the load's start and lag, in time order; some may be missing.

    Returns:
        None if the load has no peak, rises from its start, or never falls, or if there is no sample
        before the rise or after the fall.

    Raises:
        UsageFailure: If a duration of the executor is invalid.
    """
    peak = _peak(executor)
    if peak is None:
        return None
    before = [lag for at, lag in samples if at < peak.rise]
    after = [(at - peak.fall, lag) for at, lag in samples if at >= peak.fall]
    if not before or not after:
        return None
    level = max(before)
    seconds = next((since for since, lag in after if lag <= level), None)
    above = [since for since, _ in after if seconds is None or since < seconds]
    return LagRecovery(
        seconds=seconds,
        above_seconds=above[-1] if above else 0.0,
        watched_seconds=after[-1][0],
        level=level,
        samples_before=len(before),
    )


def _peak(executor: LoadShape) -> _Peak | None:
    if not isinstance(executor, RampingVus | RampingArrivalRate):
        return None
    start = executor.start_vus if isinstance(executor, RampingVus) else executor.start_rate
    targets = [start, *(stage.target for stage in executor.stages)]
    durations = (stage.seconds for stage in executor.stages)
    # The time at which each target is reached.
    times = list(accumulate(durations, initial=0.0))
    at_peak = [index for index, target in enumerate(targets) if target == max(targets)]
    foot, last = at_peak[0], at_peak[-1]
    while foot > 0 and targets[foot - 1] < targets[foot]:
        foot -= 1
    if foot == 0 or last == len(targets) - 1:
        return None
    return _Peak(rise=times[foot], fall=times[last])


def judge_recovery(threshold: Threshold, seen: StackMetrics) -> JudgedThreshold:
    """Return whether the lag recovered in time; `ok` is null if unknown.

    A lag that has not recovered when the load ends took at least that long: the threshold is
    broken if that exceeds it, else the result is unknown. If the lag is known only right after rare
    commits, it recovered between two of them.
    """
    every = seen.commit_seconds(CONSUMER_LAG)
    found = lag_recovery(seen.executor, seen.exact(CONSUMER_LAG))
    if found is None:
        return result_of(threshold, None, 0, ok=None, reason=_without_samples(threshold, seen))
    if found.seconds is not None:
        holds = threshold.holds(found.seconds)
        if every is None or holds or not threshold.holds(found.above_seconds):
            return judge_value(threshold, found.seconds, 1)
        between = reasons.lag_recovery_between_commits(
            low=found.above_seconds, high=found.seconds, threshold=threshold.limit
        )
        return result_of(threshold, None, 1, ok=None, reason=between)
    level, watched = found.level, found.watched_seconds
    if threshold.holds(watched):
        open_ = reasons.lag_recovery_undecided(
            level=level, seconds=watched, threshold=threshold.limit
        )
        return result_of(threshold, None, 1, ok=None, reason=open_)
    late = reasons.lag_not_recovered(level=level, seconds=watched)
    return result_of(threshold, watched, 1, ok=False, reason=late)


def _without_samples(threshold: Threshold, seen: StackMetrics) -> Reason:
    every = seen.commit_seconds(CONSUMER_LAG)
    if every is not None and lag_recovery(seen.executor, seen.series.within(CONSUMER_LAG)):
        return reasons.lag_recovery_without_commit(metric=threshold.metric, every=every)
    return reasons.lag_recovery_without_peak(metric=threshold.metric, sampled=CONSUMER_LAG)
