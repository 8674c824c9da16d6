"""Which limits hold while the load goes on, by what k6's REST interface tells."""

from collections.abc import Iterable, Mapping

from cdc_perf.load.progress import MetricState
from cdc_perf.settings.thresholds import Threshold

# `med` is k6's own name; its REST interface has no `p(50)`.
_SAME = {"p(50)": "med"}


def threshold_states(
    thresholds: Iterable[Threshold], metrics: Mapping[str, MetricState]
) -> dict[Threshold, bool]:
    """Return which limits hold now, of those that can be told.

    k6 judges every two seconds and says of a metric whether all of its limits hold. Where they do
    not, each limit is held against the metric's value; a percentile that the interface does not
    show, as p99, is left out, unless it alone can be the broken one.

    Args:
        thresholds: The limits; those that k6 does not judge are left out.
        metrics: What k6 shows, by its names for metrics and sub-metrics.
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
        # It has recovered since k6 judged; what k6 says stands until it judges again.
        return dict.fromkeys(limits, False)
    return known


def _value(limit: Threshold, state: MetricState) -> float | None:
    stat = limit.expression.k6_stat
    return state.sample.get(_SAME.get(stat, stat))
