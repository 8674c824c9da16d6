"""Why a threshold is broken or cannot be judged."""

from cdc_perf.reasons.figures import figure, figure_beside, limit_figure
from cdc_perf.reasons.reason import reason
from cdc_perf.wording import counted

_DEMANDS = {
    "<=": "the threshold is {}",
    "<": "it must be below {}",
    ">=": "it must be at least {}",
    ">": "it must be above {}",
}
_COMMIT_OR_RUN = (
    "Run for longer, or commit more often (Kafka Connect: offset.flush.interval.ms of the worker)"
)


@reason
def threshold_broken(
    *,
    metric: str,
    stat: str,
    operator: str,
    threshold: float,
    observed: float,
    unit: str,
    samples: int | None,
) -> str:
    """The observed value breaks the threshold; `samples` is null for a single value."""
    over = "" if samples is None else f" over {counted(samples, 'sample')}"
    demand = _DEMANDS[operator].format(limit_figure(threshold, unit))
    return f"{metric} {stat} was {figure_beside(observed, threshold, unit)}{over}; {demand}"


@reason
def no_summary_for_threshold() -> str:
    """There is no summary to read the value from."""
    return "no threshold could be judged because there is no summary"


@reason
def no_samples(*, metric: str, stat: str, after_warm_up: bool) -> str:
    """The metric has no samples, at least none after the warm-up."""
    return f"{metric} {stat} has no samples{' after the warm-up' if after_warm_up else ''}"


@reason
def too_few_samples(
    *, metric: str, stat: str, samples: int, needed: int, run_for: str, so_far: str
) -> str:
    """The threshold needs more samples.

    `run_for` is the duration that gives enough samples (`1m30s`), empty if that is above 24 hours;
    `so_far` is the text of a threshold that the samples break, else empty.
    """
    advice = f"run for at least {run_for}" if run_for else "24h at this rate is too short: add load"
    seen = f" (so far: {so_far})" if so_far else ""
    return f"{metric} {stat} needs {counted(needed, 'sample')} and got {samples:,}: {advice}{seen}"


@reason
def hop_not_measured(*, metric: str, why: str) -> str:
    """The consumer's measurements of the hop are missing."""
    return f"{metric} was not measured: {why}"


@reason
def hop_without_events(*, metric: str) -> str:
    """No event passed the hop after the warm-up."""
    return f"{metric} was not measured: no event was applied after the warm-up"


@reason
def hop_beyond_histogram(*, metric: str, stat: str, threshold: float, unit: str) -> str:
    """The value is in the last bucket of the histogram, as the threshold is."""
    return (
        f"{metric} {stat} is above the consumer's largest bucket, so it cannot be compared with "
        f"{limit_figure(threshold, unit)}"
    )


@reason
def metric_not_sampled(*, metric: str) -> str:
    """A metric of the stack has no samples."""
    return f"{metric} was not sampled: check that the component answers"


@reason
def jvm_metric_not_sampled(*, metric: str) -> str:
    """A metric of the JVM's memory has no samples."""
    return (
        f"{metric} was not sampled: only the embedded stack measures it; remove the threshold, or "
        "run on the embedded stack"
    )


@reason
def no_commit(*, metric: str, seconds: float) -> str:
    """No commit shows the value of a metric that is exact only right after a commit."""
    return (
        f"{metric} is unknown: no commit of offsets in {figure(seconds, 's')}, and until then it "
        f"counts what was already applied. {_COMMIT_OR_RUN}"
    )


@reason
def too_few_commits(*, metric: str, stat: str, samples: int, needed: int, every: float) -> str:
    """The threshold needs more samples right after a commit; `every` is the time between two."""
    return (
        f"{metric} {stat} needs {counted(needed, 'sample')} and got {samples:,}: only samples "
        f"right after a commit of offsets count, about {figure(every, 's')} apart. "
        f"{_COMMIT_OR_RUN}"
    )


@reason
def growth_undecided(
    *, metric: str, stat: str, low: float, high: float, threshold: float, unit: str
) -> str:
    """The confidence interval of a growth contains the threshold."""
    return (
        f"{metric} {stat} is {figure(low, unit)} to {figure(high, unit)} with 95% confidence, "
        f"which contains the threshold of {limit_figure(threshold, unit)}: run for longer"
    )


@reason
def lag_recovery_without_peak(*, metric: str, sampled: str) -> str:
    """The load has no peak, or the lag was not sampled around it."""
    return (
        f"{metric} needs a load that rises to a peak and falls again, "
        f"and samples of {sampled} before and after the peak"
    )


@reason
def lag_recovery_without_commit(*, metric: str, every: float) -> str:
    """No commit shows the lag before the peak, or after it."""
    return (
        f"{metric} needs a commit of offsets before the peak of the load and one after it, and "
        f"commits are about {figure(every, 's')} apart. {_COMMIT_OR_RUN}"
    )


@reason
def lag_recovery_between_commits(*, low: float, high: float, threshold: float) -> str:
    """The lag recovered between two commits, one before the threshold and one after it."""
    return (
        f"the consumer lag recovered {figure(low, 's')} to {figure(high, 's')} after the peak, "
        f"between two commits of offsets, which contains the threshold of "
        f"{figure(threshold, 's')}. {_COMMIT_OR_RUN}"
    )


@reason
def lag_not_recovered(*, level: float, seconds: float) -> str:
    """The lag was still high when the load ended, later than the threshold allows."""
    return _lag_not_recovered(level, seconds)


@reason
def lag_recovery_undecided(*, level: float, seconds: float, threshold: float) -> str:
    """The lag was still high when the load ended, earlier than the threshold."""
    return (
        f"{_lag_not_recovered(level, seconds)}, within the threshold of "
        f"{figure(threshold, 's')}: run for longer"
    )


def _lag_not_recovered(level: float, seconds: float) -> str:
    return (
        f"the consumer lag had not returned to {counted(level, 'event')} when the load ended, "
        f"{figure(seconds, 's')} after its peak"
    )


@reason
def not_counted(*, metric: str) -> str:
    """The data-loss check did not count the metric."""
    return f"{metric} was not counted: the data-loss check did not complete"


@reason
def no_hold() -> str:
    """The scenario held no rate."""
    return "no rate was held: the scenario has no hold, or ended before it"


@reason
def recovery_unknown(*, metric: str, why: str) -> str:
    """A measure of a recovery could not be taken."""
    return f"{metric} is unknown: {why}"
