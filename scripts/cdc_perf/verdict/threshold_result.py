"""Judge each threshold by the observed value."""

from math import ceil

import msgspec

from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.settings.durations import MAX_RUN_SECONDS, format_duration
from cdc_perf.settings.expressions import Operator
from cdc_perf.settings.metrics import MetricType, Phase
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stats.intervals import Interval
from cdc_perf.verdict.figures import figure_beside, limit_figure
from cdc_perf.verdict.records import ThresholdResult
from cdc_perf.wording import counted

_DEMANDS = {
    Operator.AT_MOST: "the limit is {}",
    Operator.BELOW: "it must be below {}",
    Operator.AT_LEAST: "it must be at least {}",
    Operator.ABOVE: "it must be above {}",
}
_ROUND_TO_SECONDS = 10


def judge_threshold(
    threshold: Threshold, summary: Summary | NoSummary, interval: Interval | None = None
) -> ThresholdResult:
    """Return whether a threshold holds; `ok` is null if there are too few samples.

    The interval is reported with the observed value; it decides nothing.
    """
    if isinstance(summary, NoSummary):
        return result_of(
            threshold, None, 0, ok=None, reason="without a summary no limit can be judged"
        )
    samples = summary.samples(threshold.k6_metric)
    observed = summary.observed(threshold.k6_metric, threshold.expression.k6_stat)
    name = f"{threshold.metric} {threshold.stat}"
    if observed is None or samples == 0:
        # k6's value of an empty metric is not an observation.
        phase = " after the warm-up" if threshold.kind.phase is Phase.STEADY else ""
        return result_of(threshold, None, samples, ok=None, reason=f"{name} has no samples{phase}")
    holds = threshold.holds(observed)
    broken = "" if holds else broken_limit(threshold, observed, samples)
    if samples < threshold.samples_needed:
        reason = too_few(threshold, samples, summary.duration_ms)
        seen = f" (so far: {broken})" if broken else ""
        result = result_of(threshold, observed, samples, ok=None, reason=reason + seen)
    else:
        result = result_of(threshold, observed, samples, ok=holds, reason=broken)
    return msgspec.structs.replace(result, interval=interval)


def result_of(
    threshold: Threshold, observed: float | None, samples: int, *, ok: bool | None, reason: str
) -> ThresholdResult:
    """Return a threshold's entry in verdict.json."""
    return ThresholdResult(
        metric=threshold.metric,
        stat=threshold.stat,
        operator=threshold.operator,
        limit=threshold.limit,
        observed=observed,
        samples=samples,
        samples_needed=threshold.samples_needed,
        margin=_margin(threshold, observed),
        ok=ok,
        reason=reason,
    )


def _margin(threshold: Threshold, observed: float | None) -> float | None:
    if observed is None or threshold.limit == 0:
        return None
    upper = threshold.operator in (Operator.AT_MOST, Operator.BELOW)
    left = threshold.limit - observed if upper else observed - threshold.limit
    return left / threshold.limit


def broken_limit(threshold: Threshold, observed: float, samples: int) -> str:
    """Return the reason for a broken threshold."""
    unit = threshold.unit
    single = threshold.kind.type is MetricType.COUNTER or threshold.stat == "value"
    over = "" if single else f" over {counted(samples, 'sample')}"
    demand = _DEMANDS[threshold.operator].format(limit_figure(threshold.limit, unit))
    seen = figure_beside(observed, threshold.limit, unit)
    return f"{threshold.metric} {threshold.stat} was {seen}{over}; {demand}"


def too_few(threshold: Threshold, samples: int, duration_ms: float) -> str:
    """Return the reason for a threshold that has too few samples in a run of that length."""
    needed = threshold.samples_needed
    return (
        f"{threshold.metric} {threshold.stat} needs {counted(needed, 'sample')} "
        f"and got {samples:,}: {_longer(duration_ms, samples, needed)}"
    )


def _longer(duration_ms: float, samples: int, needed: int) -> str:
    """Return how long to run for enough samples, at the observed rate of samples.

    In proportion to the whole run, rounded up. The warm-up, whose samples do not count, is a fixed
    share of a run up to 5 minutes and a smaller share of a longer one, so the result is enough.
    """
    # Integers, because a threshold near 0 can need more samples than a double can count.
    seconds = -(-needed * ceil(duration_ms) // (samples * 1000))
    if seconds > MAX_RUN_SECONDS:
        return "that is more than 24h at this rate: more load is needed"
    rounded = -(-seconds // _ROUND_TO_SECONDS) * _ROUND_TO_SECONDS
    return f"run for at least {format_duration(rounded)}"
