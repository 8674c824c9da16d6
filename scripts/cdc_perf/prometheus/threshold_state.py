"""Which thresholds hold during the load, from k6's REST API."""

from collections.abc import Iterable, Mapping

from cdc_perf.load.progress import MetricState
from cdc_perf.settings.thresholds import Threshold

# `med` is k6's own name; its REST API has no `p(50)`.
_SAME = {"p(50)": "med"}


def threshold_states(
    thresholds: Iterable[Threshold], metrics: Mapping[str, MetricState]
) -> dict[Threshold, bool]:
    """Return whether each threshold holds now, without those of unknown state.

    k6 evaluates thresholds every two seconds and reports for each metric whether all of its
    thresholds hold. If they do not, each one is compared with the metric's value. A percentile that
    the API lacks, such as p99, is omitted unless it alone can have failed.

    Args:
        thresholds: The thresholds; those that k6 does not evaluate are omitted.
        metrics: k6's metrics and sub-metrics, by k6's names.
    """
    states: dict[Threshold, bool] = {}
    by_metric: dict[str, list[Threshold]] = {}
    for threshold in thresholds:
        if threshold.in_k6:
            by_metric.setdefault(threshold.k6_metric, []).append(threshold)
    for name, limits in by_metric.items():
        state = metrics.get(name)
        if state is not None and state.tainted is not None:
            states |= _of_metric(limits, state)
    return states


def _of_metric(limits: list[Threshold], state: MetricState) -> dict[Threshold, bool]:
    if not state.tainted:
        return dict.fromkeys(limits, True)
    shown = {limit: _value(limit, state) for limit in limits}
    known = {limit: limit.holds(value) for limit, value in shown.items() if value is not None}
    unknown = [limit for limit in limits if limit not in known]
    if all(known.values()) and len(unknown) == 1:
        known[unknown[0]] = False
    elif all(known.values()) and not unknown:
        # The metric has recovered since; k6's result applies until its next evaluation.
        return dict.fromkeys(limits, False)
    return known


def _value(limit: Threshold, state: MetricState) -> float | None:
    stat = limit.expression.k6_stat
    return state.sample.get(_SAME.get(stat, stat))
