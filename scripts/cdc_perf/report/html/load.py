"""The load and the stack under it, second by second."""

from cdc_perf.report.html.chart import Chart, NotSampled
from cdc_perf.report.html.curves import counted, curves, gauge
from cdc_perf.runs.series import Series

_MIB = 1024.0**2


def throughput(series: Series) -> Chart | NotSampled:
    """Return iterations, failed ones and ones never begun, a second."""
    return curves(
        series,
        "throughput",
        "Throughput",
        "/s",
        (
            counted("iterations", "iterations", 0, lambda second: second.total),
            counted("failed", "cdc_success_rate", 3, lambda second: second.count - second.total),
            counted("never begun", "dropped_iterations", 2, lambda second: second.total),
            counted("failed requests", "http_req_failed", 1, lambda second: second.total),
        ),
        "Iterations that ended in each second."
        + (
            " Failed: not written, not seen in time, or not what was written."
            if series.metrics.get("cdc_success_rate")
            else ""
        )
        + (
            " Never begun: the arrival rate asked for them and no virtual user was free."
            if series.metrics.get("dropped_iterations")
            else ""
        ),
        "mean rate",
    )


def virtual_users(series: Series) -> Chart | NotSampled:
    """Return how many virtual users there were."""
    sources = (gauge("virtual users", "vus"),)
    says = "Virtual users at work, as k6 tells it once a second."
    return curves(series, "virtual-users", "Virtual users", "", sources, says, "most")


def stack(series: Series) -> tuple[Chart | NotSampled, ...]:
    """Return consumer lag, what the slot retains, CPU and memory of each component."""
    return (
        curves(
            series,
            "consumer-lag",
            "Consumer lag",
            "events",
            (gauge("lag", "consumer_lag"),),
            "Events in Kafka that the consumer has yet to apply.",
            "most",
        ),
        curves(
            series,
            "slot",
            "WAL retained by the slot",
            "MiB",
            (gauge("retained", "slot_retained_bytes", _MIB),),
            "Write-ahead log that PostgreSQL keeps because the replication slot still needs it.",
            "most",
        ),
        curves(
            series,
            "cpu",
            "CPU",
            "cores",
            tuple(
                gauge(name.removeprefix("cpu_"), name, colour=colour)
                for colour, name in enumerate(sorted(series.names("cpu_")))
            ),
            "Processor cores in use by each component.",
            "most",
        ),
        curves(
            series,
            "memory",
            "Memory",
            "MiB",
            tuple(
                gauge(name.removeprefix("memory_"), name, _MIB, colour)
                for colour, name in enumerate(sorted(series.names("memory_")))
            ),
            "Resident memory of each component.",
            "most",
        ),
    )
