"""The shape of hops.json: the latency of each hop in one scenario."""

from datetime import datetime
from math import inf
from pathlib import Path
from typing import Annotated

import msgspec

from cdc_perf.files import NOT_JSON
from cdc_perf.load.hops import HopMeasurements
from cdc_perf.settings.hops import TOTAL, sequence_of
from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed
from cdc_perf.stats.latency_histogram import LatencyHistogram

SCHEMA_VERSION = 1
_MAX_BYTES = 2_000_000
_MOST = 1e15
_Count = Annotated[int, msgspec.Meta(ge=0, le=int(_MOST))]
_Time = Annotated[float, msgspec.Meta(ge=0, le=_MOST)]
# A mean is negative if clocks are off.
_Mean = Annotated[float, msgspec.Meta(ge=-_MOST, le=_MOST)]


class HopFigures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One hop, in milliseconds.

    Attributes:
        hop: Its name, or `total`.
        events: The number of measured events.
        mean: The mean; null without events. The means of the hops add up to that of `total` if all
            have the same events.
        p50: The median, like the others within 2.5% of the true one; null without enough events.
        p95: The 95th percentile.
        p99: The 99th percentile.
        negative: The number of events that were negative by more than 0.5 ms: a clock is off.
        negative_mean: By how much, at least and on average.
        histogram: Lower bound, upper bound (null: none), and events of each non-empty bucket.
    """

    hop: str
    events: _Count
    mean: _Mean | None
    p50: _Time | None
    p95: _Time | None
    p99: _Time | None
    negative: _Count
    negative_mean: _Time
    histogram: tuple[tuple[_Time, _Time | None, _Count], ...]


class Hops(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The latency of each hop: `<run>/<scenario>/hops.json`.

    The consumer measures it; without it, it comes from the topics' records and k6's ledger.

    Attributes:
        schema_version: The version of this shape.
        begin: When the warm-up ended; null if the load did not get so far.
        end: When the last reading was taken; null if there was none.
        events: The number of events that were applied in between.
        warm_up_events: The number of events that were applied before.
        restarts: How often the consumer restarted its counters.
        missing: What is missing and why, in a sentence; else empty.
        note: Whose clocks the times are by, in a sentence; empty if cdc-consumer measured them.
        hops: In pipeline order, `total` last; empty if nothing could be read.
    """

    schema_version: int = SCHEMA_VERSION
    begin: datetime | None
    end: datetime | None
    events: _Count
    warm_up_events: _Count
    restarts: _Count
    missing: str
    note: str = ""
    hops: tuple[HopFigures, ...]

    @property
    def total(self) -> HopFigures | None:
        """The latency from the commit to the sink; None without events."""
        return next((x for x in self.hops if x.hop == TOTAL.name and x.events), None)


def hops_of(seen: HopMeasurements) -> Hops:
    """Return the content of hops.json for a scenario's hops."""
    return Hops(
        begin=seen.begin,
        end=seen.end,
        events=seen.steady.events,
        warm_up_events=seen.warm_up.events,
        restarts=seen.restarts,
        missing=seen.fault,
        note=seen.note,
        hops=tuple(
            _figures(hop.name, seen.steady.hops[hop.name])
            for hop in sequence_of(seen.steady.hops, seen.note).all
            if hop.name in seen.steady.hops
        ),
    )


def read_hops_file(path: Path) -> Hops | None:
    """Return the content of a hops.json; None if there is none.

    Raises:
        ValueError: If it is invalid; the message says why.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError(f"{path.name} is larger than {_MAX_BYTES:,} bytes")
        found = msgspec.json.decode(path.read_bytes(), type=Hops)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read: {error.strerror}") from None
    except NOT_JSON as error:
        raise ValueError(f"{path.name} is malformed: {error}") from None
    if found.schema_version != SCHEMA_VERSION:
        raise ValueError(
            f"{path.name} has schema version {found.schema_version}, not {SCHEMA_VERSION}"
        )
    names = [each.hop for each in found.hops]
    if names != [hop.name for hop in sequence_of(names, found.note).all if hop.name in names]:
        raise ValueError(f"{path.name} lists unknown hops, or lists them in the wrong order")
    return found


def _figures(hop: str, times: LatencyHistogram) -> HopFigures:
    p50, p95, p99 = (_percentile(times, stat) for stat in ("p50", "p95", "p99"))
    return HopFigures(
        hop=hop,
        events=times.count,
        mean=times.mean,
        p50=p50,
        p95=p95,
        p99=p99,
        negative=times.negative,
        negative_mean=times.negative_mean,
        histogram=tuple(
            (low, None if high == inf else high, times.buckets[low, high])
            for low, high in sorted(times.buckets)
        ),
    )


def _percentile(times: LatencyHistogram, stat: str) -> float | None:
    if times.count < samples_needed(MetricType.HISTOGRAM, stat, 1):
        return None
    return times.percentile(int(stat[1:]) / 100)
