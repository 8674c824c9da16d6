"""A rising arrival rate: the highest rate at which every limit held, and what broke it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from cdc_perf.results.points.gauges import StackSeries
from cdc_perf.results.points.windows import WINDOW_SECONDS, Window
from cdc_perf.settings.executors import RampingArrivalRate
from cdc_perf.settings.metrics import CONSUMER_LAG
from cdc_perf.verdict.figures import figure
from cdc_perf.verdict.load_gates import MOST_DROPPED
from cdc_perf.wording import counted


@dataclass(frozen=True)
class Ramp:
    """What a ramp showed.

    Attributes:
        highest: The highest rate, iterations a second, at which every limit held and every
            iteration began; None where nothing did.
        end: How it ended, in a sentence.
    """

    highest: float | None
    end: str


def judge_ramp(seen: Sequence[Window], stack: StackSeries, executor: RampingArrivalRate) -> Ramp:
    """Return the rate that was asked for when the last window began that came before a break.

    A break is two windows in a row, or the last one: a single pause, as of a garbage collection, is
    none.

    Args:
        seen: The windows of the ramp, with the limits that broke in each.
        stack: What the stack showed of itself meanwhile.
        executor: The ramp that was asked for.
    """
    if not seen:
        return Ramp(None, "no iteration of the ramp came to its end")
    broken = [_broken(window) for window in seen]
    for window, why, next_one in zip(seen, broken, [*broken[1:], broken[-1]], strict=True):
        if why and next_one:
            rate = rate_at(executor, window.begin)
            highest = rate_at(executor, window.begin - WINDOW_SECONDS) if window.begin else None
            return Ramp(
                highest,
                f"the ramp broke at {figure(rate)} iterations/s: {why}"
                f"{_stack_then(stack, window.begin)}",
            )
    last = rate_at(executor, seen[-1].begin)
    return Ramp(last, f"the ramp ended at {figure(last)} iterations/s without a broken limit")


def rate_at(executor: RampingArrivalRate, seconds: float) -> float:
    """Return the iterations a second that a ramp asks for, so many seconds after its start."""
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


def _stack_then(stack: StackSeries, begin: float) -> str:
    """Say which component was busiest, and how far the consumer was behind, at a moment."""
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
