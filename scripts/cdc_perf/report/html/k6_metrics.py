"""The metrics of a summary that k6 wrote by itself, and the one to show as latency."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdc_perf.report.html.figures import shown
from cdc_perf.report.html.k6_thresholds import unit_of
from cdc_perf.report.rows import NOTHING
from cdc_perf.results.points.statistics import parsed_k6_name
from cdc_perf.results.summary import Metric, Summary, SummaryType
from cdc_perf.runs.row import LATENCY

_CHANGES, _ = parsed_k6_name(LATENCY)
# k6's latencies, of which the first with samples counts; the script's own trends come next.
_LATENCIES = (_CHANGES, "http_req_duration", "grpc_req_duration", "browser_http_req_duration")
# k6's metrics that are parts or sums of others: only if a script times nothing else.
_LAST = ("ws_connecting", "ws_session_duration", "group_duration", "iteration_duration")
_PARTS = ("http_req_", "ws_", "browser_", "generator_delay", *_LAST)
_MEANINGS = {
    "http_req_duration": "an HTTP request: sending, waiting, and receiving",
    "http_req_waiting": "waiting for an HTTP response's first byte",
    "http_req_blocked": "waiting for a free connection",
    "http_req_connecting": "establishing a TCP connection",
    "http_req_tls_handshaking": "a TLS handshake",
    "http_req_sending": "sending an HTTP request",
    "http_req_receiving": "receiving an HTTP response",
    "grpc_req_duration": "a gRPC request",
    "ws_connecting": "connecting a WebSocket",
    "ws_session_duration": "a WebSocket session",
    "group_duration": "a group of the script",
    "iteration_duration": "a whole iteration, including think time",
}
_STATS = {
    SummaryType.TREND: ("avg", "min", "med", "max"),
    SummaryType.RATE: ("rate", "passes", "fails"),
    SummaryType.COUNTER: ("count", "rate"),
    SummaryType.GAUGE: ("value", "min", "max"),
}
_DERIVED = ("p(50)", "count")


@dataclass(frozen=True)
class MetricRow:
    """One metric or sub-metric: its figures as text, each with its unit."""

    name: str
    type: str
    samples: str
    figures: str


def main_latency(samples: Mapping[str, int]) -> str:
    """Return the trend to show as latency; empty if nothing was timed.

    Args:
        samples: The number of samples of each trend of times, by its name.
    """
    timed = {name: count for name, count in samples.items() if count and "{" not in name}
    own = {name: count for name, count in timed.items() if not name.startswith(_PARTS)}
    most = sorted(own, key=lambda name: (-own[name], name))
    return next((name for name in (*_LATENCIES, *most, *_LAST) if name in timed), "")


def times_of(summary: Summary) -> dict[str, str]:
    """Return each trend of times that has samples, and its meaning."""
    return {
        name: _MEANINGS.get(parsed_k6_name(name)[0], "measured by the script")
        for name, metric in sorted(summary.metrics.items())
        if metric.type is SummaryType.TREND
        and (metric.contains == "time" or name == _CHANGES)
        and sampled(metric) != 0
    }


def sampled(metric: Metric) -> int | None:
    """Return the number of samples of a trend or a rate; None if unknown."""
    values = metric.values
    if metric.type is SummaryType.TREND and values.get("count") is not None:
        return int(values["count"] or 0)
    if metric.type is SummaryType.RATE:
        return int((values.get("passes") or 0) + (values.get("fails") or 0))
    # A null means infinity; a 0 means no sample.
    return None if any(value is None or value for value in values.values()) else 0


def metric_rows(summary: Summary, units: Mapping[str, str]) -> tuple[MetricRow, ...]:
    """Return every metric and sub-metric of the summary as a row."""
    return tuple(_row(name, metric, units) for name, metric in sorted(summary.metrics.items()))


def _row(name: str, metric: Metric, units: Mapping[str, str]) -> MetricRow:
    first = [stat for stat in _STATS[metric.type] if stat in metric.values]
    rest = [x for x in metric.values if x not in first and x not in _DERIVED]
    trend_or_rate = metric.type in (SummaryType.TREND, SummaryType.RATE)
    count = sampled(metric) if trend_or_rate else None
    figures = [
        f"{stat} {shown(metric.values[stat], unit_of(name, metric, stat, units))}"
        for stat in (*first, *rest)
    ]
    return MetricRow(
        name=name,
        type=metric.type,
        samples=NOTHING if count is None else f"{count:,}",
        figures=", ".join(figures) or NOTHING,
    )
