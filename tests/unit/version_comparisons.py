"""Comparisons of two versions, made from figures."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import log2

from cdc_perf.results.comparison import (
    Comparison,
    ComparisonStatus,
    HopTime,
    Side,
    Slice,
    Start,
    Version,
)
from cdc_perf.results.manifest import Machine, Versions

BEGAN = datetime(2026, 11, 29, 12, tzinfo=UTC)
START_SECONDS = 50
HOPS = {"source_to_debezium": 3.0, "debezium_to_kafka": 5.0, "kafka_to_consumer": 1.0}
_ORDER = (Side.BASE, Side.HEAD, Side.HEAD, Side.BASE)


def bucket(latency: float) -> int:
    """Return the bucket of a latency (stats/buckets.py)."""
    return int(log2(latency) * 32)


def slice_of(
    side: Side,
    began: float = 0,
    *,
    p50: float = 10.0,
    p95: float = 16.0,
    p99: float = 20.0,
    failed: int = 0,
    hops: Mapping[str, float] = HOPS,
    invalid: str = "",
) -> Slice:
    """Return a slice of 250 samples."""
    return Slice(
        side=side,
        began=began,
        samples=250,
        failed=failed,
        p50=p50,
        p95=p95,
        write_p50=1.0,
        hops={
            **{name: HopTime(mean=mean, events=250) for name, mean in hops.items()},
            **({"total": HopTime(mean=sum(hops.values()), events=250)} if hops else {}),
        },
        latencies={bucket(p50): 240, bucket(p99): 10},
        invalid=invalid,
    )


def start_of(number: int, slower: float = 1.0, slices: int = 8, wobble: float = 0.01) -> Start:
    """Return a start whose head is slower by a factor, a little different from other starts."""
    made = []
    for each in range(slices):
        side = _ORDER[each % 4]
        factor = (slower if side is Side.HEAD else 1) * (1 + wobble * ((7 * number + 3 * each) % 5))
        hops = {name: factor * mean for name, mean in HOPS.items()}
        made.append(
            slice_of(side, 5 * each, p50=10 * factor, p95=16 * factor, p99=20 * factor, hops=hops)
        )
    return Start(
        number=number,
        began=BEGAN + timedelta(seconds=START_SECONDS * number),
        seconds=START_SECONDS,
        warm_up_seconds=8,
        steady=True,
        slices=tuple(made),
    )


def comparison_of(
    *starts: Start, status: ComparisonStatus = ComparisonStatus.COMPLETE
) -> Comparison:
    """Return a comparison of these starts."""
    return Comparison(
        comparison_id="20261129T120000Z-abcd",
        status=status,
        began=BEGAN,
        seconds=START_SECONDS * len(starts),
        base=Version(name="main", commit="a" * 40),
        head=Version(name="HEAD", commit="b" * 40),
        harness=Versions(
            project="0.1.0", commit="b" * 40, changed=False, k6="1.8.1", components={}
        ),
        machine=Machine(
            system="Linux", architecture="x86_64", cpu="cpu", cores=2, memory=2**33, python="3.11"
        ),
        pipeline="pipelines/sample",
        workload="workload.toml, seed 1",
        rate=50,
        slice_seconds=5,
        minutes=12,
        effect=0.05,
        starts=starts,
    )
