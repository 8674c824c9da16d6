"""A rising arrival rate: the highest rate at which every threshold held, and what broke it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from cdc_perf.reasons.figures import figure
from cdc_perf.results.points.gauges import StackSeries
from cdc_perf.results.points.windows import WINDOW_SECONDS, Window
from cdc_perf.settings.executors import RampingArrivalRate
from cdc_perf.settings.metrics import CONSUMER_LAG
from cdc_perf.verdict.load_gates import MOST_DROPPED
from cdc_perf.wording import counted


@dataclass(frozen=True)
class Ramp:
    """The result of a ramp.

    Attributes:
        highest: The highest rate, in iterations per second, at which every threshold held and every
            iteration began; None if there is none.
        end: How it ended, in a sentence.
    """

    highest: float | None
    end: str


def judge_ramp(seen: Sequence[Window], stack: StackSeries, executor: RampingArrivalRate) -> Ramp:
    """Return a ramp's result, with the rate at the start of the last window before a break.

    A break is two windows in a row, or the last one: a single pause, such as a garbage collection,
    is not a break.

    Args:
        seen: The windows of the ramp, with the thresholds that broke in each.
        stack: The stack's gauges.
        executor: The requested ramp.
    """
    if not seen:
        return Ramp(None, "no iteration of the ramp completed")
    broken = [_broken(window) for window in seen]
    for window, why, next_one in zip(seen, broken, [*broken[1:], broken[-1]], strict=True):
        if why and next_one:
            rate = rate_at(executor, window.begin)
            highest = rate_at(executor, window.begin - WINDOW_SECONDS) if window.begin else None
            return Ramp(
                highest,
                f"the ramp broke at {figure(rate)} iterations/s: {why}"
                f"{_stack_at(stack, window.begin)}",
            )
    last = rate_at(executor, seen[-1].begin)
    return Ramp(last, f"the ramp ended at {figure(last)} iterations/s without a broken threshold")


def rate_at(executor: RampingArrivalRate, seconds: float) -> float:
    """Return the requested iterations per second of a ramp, `seconds` after its start."""
    unit = executor.unit_seconds
    rate, left = float(executor.start_rate), seconds
    for stage in executor.stages:
        if left < stage.seconds:
            return (rate + (stage.target - rate) * left / stage.seconds) / unit
        rate, left = float(stage.target), left - stage.seconds
    return rate / unit


def _broken(window: Window) -> str:
    due = window.iterations + window.dropped
    if window.dropped > MOST_DROPPED * due:
        return f"{window.dropped:,} of {due:,} iterations could not begin within {WINDOW_SECONDS} s"
    return ", ".join(
        f"{threshold.metric} {threshold.stat} was {figure(observed, threshold.unit)} "
        f"within {WINDOW_SECONDS} s"
        for threshold, observed in window.broken
    )


def _stack_at(stack: StackSeries, begin: float) -> str:
    """Return which component was busiest, and the consumer lag, in the window from `begin`."""
    then = {
        metric: [value for at, value in samples if begin <= at < begin + WINDOW_SECONDS]
        for metric, samples in stack.samples.items()
    }
    busy = {
        metric.removeprefix("cpu_"): fmean(values)
        for metric, values in then.items()
        if metric.startswith("cpu_") and values
    }
    parts = []
    if busy:
        name = max(busy, key=busy.__getitem__)
        cores = f"{busy[name]:.2f} of {sum(busy.values()):.2f} cores in use"
        parts.append(f"{name} was busiest with {cores}")
    if lag := then.get(CONSUMER_LAG):
        parts.append(f"{CONSUMER_LAG} reached {counted(max(lag), 'event')}")
    return f"; {', '.join(parts)}" if parts else ""
