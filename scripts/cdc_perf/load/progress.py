"""The progress of a running k6, from its REST API.

https://grafana.com/docs/k6/latest/misc/k6-rest-api/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

_REQUEST_SECONDS = 2.0
_ERROR_COUNTERS = ("pg_write_errors", "mongo_read_errors", "mongo_documents_not_found")


@dataclass(frozen=True)
class MetricState:
    """A metric or sub-metric in k6's REST API.

    Attributes:
        tainted: Whether one of its thresholds fails; None if it has none or was not evaluated yet.
        sample: Its values by stat, in k6's spelling.
    """

    tainted: bool | None
    sample: Mapping[str, float]


@dataclass(frozen=True)
class FaultProgress:
    """How many faults of a list were injected; the load ends after the last one.

    Attributes:
        injected: The number of faults that were injected, with the one that is up.
        total: The number of faults of the list.
        latest: The latest of them; empty before the first.
    """

    injected: int
    total: int
    latest: str

    def __str__(self) -> str:
        """Return it in words: `fault 3 of 31 (kill:kafka)`."""
        name = f" ({self.latest})" if self.latest else ""
        return f"fault {self.injected} of {self.total}{name}"


@dataclass(frozen=True)
class LoadProgress:
    """The progress of a run at one moment.

    Attributes:
        elapsed_seconds: Since the load began.
        total_seconds: The duration of the load.
        running: Whether the load is running: false before its start and after its end.
        vus: Active virtual users; None if k6 does not run.
        iterations: Completed iterations.
        iterations_per_second: Over the whole run so far.
        errors: Failed writes, failed reads, and documents that did not arrive.
        p95_ms: 95th percentile of cdc_e2e_latency so far, including the warm-up; None without
            samples.
        stack: The latest sample of the stack's gauges, by metric.
        metrics: Every metric and sub-metric in k6's REST API, by its name there.
        faults: The progress of the list of faults that ends the load; None if the time ends it.
    """

    elapsed_seconds: float
    total_seconds: float
    running: bool
    vus: int | None
    iterations: int
    iterations_per_second: float
    errors: int
    p95_ms: float | None
    stack: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, MetricState] = field(default_factory=dict)
    faults: FaultProgress | None = None

    @property
    def left_seconds(self) -> float:
        """The remaining duration of the load."""
        return max(0.0, self.total_seconds - self.elapsed_seconds)

    @property
    def share(self) -> float:
        """The completed share of the load, 0 to 1."""
        if self.faults is not None:
            return self.faults.injected / (self.faults.total + 1)
        return min(1.0, self.elapsed_seconds / self.total_seconds)


def ask(port: int, elapsed_seconds: float, total_seconds: float) -> LoadProgress | None:
    """Query k6 on 127.0.0.1; None while it does not answer: before its start, after its end."""
    try:
        status = _get(port, "status")["attributes"]
        metrics = {
            x["id"]: MetricState(x["attributes"].get("tainted"), x["attributes"]["sample"])
            for x in _get(port, "metrics")
        }
    except (requests.RequestException, LookupError, TypeError, ValueError):
        return None
    samples = {name: metric.sample for name, metric in metrics.items()}
    iterations = samples.get("iterations", {})
    return LoadProgress(
        elapsed_seconds=elapsed_seconds,
        total_seconds=total_seconds,
        running=bool(status["running"]),
        vus=int(status["vus"]),
        iterations=int(iterations.get("count", 0)),
        iterations_per_second=float(iterations.get("rate", 0.0)),
        errors=int(sum(samples.get(name, {}).get("count", 0) for name in _ERROR_COUNTERS)),
        p95_ms=samples.get("cdc_e2e_latency", {}).get("p(95)"),
        metrics=metrics,
    )


def stop(port: int) -> bool:
    """Have k6 end its load: it ends running iterations, and writes its summary (exit code 103).

    Returns:
        Whether k6 accepted it.
    """
    attributes = {"data": {"type": "status", "id": "default", "attributes": {"stopped": True}}}
    try:
        return requests.patch(
            f"http://127.0.0.1:{port}/v1/status", json=attributes, timeout=_REQUEST_SECONDS
        ).ok
    except requests.RequestException:
        return False


def _get(port: int, page: str) -> Any:  # noqa: ANN401 - JSON:API, read field by field
    answer = requests.get(f"http://127.0.0.1:{port}/v1/{page}", timeout=_REQUEST_SECONDS)
    answer.raise_for_status()
    return answer.json()["data"]
