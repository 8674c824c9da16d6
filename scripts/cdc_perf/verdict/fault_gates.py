"""Whether the faults happened, and whether the pipeline recovered as its thresholds ask for."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from cdc_perf.errors import ExitCode
from cdc_perf.faults.records import Injection
from cdc_perf.faults.recovery import Recovery
from cdc_perf.reasons import gates as gate_reasons
from cdc_perf.reasons import thresholds as reasons
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.verdict.evidence import Evidence
from cdc_perf.verdict.gates import Gate, failed_gate, passed_gate
from cdc_perf.verdict.threshold_result import JudgedThreshold, judge_value, result_of
from cdc_perf.wording import counted

# supervisord logs an end up to a second after it.
_LATE = timedelta(seconds=2)


def faults_gate(injections: Sequence[Injection]) -> Gate | None:
    """Check that each fault was seen to happen, and was ended; None without faults."""
    if not injections:
        return None
    name, condition = "faults", "each fault is seen to happen, and is ended"
    happened = sum(each.happened for each in injections)
    observed = f"{happened:,} of {counted(len(injections), 'fault')}"
    if happened == len(injections):
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.INVALID,
        reasons=[
            gate_reasons.fault_did_not_happen(fault=each.fault, why=each.failure)
            for each in injections
            if not each.happened
        ],
    )


def unordered(
    events: Sequence[ComponentEvent] | None, injections: Sequence[Injection]
) -> Sequence[ComponentEvent] | None:
    """Return what happened to the components, without the ends that faults ordered."""
    if events is None:
        return None
    return [event for event in events if not any(_ordered(event, each) for each in injections)]


def _ordered(event: ComponentEvent, injection: Injection) -> bool:
    if event.component not in injection.components or injection.began is None:
        return False
    ended: datetime = injection.ended or injection.proved or injection.began
    return event.at is None or injection.began - _LATE <= event.at <= ended + _LATE


def judge_recoveries(evidence: Evidence) -> Iterator[JudgedThreshold]:
    """Yield each threshold on a recovery, with its outcome."""
    if evidence.recovery is None:
        return
    for recovery in evidence.points.recoveries:
        fault = recovery.injection.fault
        for threshold in evidence.recovery.of(
            fault, stack=evidence.stack_name, scenario=evidence.scenario
        ):
            yield _judged(threshold, recovery)


def _judged(threshold: Threshold, recovery: Recovery) -> JudgedThreshold:
    measure = recovery.measures[threshold.kind.name]
    broken = measure.value is not None and not threshold.holds(measure.value)
    if measure.value is None or (measure.at_least and not broken):
        why = reasons.recovery_unknown(
            metric=threshold.metric, why=measure.why or "the observation ended before it"
        )
        return result_of(threshold, measure.value, measure.samples, ok=None, reason=why)
    return judge_value(threshold, measure.value, measure.samples)
