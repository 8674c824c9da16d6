"""Limits on what the check of the pipeline's integrity counts."""

from collections.abc import Mapping
from types import MappingProxyType

from cdc_perf.integrity.records import FindingKind, Integrity
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.records import ThresholdResult
from cdc_perf.verdict.threshold_result import broken_limit, result_of

INTEGRITY_METRICS: Mapping[str, tuple[FindingKind, ...]] = MappingProxyType(
    {
        "rows_lost": (FindingKind.MISSING, FindingKind.VANISHED),
        "rows_stale": (FindingKind.STALE, FindingKind.CONTENT, FindingKind.COLUMN_ABSENT),
        "rows_extra": (FindingKind.EXTRA, FindingKind.RESURRECTED),
        "events_lost": (FindingKind.EVENT_MISSING,),
        "events_duplicated": (FindingKind.DUPLICATE,),
        "events_reordered": (FindingKind.REORDERED,),
        "dead_letters": (FindingKind.DEAD_LETTER,),
    }
)


def judge_integrity(threshold: Threshold, integrity: Integrity | None) -> ThresholdResult:
    """Return whether a limit on a count holds, null where nobody counted.

    There is one count a scenario, so every stat of it is that count.
    """
    if integrity is None or integrity.unchecked or not integrity.drained:
        reason = f"{threshold.metric} was not counted: the pipeline was not drained and compared"
        return result_of(threshold, None, 0, ok=None, reason=reason)
    observed = integrity.count(INTEGRITY_METRICS[threshold.metric])
    ok = threshold.holds(observed)
    reason = "" if ok else broken_limit(threshold, observed, 1)
    return result_of(threshold, observed, 1, ok=ok, reason=reason)
