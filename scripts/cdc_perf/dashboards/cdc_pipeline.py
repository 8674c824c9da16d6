"""The dashboard `cdc-pipeline`: the pipeline's own metrics, with or without a run."""

from grafana_foundation_sdk.models import dashboard

from cdc_perf.dashboards.panels import Panel, PanelSpec, Query, rows, stat_panel, time_series_panel
from cdc_perf.dashboards.promql import RUNS, classic_quantile, rate

_HOP = "cdc_consumer_hop_seconds"
_SAMPLES = (
    "All events in the selected window. Shown if the window has enough events: 60 "
    "for p95, 300 for p99. Accurate to 5%."
)
_NONE_IS_GOOD = (
    dashboard.Threshold(color="green"),
    dashboard.Threshold(value=1, color="red"),
)


def panels() -> tuple[Panel, ...]:
    """Return the panels in order."""
    return (*_hops(), *_flow(), *_fault_panels(), *_resources())


def _hops() -> tuple[Panel, ...]:
    mean = (
        f'sum by (hop) (rate({_HOP}_sum{{hop!="total"}}[$window]))'
        f' / sum by (hop) (rate({_HOP}_count{{hop!="total"}}[$window]))'
    )
    return (
        time_series_panel(
            PanelSpec(1, "Hops, mean", "Means add up to the mean of the total.", "s", 8),
            (Query(mean, "{{hop}}"),),
            stacked=True,
        ),
        time_series_panel(
            PanelSpec(2, "Hops, p95", _SAMPLES, "s", 8),
            (Query(classic_quantile(0.95, _HOP, "hop"), "{{hop}}"),),
        ),
        time_series_panel(
            PanelSpec(3, "Hops, p99", _SAMPLES, "s", 8),
            (Query(classic_quantile(0.99, _HOP, "hop"), "{{hop}}"),),
        ),
    )


def _flow() -> tuple[Panel, ...]:
    return (
        time_series_panel(
            PanelSpec(
                4, "Events", "Events per second: captured, written to Kafka, applied.", "cps", 8
            ),
            (
                Query(rate("debezium_events_seen_total", "server"), "captured by Debezium"),
                Query(
                    rate("kafka_topic_messages_in_total", "topic", 'topic=~"cdc[.].*"'),
                    "{{topic}}",
                ),
                Query(rate("cdc_consumer_events_total", "op"), "applied, {{op}}"),
            ),
        ),
        time_series_panel(
            PanelSpec(
                5,
                "Consumer Lag",
                (
                    "Records that the consumer has not committed: by its own count and, during a "
                    "run, by the count of the broker."
                ),
                "short",
                8,
            ),
            (
                Query("sum by (topic) (cdc_consumer_lag)", "{{topic}}"),
                Query(
                    f"max by (scenario) (cdc_perf_consumer_lag{{{RUNS}}})", "broker, {{scenario}}"
                ),
            ),
        ),
        time_series_panel(
            PanelSpec(
                6,
                "Replication Slot",
                "Write-ahead log that PostgreSQL retains for Debezium; measured during a run.",
                "bytes",
                8,
            ),
            (
                Query(
                    f"max by (test_run_id, scenario) (cdc_perf_slot_retained_bytes{{{RUNS}}})",
                    "{{test_run_id}} {{scenario}}",
                ),
            ),
        ),
        time_series_panel(
            PanelSpec(
                7,
                "Debezium Queue",
                "Events between Debezium's reader and its producer; a full queue stops the reader.",
                "short",
                8,
            ),
            (
                Query("debezium_queue_capacity - debezium_queue_remaining_capacity", "events"),
                Query("debezium_queue_capacity", "capacity"),
            ),
        ),
        time_series_panel(
            PanelSpec(
                8,
                "Debezium behind PostgreSQL",
                "Time from the commit of the last event until Debezium read it.",
                "s",
                8,
            ),
            (Query("max by (server) (debezium_behind_source_seconds >= 0)", "{{server}}"),),
        ),
        time_series_panel(
            PanelSpec(
                9,
                "Consumer Batches",
                "Records per poll of Kafka: mean, and p95 within its bucket.",
                "short",
                8,
            ),
            (
                Query(
                    "sum(rate(cdc_consumer_batch_size_sum[$window]))"
                    " / sum(rate(cdc_consumer_batch_size_count[$window]))",
                    "mean",
                ),
                Query(
                    "histogram_quantile(0.95, sum by (le) "
                    "(rate(cdc_consumer_batch_size_bucket[$window])))"
                    " and sum(increase(cdc_consumer_batch_size_count[$window])) >= 60",
                    "p95",
                ),
            ),
        ),
    )


def _fault_panels() -> tuple[Panel, ...]:
    return (
        stat_panel(
            PanelSpec(10, "Dead Letters", "Records that the consumer can never apply.", "short", 6),
            (
                Query(
                    "sum by (reason) (increase(cdc_consumer_dead_letters_total[$__range]))",
                    "{{reason}}",
                ),
            ),
            _NONE_IS_GOOD,
        ),
        stat_panel(
            PanelSpec(11, "Connector Tasks", "Tasks on this worker, by state.", "short", 6),
            (
                Query(
                    "sum by (connector, state) (kafka_connect_connector_tasks)",
                    "{{connector}} {{state}}",
                ),
            ),
        ),
        time_series_panel(
            PanelSpec(
                12,
                "Retries and Replays",
                (
                    "Per second: retried writes to MongoDB, and events not newer than their "
                    "document."
                ),
                "cps",
                12,
            ),
            (
                Query("sum(rate(cdc_consumer_write_retries_total[$__rate_interval]))", "retries"),
                Query("sum(rate(cdc_consumer_stale_events_total[$__rate_interval]))", "replays"),
            ),
        ),
        rows(
            PanelSpec(
                13, "Alerts", "Firing alerts of k6/prometheus/rules/alerts.yml.", "short", 12
            ),
            (Query('ALERTS{alertstate="firing"}', ""),),
            names={"alertname": "Alert", "severity": "Severity", "job": "Job"},
            hidden=("__name__", "alertstate", "Value"),
        ),
    )


def _resources() -> tuple[Panel, ...]:
    return (
        time_series_panel(
            PanelSpec(14, "CPU", "CPU cores in use by each component.", "short", 12),
            (Query(f"max by (component) (cdc_perf_cpu_cores{{{RUNS}}})", "{{component}}"),),
            stacked=True,
        ),
        time_series_panel(
            PanelSpec(
                15,
                "Memory",
                "Resident memory of each component and its child processes.",
                "bytes",
                12,
            ),
            (Query(f"max by (component) (cdc_perf_memory_bytes{{{RUNS}}})", "{{component}}"),),
        ),
        time_series_panel(
            PanelSpec(
                16, "Java Heap", "Heap in use by the broker and by the Connect worker.", "bytes", 12
            ),
            (Query('sum by (job) (jvm_memory_used_bytes{area="heap"})', "{{job}}"),),
        ),
    )
