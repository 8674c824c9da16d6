"""A comparison of two versions as it is after each start, until its time is over."""

from collections.abc import Iterator
from datetime import UTC, datetime

from cdc_perf.results.comparison import Comparison, ComparisonStatus, Start, Version
from cdc_perf.results.manifest import Machine, Versions

_EFFECT, _SLICE_SECONDS, _RATE = 0.05, 5.0, 30.0
_BEGAN = datetime(2026, 11, 29, tzinfo=UTC)


def looks(starts: Iterator[Start], minutes: float) -> Iterator[Comparison]:
    """Yield a comparison after each start; the last one begins in time to end in time.

    Args:
        starts: More than fit in.
        minutes: The time limit.
    """
    taken: tuple[Start, ...] = ()
    seconds, is_last = 0.0, False
    while not is_last:
        start = next(starts)
        taken = (*taken, start)
        seconds += start.seconds
        is_last = seconds + start.seconds > 60 * minutes
        status = ComparisonStatus.COMPLETE if is_last else ComparisonStatus.RUNNING
        yield _comparison(taken, status, seconds, minutes)


def _comparison(
    starts: tuple[Start, ...], status: ComparisonStatus, seconds: float, minutes: float
) -> Comparison:
    return Comparison(
        comparison_id="drawn",
        status=status,
        began=_BEGAN,
        seconds=seconds,
        base=Version(name="base", commit=""),
        head=Version(name="head", commit=""),
        harness=Versions(project="", commit="", changed=False, k6="", components={}),
        machine=Machine(system="", architecture="", cpu="", cores=2, memory=0, python=""),
        pipeline="",
        workload="",
        rate=_RATE,
        slice_seconds=_SLICE_SECONDS,
        minutes=minutes,
        effect=_EFFECT,
        starts=starts,
    )
