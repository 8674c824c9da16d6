"""The time of each hop, change by change, from the topics' records and k6's ledger.

This is for a pipeline without cdc-consumer, and has the definitions, shapes, and resolution of the
consumer's histograms (src/cdc_consumer/hops.py).

- `source_to_debezium`: from PostgreSQL's commit until Debezium handled the change.
- `debezium_to_kafka`: until the record's timestamp. If the producer sets it (CreateTime), that is
  Debezium's queue. If the broker does (LogAppendTime), it is also producer, network, and append.
- `kafka_to_sink`: until k6 saw the change in the sink.
- `total`: from the commit until k6 saw the change.

The last two exist only for changes that k6 waited for. For these, the hops add up to the total.

A change is a create, an update, or a delete in a table's topic. A read of a snapshot is none: it
was committed at another time. A repeated event counts once, as its first record.

**Which change an arrival belongs to.** The ledger says: k6 saw the state that it expected of this
row after this operation. Of the row's writes by that operation, it is the one with the same number
if k6 saw as many as it wrote, else the last one before the arrival in the ledger: k6 does not wait
for each write, or gives up on one. This needs no clock. The topic has each of these writes, in
their order, and between them changes that k6 does not know: by triggers and other programs. So with
`n` the number of the write, `w` that of all writes, and `e` that of all changes, it is one of the
changes `n` to `e - w + n`. Of these it is the last one that was in Kafka when k6 saw the state: a
trigger may have changed the row again on the way to it. Without a trigger, `n` is the only one, and
clocks that are off cannot lead to another change, but show as negative times. If the topic lacks
changes, or k6 waited for a change that it did not write itself, only the time decides. A change
arrives once; an arrival that no change is left for is in no hop.

Kafka's timestamps are whole milliseconds. The middle is used, so a record may be up to half a
millisecond later than its arrival.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf

from cdc_perf.integrity.events import ChangeTimes, Events, HopTimes
from cdc_perf.load.hops import HopMeasurements
from cdc_perf.stack.change_events import RecordClock
from cdc_perf.stats.latency_histogram import RESOLUTION_MS, Bucket, HopCounters, LatencyHistogram
from cdc_perf.wording import counted

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# The consumer's bounds, which grow by 5%: a percentile is accurate to 2.5% (tests compare them).
_LOWEST_US, _HIGHEST_US, _RATIO = 100.0, 120e6, 1.05


def _bounds_us() -> tuple[float, ...]:
    bounds = [_LOWEST_US]
    while bounds[-1] * _RATIO < _HIGHEST_US:
        bounds.append(bounds[-1] * _RATIO)
    return (*bounds, _HIGHEST_US)


def _milliseconds(bound_us: float) -> float:
    """Return a bound with the digits that the consumer's metrics have of it."""
    return round(float(f"{bound_us / 1e6:.6g}") * 1000, 6)


BOUNDS_US = _bounds_us()
_BUCKETS: dict[float, Bucket] = {
    high: (0.0 if low == 0.0 else _milliseconds(low), high if high == inf else _milliseconds(high))
    for low, high in pairwise((0.0, *BOUNDS_US, inf))
}


@dataclass(frozen=True)
class RecordHops:
    """The hops of a scenario's changes.

    Attributes:
        measurements: Their times. A hop that no change has is missing.
        clock: The clock that gave the records' timestamps; None if no record has one.
    """

    measurements: HopMeasurements
    clock: RecordClock | None

    @property
    def note(self) -> str:
        """What the clock means for the hops, in a sentence; empty if no record has a timestamp."""
        match self.clock:
            case RecordClock.PRODUCER:
                return (
                    "The record timestamps are by Kafka Connect's clock (CreateTime): "
                    "Kafka to sink includes producer, network, and append."
                )
            case RecordClock.BROKER:
                return (
                    "The record timestamps are by the broker's clock (LogAppendTime): "
                    "Debezium to Kafka includes producer, network, and append."
                )
            case RecordClock.MIXED:
                return (
                    "The record timestamps are partly by Kafka Connect's clock and partly by the "
                    "broker's: Debezium to Kafka and Kafka to sink meet at two different points."
                )
            case None:
                return ""


def record_hops(events: Events, topic_prefix: str, warm_up_ended: datetime | None) -> RecordHops:
    """Return the time of each hop over the changes of a window.

    Args:
        events: The records of the window, and the ledger.
        topic_prefix: The prefix of the topics.
        warm_up_ended: When the steady part began; None if the load did not get that far. A change
            belongs to the part that it arrived in; without an arrival, that of its record.
    """
    found = events.change_times(
        topic_prefix,
        steady_us=None if warm_up_ended is None else (warm_up_ended - _EPOCH) // _MICROSECOND,
        bounds_us=BOUNDS_US,
        resolution_us=round(RESOLUTION_MS * 1000),
    )
    end = None if found.last_us is None else _EPOCH + timedelta(microseconds=found.last_us)
    return RecordHops(
        HopMeasurements(
            steady=HopCounters(found.steady, _histograms(x for x in found.hops if x.steady)),
            warm_up=HopCounters(found.warm_up, _histograms(x for x in found.hops if not x.steady)),
            begin=warm_up_ended,
            end=end,
            fault=_missing(found),
        ),
        _clock(found.clocks),
    )


def _histograms(hops: Iterable[HopTimes]) -> dict[str, LatencyHistogram]:
    return {
        each.hop: LatencyHistogram(
            {_BUCKETS[bound]: count for bound, count in each.counts.items() if count},
            each.total_us / 1000,
            each.negative,
            each.negative_us / 1000,
        )
        for each in hops
    }


def _clock(clocks: frozenset[RecordClock]) -> RecordClock | None:
    return RecordClock.MIXED if len(clocks) > 1 else next(iter(clocks), None)


def _missing(found: ChangeTimes) -> str:
    """Return what is missing and why, in a sentence; empty if nothing is."""
    changes = found.warm_up + found.steady
    lacks = {
        "commit time (source.ts_us)": found.without_source,
        "Debezium time (ts_us)": found.without_debezium,
        "record timestamp": found.without_kafka,
    }
    parts = [
        f"{number:,} of {counted(changes, 'event')} have no {what}"
        for what, number in lacks.items()
        if number
    ]
    if not found.arrivals:
        parts.append("k6 saw no change in the sink: Kafka to sink and the total are unknown")
    elif found.arrived < found.arrivals:
        lost = found.arrivals - found.arrived
        parts.append(
            f"{lost:,} of {counted(found.arrivals, 'change')} that k6 saw in the sink have no event"
        )
    return "; ".join(parts)
