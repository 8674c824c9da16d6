"""How the pipeline recovered from each fault, measured from k6's ledger, its points, and gauges.

All times are seconds since the epoch. The load generator's clock gives those of changes and of the
injection alike: k6 and the harness run on one machine.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from operator import itemgetter
from pathlib import Path
from typing import Annotated

import msgspec

from cdc_perf.faults.matching import ChangeMatcher
from cdc_perf.faults.records import Injection
from cdc_perf.files import NOT_JSON
from cdc_perf.integrity.ledger import AcknowledgedWrite, Arrival
from cdc_perf.integrity.records import FindingKind, FindingTimes, Integrity
from cdc_perf.settings.metrics import SLOT_RETAINED_BYTES
from cdc_perf.settings.recovery import (
    CATCH_UP,
    DETECTION,
    DUPLICATES,
    LATENCY,
    LOST,
    OUTAGE,
    STALENESS,
)
from cdc_perf.stats.percentiles import percentile

# One window of latencies: enough for p95 by the rule of three.
WINDOW_SAMPLES = 60
LATENCY_FACTOR = 1.5
_SHARE = 0.95
# A backlog is back at its level if it stays there so long.
_HOLD_SECONDS = 2.0
# Above the highest backlog before, because that of a few seconds is not the highest of all.
_LEVEL_FACTOR, _LEVEL_SLACK = 1.5, 2.0
# A gap is an outage, and not a pause between two changes, if it is so much longer than before.
_GAP_FACTOR, _GAP_SLACK = 2.0, 0.5
_LEAST_BEFORE_SECONDS = 10.0

_MOST_BYTES = 2_000_000
_Value = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]
_Time = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=10**15)]

Samples = Sequence[tuple[float, float]]


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measure of a recovery.

    Attributes:
        value: In seconds, bytes, or a count; None if it could not be measured.
        samples: The number of samples behind it.
        at_least: Whether the true value may be larger: the observation ended first.
        why: Why there is no value; else empty.
    """

    value: _Value | None
    samples: _Count
    at_least: bool = False
    why: str = ""


@dataclass(frozen=True)
class Change:
    """A change that k6 followed to the sink.

    Attributes:
        written: When PostgreSQL acknowledged it.
        arrived: When k6 saw it in the sink.
    """

    written: float
    arrived: float


@dataclass(frozen=True)
class Observed:
    """What was observed of a load.

    Attributes:
        begin: When the warm-up had ended.
        end: When the load ended.
        changes: The changes that arrived, in the order of their arrival.
        unseen: When k6 gave up on a change that had not arrived.
        latencies: When each iteration ended, and its end-to-end latency in milliseconds, failures
            included with their timeout; in the order of time.
        lag: Samples of the consumer lag.
        slot: Samples of the bytes that the replication slot retains.
    """

    begin: float
    end: float
    changes: Sequence[Change]
    unseen: Sequence[float]
    latencies: Samples
    lag: Samples
    slot: Samples


class Recovery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The recovery from one fault.

    Attributes:
        injection: The fault.
        began: When it was injected.
        end: When the observation of it ended: at the next fault, or with the load.
        flowing_again: When the longest gap between arrivals ended; `began` if it was a usual one.
        steady_again: When the backlog and the latency were back; `end` if they were not.
        measures: By name, in the order in which they are shown.
    """

    injection: Injection
    began: _Time
    end: _Time
    flowing_again: _Time
    steady_again: _Time
    measures: dict[str, Measure]

    @property
    def span(self) -> tuple[float, float]:
        """The time in which the pipeline was not in its steady state."""
        return self.began, self.steady_again


class RecoveryFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The recoveries of a scenario: `<run>/<scenario>/recovery.json`.

    Attributes:
        schema_version: The version of this shape.
        recoveries: In the order of time.
    """

    schema_version: int = 1
    recoveries: tuple[Recovery, ...]


