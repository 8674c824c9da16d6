"""The limit on how long the consumer may take to catch up after a peak of the load."""

from cdc_perf.settings.metrics import CONSUMER_LAG
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.figures import figure
from cdc_perf.verdict.lag_recovery import lag_recovery
from cdc_perf.verdict.records import ThresholdResult
from cdc_perf.verdict.stack_metrics import StackMetrics
from cdc_perf.verdict.threshold_result import broken_limit, result_of

LAG_RECOVERY = "lag_recovery_seconds"


def judge_recovery(threshold: Threshold, seen: StackMetrics) -> ThresholdResult:
    """Return whether the lag was back in time, null where that cannot be told.

    A lag that was not back when the load ended took at least that long: beyond the limit that is a
    broken limit, within it nobody knows.
    """
    found = lag_recovery(seen.executor, seen.series.within(CONSUMER_LAG))
    if found is None:
        reason = (
            f"{threshold.metric} needs a load that rises to a peak and falls again, "
            f"and samples of {CONSUMER_LAG} before and after it"
        )
        return result_of(threshold, None, 0, ok=None, reason=reason)
    if found.seconds is not None:
        holds = threshold.holds(found.seconds)
        reason = "" if holds else broken_limit(threshold, found.seconds, 1)
        return result_of(threshold, found.seconds, 1, ok=holds, reason=reason)
    still = (
        f"the consumer's lag was not back at {figure(found.level)} events when the load ended, "
        f"{figure(found.watched_seconds, 's')} after its peak"
    )
    if threshold.holds(found.watched_seconds):
        reason = f"{still}, within the limit of {figure(threshold.limit, 's')}: run for longer"
        return result_of(threshold, None, 1, ok=None, reason=reason)
    return result_of(threshold, found.watched_seconds, 1, ok=False, reason=still)
