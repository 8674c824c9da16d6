"""The metrics of a run for Prometheus: `cdc_perf_*`, each labeled with the run and the scenario.

| metric | value |
| --- | --- |
| cdc_perf_scenario_running | 1 while k6 runs |
| cdc_perf_scenario_start_time_seconds, ..._end_time_seconds | seconds since the epoch |
| cdc_perf_consumer_lag | events |
| cdc_perf_slot_retained_bytes | bytes of the log that the slot retains |
| cdc_perf_cpu_cores{component} | CPU cores, the mean of a second |
| cdc_perf_memory_bytes{component} | resident bytes |
| cdc_perf_threshold_ok{metric,limit} | 1 if the threshold holds, else 0; at the end the verdict's |
| cdc_perf_component_end_time_seconds{component,what} | seconds since the epoch |
| cdc_perf_fault_active{fault} | 1 while the fault that the run injects is up, else 0 |
| cdc_perf_e2e_latency_seconds{quantile} | at the end, from summary.json: without the warm-up |
| cdc_perf_verdict{verdict} | the scenario's exit code; 0 is PASS |
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from cdc_perf.load.progress import LoadProgress
from cdc_perf.prometheus.push import Push
from cdc_perf.prometheus.sample import STALE, Sample
from cdc_perf.prometheus.threshold_state import threshold_states
from cdc_perf.settings.metrics import CONSUMER_LAG, SLOT_RETAINED_BYTES
from cdc_perf.settings.numbers import js_number
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stack.component import ComponentEvent

PREFIX = "cdc_perf_"
# Name without the prefix, labels in addition to run and scenario, value.
MetricValue = tuple[str, Mapping[str, str], float]
_PER_COMPONENT = {"cpu_": "cpu_cores", "memory_": "memory_bytes"}


@dataclass(frozen=True)
class ThresholdState:
    """The final state of a threshold.

    Attributes:
        metric: The metric's name.
        limit: The threshold, `p95 <= 2000`.
        ok: Whether it holds; None if unknown.
    """

    metric: str
    limit: str
    ok: bool | None


class PrometheusExport:
    """Exports the metrics of one run."""

    def __init__(self, url: str, run_id: str) -> None:
        self._push = Push(url)
        self._run_id = run_id

    def scenario(self, name: str, thresholds: Sequence[Threshold]) -> "ScenarioExport":
        """Begin a scenario."""
        return ScenarioExport(self._push, self._run_id, name, thresholds)

    def judged(
        self,
        scenario: str,
        verdict: str,
        exit_code: int,
        limits: Iterable[ThresholdState],
        latencies: Mapping[float, float],
    ) -> None:
        """Export the verdict on a scenario.

        Args:
            scenario: Its name.
            verdict: Its verdict.
            exit_code: The exit code of the verdict.
            limits: The final state of each threshold.
            latencies: Seconds of cdc_e2e_latency by quantile, for quantiles with enough samples.
        """
        labels = {"test_run_id": self._run_id, "scenario": scenario}
        metric_values = [
            ("threshold_ok", {"metric": x.metric, "limit": x.limit}, float(x.ok))
            for x in limits
            if x.ok is not None
        ]
        metric_values += [
            ("e2e_latency_seconds", {"quantile": f"{quantile:g}"}, seconds)
            for quantile, seconds in latencies.items()
        ]
        metric_values.append(("verdict", {"verdict": verdict}, float(exit_code)))
        _offer(self._push, labels, datetime.now(UTC), metric_values)

    def close(self) -> None:
        """Send the queued samples."""
        self._push.close()


class ScenarioExport:
    """Exports the metrics of one scenario; its methods return immediately."""

    def __init__(
        self, push: Push, run_id: str, scenario: str, thresholds: Sequence[Threshold]
    ) -> None:
        self._push = push
        self._labels = {"test_run_id": run_id, "scenario": scenario}
        self._thresholds = thresholds
        self._live: dict[tuple[str, tuple[tuple[str, str], ...]], Mapping[str, str]] = {}
        now = datetime.now(UTC)
        self._offer(now, [("scenario_start_time_seconds", {}, now.timestamp())])

    def gauges(self, values: Mapping[str, float]) -> None:
        """Export a sample of the stack's gauges."""
        known = {CONSUMER_LAG, SLOT_RETAINED_BYTES}
        metric_values = [(name, dict[str, str](), values[name]) for name in known & values.keys()]
        for prefix, name in _PER_COMPONENT.items():
            metric_values += [
                (name, {"component": metric.removeprefix(prefix)}, value)
                for metric, value in values.items()
                if metric.startswith(prefix)
            ]
        self._offer(datetime.now(UTC), [("scenario_running", {}, 1.0), *metric_values], live=True)

    def faults(self, active: Mapping[str, bool]) -> None:
        """Export which of the faults that the run injects is up now."""
        metric_values = [
            ("fault_active", {"fault": name}, float(is_up)) for name, is_up in active.items()
        ]
        self._offer(datetime.now(UTC), metric_values, live=True)

    def progress(self, progress: LoadProgress) -> None:
        """Export which thresholds hold now."""
        states = threshold_states(self._thresholds, progress.metrics)
        metric_values = [
            ("threshold_ok", {"metric": x.metric, "limit": limit_text(x)}, float(ok))
            for x, ok in states.items()
        ]
        self._offer(datetime.now(UTC), metric_values)

    def loaded(self, ended: datetime, events: Iterable[ComponentEvent]) -> None:
        """Export when k6 ended, and which components ended meanwhile."""
        now = datetime.now(UTC)
        self._offer(now, [("scenario_end_time_seconds", {}, ended.timestamp())])
        ends = [
            (
                "component_end_time_seconds",
                {"component": event.component, "what": event.what},
                event.at.timestamp(),
            )
            for event in events
            if event.at is not None
        ]
        self._offer(now, ends)
        self._offer(now, [(name, labels, STALE) for (name, _), labels in self._live.items()])

    def _offer(
        self, at: datetime, metric_values: Sequence[MetricValue], *, live: bool = False
    ) -> None:
        if live:
            self._live |= {
                (name, tuple(labels.items())): labels for name, labels, _ in metric_values
            }
        _offer(self._push, self._labels, at, metric_values)


def _offer(
    push: Push, labels: Mapping[str, str], at: datetime, metric_values: Sequence[MetricValue]
) -> None:
    push.offer(
        [
            Sample(f"{PREFIX}{name}", {**labels, **more}, value, at)
            for name, more, value in metric_values
        ]
    )


class Limit(Protocol):
    """The common part of a threshold and its result."""

    @property
    def stat(self) -> str:
        """`p95`."""

    @property
    def operator(self) -> str:
        """`<=`."""

    @property
    def limit(self) -> float:
        """The number, in the metric's unit."""


def limit_text(threshold: Limit) -> str:
    """Return a threshold as text: `p95 <= 2000`."""
    return f"{threshold.stat} {threshold.operator} {js_number(threshold.limit)}"
