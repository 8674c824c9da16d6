"""A rising arrival rate: the highest rate at which every limit held, and what broke it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from scripts.results.points.gauges import StackSeries, stack_series
from scripts.results.points.store import read_points
from scripts.results.points.windows import WINDOW_SECONDS, Window, windows
from scripts.settings.durations import parse_duration
from scripts.settings.executors import RampingArrivalRate
from scripts.settings.metrics import CONSUMER_LAG
from scripts.settings.thresholds import Threshold
from scripts.verdict.figures import figure
from scripts.verdict.load_gates import MOST_DROPPED


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


def examine_ramp(
    points: Path, gauges: Path, executor: RampingArrivalRate, thresholds: Sequence[Threshold]
) -> Ramp:
    """Find where the first limit broke.

    Args:
        points: k6's points of the ramp.
        gauges: The stack's gauges meanwhile.
        executor: The ramp that was asked for.
        thresholds: The limits.
    """
    import duckdb  # noqa: PLC0415 - only who reads points waits for it

    try:
        with read_points((points, gauges)) as read:
            return judge_ramp(windows(read, thresholds), stack_series(read, 1), executor)
    except (OSError, duckdb.Error) as error:
        why = str(error).partition("\n")[0]
        return Ramp(None, f"the points of the ramp could not be examined: {why}")


def judge_ramp(seen: Sequence[Window], stack: StackSeries, executor: RampingArrivalRate) -> Ramp:
    """Return the rate that was asked for when the last window began that came before a break.

    A break is two windows in a row, or the last one: a single pause, as of a garbage collection, is
    none.
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
    unit = parse_duration(executor.time_unit, where="timeUnit")
    rate, left = float(executor.start_rate), seconds
    for stage in executor.stages:
        length = parse_duration(stage.duration, where="stages")
        if left < length:
            return (rate + (stage.target - rate) * left / length) / unit
        rate, left = float(stage.target), left - length
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
        parts.append(f"{CONSUMER_LAG} reached {max(lag):,.0f} events")
    return f"; {', '.join(parts)}" if parts else ""
