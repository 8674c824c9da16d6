"""A comparison of two versions as measuring records it: starts, each with slices of both."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil, exp, log2
from random import Random

import msgspec

from cdc_perf.results.comparison import Comparison, HopTime, Side, Slice, Start, Version
from tests.unit.points import percentile
from tests.unit.version_comparisons import comparison_of

STARTS, SLICES, RATE, SLICE_SECONDS = 12, 8, 50.0, 5.0
WARM_UP_SECONDS, START_SECONDS = 10.0, 58.0
BEGAN = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
HOPS_MS = {
    "source_to_debezium": 1.2,
    "debezium_to_kafka": 4.3,
    "kafka_to_consumer": 2.0,
    "consumer_to_mongodb": 1.9,
}
SLOWED = "debezium_to_kafka"
_WRITE_MS, _SPREAD = 0.7, 0.32
# Of the logarithm, as measured on warm stacks: the start and the slice both move a latency.
_OF_START, _OF_SLICE = 0.012, 0.025
_ORDER = (Side.BASE, Side.HEAD, Side.HEAD, Side.BASE)
BASE = Version(
    name="main",
    commit="b" * 40,
    components={"kafka": "4.1.0", "postgres": "18.6"},
    settings={"max.batch.size": "2048", "poll.interval.ms": "5"},
)
HEAD = Version(
    name="HEAD",
    commit="c" * 40,
    components={"kafka": "4.1.0", "postgres": "18.6"},
    settings={"max.batch.size": "2048", "poll.interval.ms": "6"},
)


def compared(
    added_ms: float = 0.0, *, starts: int = STARTS, slices: int = SLICES, seed: int = 1
) -> Comparison:
    """Return a comparison in which one hop of head takes longer by `added_ms`."""
    random = Random(seed)  # noqa: S311 - nothing here is a secret
    made = (_start(random, number, slices, added_ms) for number in range(1, starts + 1))
    return msgspec.structs.replace(
        comparison_of(*made),
        began=BEGAN,
        seconds=starts * START_SECONDS,
        base=BASE,
        head=HEAD,
        rate=RATE,
        slice_seconds=SLICE_SECONDS,
    )


def with_slice(comparison: Comparison, start: int, number: int, **changes: object) -> Comparison:
    """Return the comparison with one slice changed; both counted from 0."""
    slices = list(comparison.starts[start].slices)
    slices[number] = msgspec.structs.replace(slices[number], **changes)
    return with_start(comparison, start, slices=tuple(slices))


def with_start(comparison: Comparison, start: int, **changes: object) -> Comparison:
    """Return the comparison with one start changed, counted from 0."""
    starts = list(comparison.starts)
    starts[start] = msgspec.structs.replace(starts[start], **changes)
    return msgspec.structs.replace(comparison, starts=tuple(starts))


def buckets_of(latencies: Sequence[float]) -> Mapping[int, int]:
    """Return the histogram of latencies above 0 (stats/buckets.py)."""
    return Counter(ceil(log2(each) * 32) - 1 for each in latencies)


def _start(random: Random, number: int, slices: int, added_ms: float) -> Start:
    of_side = {side: random.gauss(0, _OF_START) for side in Side}
    return Start(
        number=number,
        began=BEGAN + timedelta(seconds=START_SECONDS * (number - 1)),
        seconds=START_SECONDS,
        warm_up_seconds=WARM_UP_SECONDS,
        steady=True,
        slices=tuple(
            _slice(
                random,
                side := _ORDER[place % len(_ORDER)],
                WARM_UP_SECONDS + SLICE_SECONDS * place,
                exp(of_side[side] + random.gauss(0, _OF_SLICE)),
                added_ms if side is Side.HEAD else 0.0,
            )
            for place in range(slices)
        ),
    )


def _slice(random: Random, side: Side, began: float, factor: float, added_ms: float) -> Slice:
    hops = {hop: factor * mean for hop, mean in HOPS_MS.items()}
    hops[SLOWED] += added_ms
    total, write = sum(hops.values()), factor * _WRITE_MS
    samples = round(RATE * SLICE_SECONDS)
    # The median of what varies is what the mean hop takes, so that p95 is about 1.7 times p50.
    varying = factor * sum(HOPS_MS.values())
    latencies = [write + added_ms + varying * exp(random.gauss(0, _SPREAD)) for _ in range(samples)]
    return Slice(
        side=side,
        began=began,
        samples=samples,
        failed=0,
        p50=percentile(latencies, 0.5),
        p95=percentile(latencies, 0.95),
        write_p50=write,
        hops={
            name: HopTime(mean=mean, events=samples)
            for name, mean in {**hops, "total": total}.items()
        },
        latencies=buckets_of(latencies),
    )