def read_recoveries(path: Path) -> tuple[Recovery, ...]:
    """Return the content of a recovery.json; empty if there is none.

    Raises:
        ValueError: If it is invalid; the message says why.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"{path.name} is larger than {_MOST_BYTES:,} bytes")
        return msgspec.json.decode(path.read_bytes(), type=RecoveryFile).recoveries
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read: {error.strerror}") from None
    except NOT_JSON as error:
        raise ValueError(f"{path.name} is malformed: {error}") from None


def changes_of(entries: Iterable[AcknowledgedWrite | Arrival]) -> tuple[Change, ...]:
    """Return the changes of a ledger that arrived, in the order of their arrival."""
    matcher = ChangeMatcher()
    found = (
        Change(written / 1e6, arrived / 1e6)
        for written, arrived in filter(None, map(matcher.add, entries))
    )
    return tuple(sorted(found, key=lambda change: change.arrived))


def recoveries(injections: Sequence[Injection], seen: Observed) -> tuple[Recovery, ...]:
    """Return the recovery from each fault that happened.

    The time before a fault begins with the recovery from the one before, or after the warm-up. The
    time after it ends when the next fault begins, or with the load.
    """
    happened = [each for each in injections if each.began is not None and each.happened]
    starts = [each.began.timestamp() for each in happened if each.began is not None]
    ends = [*starts, seen.end][1:]
    found: list[Recovery] = []
    before = seen.begin
    for injection, began, end in zip(happened, starts, ends, strict=True):
        span = _Span(before, began, end)
        found.append(_measured(injection, span, seen))
        before = _steady_since(found[-1])
    return tuple(found)


def with_findings(found: Sequence[Recovery], integrity: Integrity | None) -> tuple[Recovery, ...]:
    """Return recoveries with what was lost and repeated in the time of each.

    A lost row counts for the fault in whose time k6 wrote it last. A row that k6 did not write, and
    a dead letter, count for every fault.
    """
    return tuple(
        msgspec.structs.replace(
            each,
            measures={**each.measures, **_findings(each, integrity)},
        )
        for each in found
    )


def _findings(recovery: Recovery, integrity: Integrity | None) -> dict[str, Measure]:
    if integrity is None or integrity.unchecked:
        unknown = Measure(None, 0, why="the data-loss check did not run")
        return {LOST: unknown, DUPLICATES: unknown}
    times = integrity.times or FindingTimes()
    begin, end = recovery.began * 1e6, recovery.end * 1e6
    lost = sum(at is None or begin <= at < end for at in times.lost_us)
    lost += integrity.count({FindingKind.DEAD_LETTER})
    repeated = sum(begin <= at < end for at in times.repeated_us)
    writes = sum((integrity.acknowledged or {}).values())
    return {LOST: Measure(float(lost), writes), DUPLICATES: Measure(float(repeated), writes)}


def _steady_since(last: Recovery) -> float:
    """Return when the time before the next fault begins.

    After a recovery that was not complete, for instance because a JVM that started again is still
    slower, it is the last seconds before that fault.
    """
    if last.steady_again < last.end:
        return last.steady_again
    return max(last.flowing_again, last.end - _LEAST_BEFORE_SECONDS)


@dataclass(frozen=True)
class _Span:
    """When the time before a fault began, when the fault was injected, when its time ended."""

    before: float
    began: float
    end: float


def _measured(injection: Injection, span: _Span, seen: Observed) -> Recovery:
    outage, flowing = _outage(span, seen)
    catch_up = _catch_up(span, seen, flowing)
    latency = _latency_recovery(span, seen)
    again = span.end
    if catch_up.value is not None and not catch_up.at_least and not latency.at_least:
        again = span.began + max(catch_up.value, latency.value or 0.0)
    measures = {
        DETECTION: _detection(injection, span, again),
        OUTAGE: outage,
        CATCH_UP: catch_up,
        LATENCY: latency,
        STALENESS: _staleness(span, seen),
        SLOT_RETAINED_BYTES: _largest(_within(seen.slot, span.began, span.end)),
    }
    return Recovery(
        injection=injection,
        began=span.began,
        end=span.end,
        flowing_again=flowing,
        steady_again=again,
        measures=measures,
    )


def _detection(injection: Injection, span: _Span, again: float) -> Measure:
    """Return when a signal first showed the fault; one after the recovery shows something else."""
    at = injection.detected
    ended = again if injection.ended is None else max(again, injection.ended.timestamp())
    if at is None or at.timestamp() > ended:
        return Measure(None, 0, why="no signal showed it")
    return Measure(at.timestamp() - span.began, 1)


def _outage(span: _Span, seen: Observed) -> tuple[Measure, float]:
    """Return the longest gap between two arrivals, and when it ended.

    The gap that is open at the end of the time counts, as far as it goes.
    """
    arrivals = [change.arrived for change in seen.changes]
    before = arrivals[bisect_left(arrivals, span.before) : bisect_left(arrivals, span.began)]
    first = bisect_left(arrivals, span.began)
    after = arrivals[max(0, first - 1) : bisect_left(arrivals, span.end)]
    gaps = [(later - max(earlier, span.before), later, False) for earlier, later in pairwise(after)]
    if after:
        gaps.append((span.end - after[-1], span.end, True))
    if not before or not gaps:
        return Measure(None, len(after), why="no change arrived before or after it"), span.end
    longest, ended, is_open = max(gaps)
    usual = max((later - earlier for earlier, later in pairwise(before)), default=inf)
    lasted = longest > _GAP_FACTOR * usual + _GAP_SLACK
    at_least = is_open and lasted
    return Measure(longest, len(after), at_least), ended if lasted else span.began


def _catch_up(span: _Span, seen: Observed, flowing: float) -> Measure:
    """Return when the backlog was back at its level, not before changes arrive again.

    The backlog is the number of changes that PostgreSQL acknowledged and k6 has not seen yet; and
    the consumer lag, if it is known.
    """
    if any(span.began <= at < span.end for at in seen.unseen):
        why = "changes were not seen before k6's timeout"
        return Measure(None, 0, at_least=True, why=why)
    backlogs = [_backlog(seen.changes, span)]
    if _within(seen.lag, span.before, span.began):
        backlogs.append(_within(seen.lag, span.before, span.end))
    times = [_back_at_level(backlog, span) for backlog in backlogs]
    samples = sum(len(backlog) for backlog in backlogs)
    if None in times or flowing >= span.end:
        return Measure(span.end - span.began, samples, at_least=True)
    latest = max(flowing, *(at for at in times if at is not None))
    return Measure(latest - span.began, samples)


def _backlog(changes: Sequence[Change], span: _Span) -> Samples:
    """Return the number of changes on their way, at each time at which it changes."""
    steps = sorted(
        [(each.written, 1) for each in changes if each.written < span.end]
        + [(each.arrived, -1) for each in changes if each.arrived < span.end]
    )
    found, on_way = [], 0
    for at, step in steps:
        on_way += step
        if at >= span.before:
            found.append((at, float(on_way)))
    return found


def _back_at_level(backlog: Samples, span: _Span) -> float | None:
    """Return when a backlog was back at its level after its peak; None if it was not."""
    times = [at for at, _ in backlog]
    begin = bisect_left(times, span.began)
    highest = max((value for _, value in backlog[:begin]), default=0.0)
    level = _LEVEL_FACTOR * highest + _LEVEL_SLACK
    after = backlog[begin:]
    peak = max(range(len(after)), key=lambda index: after[index][1], default=None)
    if peak is None or after[peak][1] <= level:
        return span.began
    return _settled([(at, value <= level) for at, value in after[peak:]], span.end)


def _settled(within: Sequence[tuple[float, bool]], end: float) -> float | None:
    """Return when something first was within its bound and stayed there for a time."""
    since = None
    for at, is_within in within:
        if not is_within:
            since = None
        elif since is None:
            since = at
        if since is not None and at - since >= _HOLD_SECONDS:
            return since
    return since if since is not None and end - since >= _HOLD_SECONDS else None


def _latency_recovery(span: _Span, seen: Observed) -> Measure:
    """Return when p95 of a window of iterations was near its value before, and stayed there."""
    before = [ms for _, ms in _within(seen.latencies, span.before, span.began)]
    after = _within(seen.latencies, span.began, span.end)
    if len(before) < WINDOW_SAMPLES or len(after) < WINDOW_SAMPLES:
        few = min(len(before), len(after))
        why = f"p95 needs {WINDOW_SAMPLES} iterations before and after it; there were {few}"
        return Measure(None, few, why=why)
    bound = LATENCY_FACTOR * percentile(before, _SHARE)
    windows = [
        (after[end - WINDOW_SAMPLES][0], percentile([ms for _, ms in part], _SHARE))
        for end in range(WINDOW_SAMPLES, len(after) + 1)
        if (part := after[end - WINDOW_SAMPLES : end])
    ]
    worst = max(range(len(windows)), key=lambda index: windows[index][1])
    if windows[worst][1] <= bound:
        return Measure(0.0, len(after))
    since = _settled([(at, p95 <= bound) for at, p95 in windows[worst:]], span.end)
    if since is None:
        return Measure(span.end - span.began, len(after), at_least=True)
    return Measure(since - span.began, len(after))


def _staleness(span: _Span, seen: Observed) -> Measure:
    """Return the largest age at which a change was seen."""
    ages = [x.arrived - x.written for x in seen.changes if span.began <= x.arrived < span.end]
    if not ages:
        return Measure(None, 0, why="no change arrived after it")
    unseen = any(span.began <= at < span.end for at in seen.unseen)
    return Measure(max(ages), len(ages), at_least=unseen)


def _largest(samples: Samples) -> Measure:
    if not samples:
        return Measure(None, 0, why="it was not sampled")
    return Measure(max(value for _, value in samples), len(samples))


def _within(samples: Samples, begin: float, end: float) -> Samples:
    time = itemgetter(0)
    return samples[bisect_left(samples, begin, key=time) : bisect_right(samples, end, key=time)]
