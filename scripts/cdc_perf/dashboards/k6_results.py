"""The dashboard `k6-results`: the load generator's measurements, run by run."""

from grafana_foundation_sdk.models import dashboard

from cdc_perf.dashboards.panels import Panel, PanelSpec, Query, rows, stat_panel, time_series_panel
from cdc_perf.dashboards.promql import (
    BASE,
    BY_RUN,
    RUNS,
    RUNS_ALONE,
    at_last,
    last,
    native_quantile,
    rate,
    success_rate,
)

_QUANTILES = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
_RUN = "{{test_run_id}} {{scenario}}"
_SAMPLES = (
    "Over the selected window, including the warm-up. A percentile is shown if the "
    "window has enough samples: 6 for p50, 60 for p95, 300 for p99."
)
_NONE_IS_GOOD = (
    dashboard.Threshold(color="green"),
    dashboard.Threshold(value=1, color="red"),
)
_ONE_IS_GOOD = (
    dashboard.Threshold(color="red"),
    dashboard.Threshold(value=0.95, color="yellow"),
    dashboard.Threshold(value=0.99, color="green"),
)
_VERDICTS = {
    "0": ("0, PASS", "green"),
    "10": ("10, FAIL", "red"),
    "11": ("11, NO-DATA", "orange"),
    "12": ("12, INVALID", "orange"),
}


def panels() -> tuple[Panel, ...]:
    """Return the panels in order."""
    return (
        time_series_panel(
            PanelSpec(
                1, "Virtual Users", "Active, and the maximum that k6 has created.", "short", 12
            ),
            (
                Query(f"sum by (test_run_id) (k6_vus{{{RUNS_ALONE}}})", "{{test_run_id}} VUs"),
                Query(f"sum by (test_run_id) (k6_vus_max{{{RUNS_ALONE}}})", "{{test_run_id}} max"),
            ),
        ),
        time_series_panel(
            PanelSpec(2, "Request Rate", "Iterations that ended per second.", "reqps", 12),
            (
                Query(rate("k6_iterations_total", BY_RUN, RUNS), _RUN),
                Query(
                    rate("k6_iterations_total", BY_RUN, BASE, " offset $shift"),
                    f"base {_RUN}",
                ),
            ),
        ),
        time_series_panel(
            PanelSpec(
                3,
                "CDC E2E Latency",
                "From the start of an iteration until its document is in MongoDB; a failed or "
                f"late change counts with its timeout. {_SAMPLES}",
                "s",
                12,
            ),
            (
                *_latencies("k6_cdc_e2e_latency_seconds"),
                Query(
                    native_quantile(0.95, "k6_cdc_e2e_latency_seconds", BASE, " offset $shift"),
                    f"base {_RUN} p95",
                ),
            ),
        ),
        stat_panel(
            PanelSpec(
                4,
                "Success Rate",
                (
                    "Share of iterations since the start of the scenario whose change was written, "
                    "arrived in time, and was read back correctly."
                ),
                "percentunit",
                6,
            ),
            (Query(success_rate(), _RUN),),
            _ONE_IS_GOOD,
        ),
        stat_panel(
            PanelSpec(5, "Error Count", "Failed writes and reads since the start.", "short", 6),
            (
                Query(last("k6_pg_write_errors_total"), f"{_RUN} PostgreSQL writes"),
                Query(last("k6_mongo_read_errors_total"), f"{_RUN} MongoDB reads"),
            ),
            _NONE_IS_GOOD,
        ),
        time_series_panel(
            PanelSpec(
                6,
                "PostgreSQL Write Latency",
                f"From the first statement of a change to its commit. {_SAMPLES}",
                "s",
                12,
            ),
            _latencies("k6_pg_write_duration_seconds"),
        ),
        time_series_panel(
            PanelSpec(
                7,
                "MongoDB Read Latency",
                f"Read of one document by key, after it arrived. {_SAMPLES}",
                "s",
                12,
            ),
            _latencies("k6_mongo_read_duration_seconds"),
        ),
        stat_panel(
            PanelSpec(8, "Records Processed", "Rows inserted since the start.", "short", 6),
            (Query(last("k6_pg_records_inserted_total"), f"{_RUN} inserted"),),
        ),
        stat_panel(
            PanelSpec(
                9,
                "Documents Found",
                "Documents that arrived in time, and those that did not.",
                "short",
                6,
            ),
            (
                Query(last("k6_mongo_documents_found_total"), f"{_RUN} found"),
                Query(last("k6_mongo_documents_not_found_total"), f"{_RUN} not found"),
            ),
        ),
        rows(
            PanelSpec(
                10,
                "Threshold Status",
                (
                    "During a run, k6's result, every two seconds; after it, the verdict. Latency "
                    "thresholds are in milliseconds."
                ),
                "short",
                12,
            ),
            (Query(f"last_over_time(cdc_perf_threshold_ok{{{RUNS}}}[$__range])", ""),),
            names={"metric": "Metric", "limit": "Threshold", "Value": "Status"},
            hidden=("__name__",),
            words={"0": ("broken", "red"), "1": ("holds", "green")},
        ),
        rows(
            PanelSpec(
                11,
                "Verdicts",
                "Exit code of each finished scenario.",
                "short",
                8,
            ),
            (Query(f"last_over_time(cdc_perf_verdict{{{RUNS}}}[$__range])", ""),),
            names={"verdict": "Verdict", "Value": "Exit code"},
            hidden=("__name__",),
            words=_VERDICTS,
        ),
        rows(
            PanelSpec(
                12,
                "Runs compared",
                (
                    "The values of each summary, without the warm-up, if it has enough samples. "
                    "Begin is the start time; the difference between two runs is the shift that "
                    "overlays them. To find whether a version is worse, use `inv compare`."
                ),
                "s",
                16,
            ),
            (
                *(
                    Query(at_last("cdc_perf_e2e_latency_seconds", f', quantile="{quantile}"'), "")
                    for quantile, _ in _QUANTILES
                ),
                Query(
                    f"1000 * {at_last('cdc_perf_scenario_start_time_seconds')}",
                    "",
                ),
            ),
            names={
                **{
                    f"Value #{chr(ord('A') + number)}": f"e2e {name}"
                    for number, (_, name) in enumerate(_QUANTILES)
                },
                "Value #D": "Begin",
            },
            times=("Begin",),
        ),
    )


def _latencies(metric: str) -> tuple[Query, ...]:
    return tuple(
        Query(native_quantile(quantile, metric), f"{_RUN} {name}") for quantile, name in _QUANTILES
    )
