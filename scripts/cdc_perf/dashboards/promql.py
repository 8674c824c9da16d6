"""The PromQL that several panels have in common.

Each function returns an expression; a selector is what stands between the braces. A native
histogram is one series, a classic one has a series for each bucket, with the label `le`.
"""

from cdc_perf.settings.metrics import MetricType
from cdc_perf.settings.samples import samples_needed

# The series of k6 and of the harness that belong to the chosen runs and scenarios.
RUNS = 'test_run_id=~"$test_run_id", scenario=~"$scenario"'
# k6 gives its virtual users no scenario.
RUNS_ALONE = 'test_run_id=~"$test_run_id"'
BASE = 'test_run_id="$base_run_id", scenario=~"$scenario"'
BY_RUN = "test_run_id, scenario"


def native_quantile(quantile: float, metric: str, selector: str = RUNS, shift: str = "") -> str:
    """Return a quantile over `$window`, where the window holds samples enough for it."""
    series = f"{metric}{{{selector}}}[$window]{shift}"
    merged = f"sum by ({BY_RUN}) (rate({series}))"
    count = f"histogram_count(sum by ({BY_RUN}) (increase({series})))"
    return f"histogram_quantile({quantile}, {merged}) and {count} >= {_needed(quantile)}"


def classic_quantile(quantile: float, metric: str, by: str) -> str:
    """Return a quantile over `$window` by a label, where the window holds samples enough for it."""
    buckets = f"sum by ({by}, le) (rate({metric}_bucket[$window]))"
    count = f"sum by ({by}) (increase({metric}_count[$window]))"
    return f"histogram_quantile({quantile}, {buckets}) and {count} >= {_needed(quantile)}"


def at_last(metric: str, selector: str = "") -> str:
    """Return what the harness said last, by run."""
    return f"max by ({BY_RUN}) (last_over_time({metric}{{{RUNS}{selector}}}[$__range]))"


def last(metric: str, selector: str = RUNS) -> str:
    """Return what a counter has come to by run.

    k6 begins at nothing, so the last value is the whole; `increase` would miss what was counted
    before k6 pushed for the first time.
    """
    return f"sum by ({BY_RUN}) (last_over_time({metric}{{{selector}}}[$__range]))"


def success_rate() -> str:
    """Return the share of iterations that succeeded, by run.

    k6 pushes a rate for each set of tags, 0 to 1, which has to be weighted: each iteration records
    one success or failure.
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
