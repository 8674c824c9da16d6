"""Export a verdict to Prometheus, and build the address of Grafana's dashboard of the run."""

from datetime import datetime
from urllib.parse import urlencode

from cdc_perf.prometheus.export import PrometheusExport, ThresholdState, limit_text
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.runs.row import LATENCY, LATENCY_STATS
from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed
from cdc_perf.verdict.records import ScenarioVerdict


def dashboard_url(grafana_url: str, run_id: str, began: datetime) -> str:
    """Return the address of dashboard `k6-results` that selects one run, from its start.

    The parameters are Grafana's: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/create-dashboard-url-variables/
    """
    chosen = {
        "var-test_run_id": run_id,
        "from": int(began.timestamp() * 1000),
        "to": "now",
        "refresh": "5s",
    }
    return f"{grafana_url}/d/k6-results?{urlencode(chosen)}"


def export_verdict(
    telemetry: PrometheusExport, verdict: ScenarioVerdict, summary: Summary | NoSummary
) -> None:
    """Export the verdict on a scenario."""
    limits = [ThresholdState(x.metric, limit_text(x), x.ok) for x in verdict.thresholds]
    latencies = {} if isinstance(summary, NoSummary) else _latencies(summary)
    telemetry.judged(verdict.scenario, verdict.verdict, verdict.exit_code, limits, latencies)


def _latencies(summary: Summary) -> dict[float, float]:
    """Return each quantile in seconds, if it has enough samples by the rule for thresholds."""
    samples = summary.samples(LATENCY)
    return {
        int(name[1:]) / 100: value / 1000
        for name, stat in LATENCY_STATS.items()
        if (value := summary.observed(LATENCY, stat)) is not None
        and samples >= samples_needed(MetricType.TREND, name, 0.0)
    }
