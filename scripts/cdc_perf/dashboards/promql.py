"""PromQL that several panels share.

Each function returns an expression; a selector is the text between the braces. A native histogram
is one series; a classic one has a series for each bucket, with the label `le`.
"""

from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed

# Selects the series of k6 and of the harness for the chosen runs and scenarios.
RUNS = 'test_run_id=~"$test_run_id", scenario=~"$scenario"'
# k6's metrics of virtual users have no scenario.
RUNS_ALONE = 'test_run_id=~"$test_run_id"'
BASE = 'test_run_id="$base_run_id", scenario=~"$scenario"'
BY_RUN = "test_run_id, scenario"


def native_quantile(quantile: float, metric: str, selector: str = RUNS, shift: str = "") -> str:
    """Return a quantile over `$window`, only if the window has enough samples."""
    series = f"{metric}{{{selector}}}[$window]{shift}"
    merged = f"sum by ({BY_RUN}) (rate({series}))"
    count = f"histogram_count(sum by ({BY_RUN}) (increase({series})))"
    return f"histogram_quantile({quantile}, {merged}) and {count} >= {_needed(quantile)}"


def classic_quantile(quantile: float, metric: str, by: str) -> str:
    """Return a quantile over `$window` by a label, only if the window has enough samples."""
    buckets = f"sum by ({by}, le) (rate({metric}_bucket[$window]))"
    count = f"sum by ({by}) (increase({metric}_count[$window]))"
    return f"histogram_quantile({quantile}, {buckets}) and {count} >= {_needed(quantile)}"


def at_last(metric: str, selector: str = "") -> str:
    """Return the harness's last value, by run."""
    return f"max by ({BY_RUN}) (last_over_time({metric}{{{RUNS}{selector}}}[$__range]))"


def last(metric: str, selector: str = RUNS) -> str:
    """Return the total of a counter, by run.

    k6 starts at 0, so the last value is the total; `increase` would miss what was counted before
    k6's first push.
    """
    return f"sum by ({BY_RUN}) (last_over_time({metric}{{{selector}}}[$__range]))"


def success_rate() -> str:
    """Return the share of successful iterations, by run.

    k6 pushes a rate, 0 to 1, for each set of tags, so the rates must be weighted: each iteration
    records one success or failure.
    """
    weight = f"last_over_time(k6_iterations_total{{{RUNS}}}[$__range])"
    rate_ = f"last_over_time(k6_cdc_success_rate_rate{{{RUNS}}}[$__range])"
    both = f"{rate_} * {weight}"
    weights = f"{weight} and {rate_}"
    return f"sum by ({BY_RUN}) ({both}) / sum by ({BY_RUN}) ({weights})"


def rate(metric: str, by: str, selector: str = "", shift: str = "") -> str:
    """Return a rate per second."""
    chosen = f"{{{selector}}}" if selector else ""
    return f"sum by ({by}) (rate({metric}{chosen}[$__rate_interval]{shift}))"


def _needed(quantile: float) -> int:
    return samples_needed(MetricType.TREND, f"p{quantile * 100:g}", 0.0)
