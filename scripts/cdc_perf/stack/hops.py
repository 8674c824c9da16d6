"""The latency of each hop, from the consumer's Prometheus metrics."""

from dataclasses import dataclass, field
from itertools import pairwise

import requests
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from cdc_perf.stack.connect_api import why_not
from cdc_perf.stats.latency_histogram import RESOLUTION_MS, Bucket, HopCounters, LatencyHistogram
from cdc_perf.waiting import NotReady

_READ_SECONDS = 2.0
_HOP_SECONDS = "cdc_consumer_hop_seconds"
_NEGATIVE_SECONDS = "cdc_consumer_hop_negative_seconds"


def read_hops(consumer_url: str, ca: str = "") -> HopCounters:
    """Return what a consumer has counted since its start.

    Args:
        consumer_url: Its address.
        ca: A file of certificate authorities that may sign its certificate; empty: the system's.

    Raises:
        NotReady: It does not answer, or has no hop metrics.
    """
    try:
        answer = requests.get(f"{consumer_url}/metrics", timeout=_READ_SECONDS, verify=ca or True)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise NotReady(
            f"the consumer does not answer at {consumer_url}/metrics: {why_not(error)}"
        ) from None
    return parse_hops(answer.text)


def parse_hops(exposition: str) -> HopCounters:
    """Return the counters in a consumer's metrics, given in Prometheus's text format.

    Raises:
        NotReady: The text is malformed, or has no hop metrics.
    """
    try:
        families = {x.name: x for x in text_string_to_metric_families(exposition)}
    except ValueError as error:
        raise NotReady(f"cannot parse the consumer's metrics: {error}") from None
    if _HOP_SECONDS not in families:
        raise NotReady(f"the consumer's metrics have no {_HOP_SECONDS}")
    times = _by_hop(families[_HOP_SECONDS])
    negative = _by_hop(families[_NEGATIVE_SECONDS]) if _NEGATIVE_SECONDS in families else {}
    return HopCounters(
        int(_sum(families.get("cdc_consumer_events"), "_total")),
        {hop: _times(each, negative.get(hop, _Cumulative())) for hop, each in times.items()},
        _sum(families.get("process_start_time_seconds"), ""),
    )


@dataclass
class _Cumulative:
    """A cumulative histogram in milliseconds."""

    counts: dict[float, int] = field(default_factory=dict)
    sum_ms: float = 0.0

    @property
    def buckets(self) -> dict[Bucket, int]:
        steps = pairwise([(0.0, 0), *sorted(self.counts.items())])
        return {(low, high): now - before for (low, before), (high, now) in steps if now > before}


def _by_hop(family: Metric) -> dict[str, _Cumulative]:
    found: dict[str, _Cumulative] = {}
    for sample in family.samples:
        each = found.setdefault(sample.labels.get("hop", ""), _Cumulative())
        if sample.name.endswith("_bucket"):
            each.counts[round(float(sample.labels["le"]) * 1000, 6)] = int(sample.value)
        elif sample.name.endswith("_sum"):
            each.sum_ms = sample.value * 1000
    return found


def _times(times: _Cumulative, negative: _Cumulative) -> LatencyHistogram:
    within = sum(n for (_, high), n in negative.buckets.items() if high <= RESOLUTION_MS)
    return LatencyHistogram(
        times.buckets,
        times.sum_ms - negative.sum_ms,
        sum(negative.buckets.values()) - within,
        negative.sum_ms - RESOLUTION_MS * within,
    )


def _sum(family: Metric | None, suffix: str) -> float:
    samples = family.samples if family else ()
    return sum(sample.value for sample in samples if sample.name.endswith(suffix))
