"""Whether k6 and this harness judge alike."""

from collections.abc import Sequence

from cdc_perf.errors import ExitCode
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate, unknown_gate


def thresholds_agree_gate(thresholds: Sequence[Threshold], summary: Summary | NoSummary) -> Gate:
    """k6 judged the same limits as we do, and found the same on the same numbers."""
    name, limit = "thresholds_agree", "k6 finds the same of every limit"
    if isinstance(summary, NoSummary):
        return unknown_gate(name, limit, "unknown")
    shared = [threshold for threshold in thresholds if threshold.in_k6]
    faults = [fault for threshold in shared if (fault := _disagreement(threshold, summary))]
    faults += _unknown_to_us(shared, summary)
    if not faults:
        return passed_gate(name, limit, f"the same of {len(shared)}")
    return failed_gate(
        name,
        limit,
        f"{len(faults)} that differ",
        code=ExitCode.INVALID,
        reason=f"k6 and this harness do not judge alike: {'; '.join(faults)}",
    )


def _disagreement(threshold: Threshold, summary: Summary) -> str:
    text = f"{threshold.k6_metric} {threshold.k6_expression}"
    metric = summary.metrics.get(threshold.k6_metric)
    theirs = metric.thresholds.get(threshold.k6_expression) if metric else None
    if theirs is None:
        return f"k6 did not judge {text}"
    observed = summary.observed(threshold.k6_metric, threshold.expression.k6_stat)
    if observed is None or summary.samples(threshold.k6_metric) == 0:
        # k6 finds something of an empty metric; here it has no data.
        return ""
    ours = threshold.holds(observed)
    if ours == theirs:
        return ""
    words = {True: "holds", False: "is broken"}
    return (
        f"k6 finds that {text} {words[theirs]}, "
        f"but {threshold.expression.k6_stat} is {observed!r}, so that it {words[ours]}"
    )


def _unknown_to_us(thresholds: Sequence[Threshold], summary: Summary) -> list[str]:
    known = {(threshold.k6_metric, threshold.k6_expression) for threshold in thresholds}
    return [
        f"k6 judged {metric} {expression}, which thresholds.json does not set"
        for metric, content in summary.metrics.items()
        for expression in content.thresholds
        if (metric, expression) not in known
    ]
