"""Judge one scenario or a run: thresholds, gates, and the verdict that follows."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from cdc_perf.errors import ExitCode
from cdc_perf.reasons.reason import Reason
from cdc_perf.reasons.runs import no_scenario_run
from cdc_perf.settings.metrics import Source
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.evidence import Evidence
from cdc_perf.verdict.fault_gates import faults_gate, judge_recoveries, unordered
from cdc_perf.verdict.gates import (
    Gate,
    checks_gate,
    components_gate,
    connector_gate,
    interruption_gate,
    samples_gate,
    summary_gate,
    thresholds_gate,
)
from cdc_perf.verdict.hop_thresholds import hop_clocks_gate, judge_hop_threshold
from cdc_perf.verdict.integrity_gates import (
    dead_letters_gate,
    drain_gate,
    events_gate,
    judge_integrity,
    ledger_gate,
    rows_gate,
    traffic_gate,
)
from cdc_perf.verdict.k6_gates import k6_exit_gate, points_gate, thresholds_agree_gate
from cdc_perf.verdict.load_gates import (
    clock_gate,
    dropped_gate,
    duration_gate,
    generator_gate,
    iterations_gate,
    rate_gate,
)
from cdc_perf.verdict.ramp_gate import earlier_gate, judge_held_rate, ramp_gate, without_held_rate
from cdc_perf.verdict.records import RunVerdict, ScenarioOutcome, ScenarioVerdict
from cdc_perf.verdict.stack_thresholds import judge_stack_threshold, stack_samples_gate
from cdc_perf.verdict.threshold_result import JudgedThreshold, judge_threshold
from cdc_perf.verdict.verdict import verdict_of, worst

_THRESHOLD_CODES = {True: ExitCode.PASS, False: ExitCode.FAIL, None: ExitCode.NO_DATA}


def judge(evidence: Evidence) -> ScenarioVerdict:
    """Return the verdict on one scenario that ran."""
    gates = _gates(evidence)
    others = {t: _judge(t, evidence) for t in without_held_rate(evidence.thresholds)}
    holds = _worst(gates, others.values()) is ExitCode.PASS
    judged = (
        *(
            others[threshold]
            if threshold in others
            else judge_held_rate(threshold, evidence.held, holds=holds)
            for threshold in evidence.thresholds
        ),
        *judge_recoveries(evidence),
    )
    code = _worst(gates, judged)
    return ScenarioVerdict(
        scenario=evidence.scenario,
        verdict=verdict_of(code),
        exit_code=code,
        reasons=_reasons(code, gates, judged),
        thresholds=tuple(each.result for each in judged),
        gates=tuple(gate.result for gate in gates),
    )


def not_run(scenario: str, code: ExitCode, reason: Reason) -> ScenarioVerdict:
    """Return the verdict on a scenario that never started.

    Args:
        scenario: Its name.
        code: STACK if the stack is gone, INTERRUPTED, LOAD, or NO_DATA for another cause.
        reason: Why.
    """
    return ScenarioVerdict(
        scenario=scenario,
        verdict=verdict_of(code),
        exit_code=code,
        reasons=(reason,),
        thresholds=(),
        gates=(),
    )


def _judge(threshold: Threshold, evidence: Evidence) -> JudgedThreshold:
    """Return the result of a threshold; one on the held rate depends on the others."""
    match threshold.kind.source:
        case Source.K6:
            interval = evidence.points.intervals.get(threshold)
            of_faults = threshold.of_faults
            summary = evidence.fault_summary if of_faults else evidence.judged_summary
            return judge_threshold(threshold, summary, interval)
        case Source.STACK:
            return judge_stack_threshold(threshold, evidence.stack)
        case Source.HOPS:
            return judge_hop_threshold(threshold, evidence.hops, evidence.seconds)
        case Source.INTEGRITY:
            return judge_integrity(threshold, evidence.integrity)
        case Source.BREAKPOINT | Source.RECOVERY:  # pragma: no cover - the caller judges it
            raise ValueError(f"{threshold.metric} is judged after the other thresholds")
        case _:
            assert_never(threshold.kind.source)


def _worst(gates: Iterable[Gate], judged: Iterable[JudgedThreshold]) -> ExitCode:
    gates = tuple(gates)
    return worst(
        [*(gate.code for gate in gates), *(_THRESHOLD_CODES[each.result.ok] for each in judged)],
        overrides_invalid=any(gate.result.overrides_invalid for gate in gates),
    )


def _gates(evidence: Evidence) -> tuple[Gate, ...]:
    gates = (
        interruption_gate(evidence.interrupted),
        components_gate(unordered(evidence.events, evidence.injections)),
        faults_gate(evidence.injections),
        connector_gate(evidence.connectors, evidence.events),
        clock_gate(evidence.clock_step_seconds),
        thresholds_gate(evidence.scenario, evidence.thresholds),
        *_gates_on_load(evidence),
        stack_samples_gate(evidence.thresholds, evidence.stack),
        hop_clocks_gate(evidence.thresholds, evidence.hops),
        ramp_gate(evidence.held),
        earlier_gate(evidence.earlier),
        drain_gate(evidence.integrity, evidence.events),
        rows_gate(evidence.integrity),
        events_gate(evidence.integrity),
        dead_letters_gate(evidence.integrity),
    )
    return tuple(gate for gate in gates if gate is not None)


def _gates_on_load(evidence: Evidence) -> tuple[Gate | None, ...]:
    """Return the gates on k6 and the load that it made, or on the load of others."""
    scenario, summary, executor = evidence.scenario, evidence.summary, evidence.made_load
    k6_exit = evidence.k6_outcome
    if k6_exit is None:
        return (traffic_gate(evidence.integrity, evidence.seconds),)
    # With faults, the harness judges alone.
    shared = () if evidence.injections else evidence.thresholds
    return (
        k6_exit_gate(scenario, k6_exit, summary),
        summary_gate(scenario, summary),
        points_gate(evidence.points, summary),
        samples_gate(summary),
        iterations_gate(scenario, evidence.exceptions, summary),
        checks_gate(scenario, summary),
        dropped_gate(summary),
        duration_gate(executor, k6_exit, summary),
        rate_gate(executor, k6_exit, summary),
        generator_gate(scenario, evidence.judged_summary),
        thresholds_agree_gate(shared, summary),
        ledger_gate(evidence.integrity, summary),
    )


def _reasons(
    code: ExitCode, gates: Iterable[Gate], judged: Iterable[JudgedThreshold]
) -> tuple[Reason, ...]:
    """Return each reason once, the decisive ones first; several thresholds can share one."""
    found = [
        *((gate.code, why) for gate in gates for why in gate.reasons),
        *((_THRESHOLD_CODES[x.result.ok], x.reason) for x in judged if x.reason is not None),
    ]
    found.sort(key=lambda one: one[0] is not code)
    return tuple(dict.fromkeys(why for _, why in found))


def judge_run(verdicts: Sequence[ScenarioVerdict], interrupted: Reason | None = None) -> RunVerdict:
    """Return the verdict on a run; NO-DATA if it has no scenario.

    Args:
        verdicts: One for each requested scenario and the health check, in run order.
        interrupted: What interrupted the run, which then decides the verdict.
    """
    codes = [verdict.exit_code for verdict in verdicts]
    reasons = [
        why.within("scenario", verdict.scenario) for verdict in verdicts for why in verdict.reasons
    ]
    if interrupted is not None:
        codes.append(ExitCode.INTERRUPTED)
        reasons.insert(0, interrupted)
    code = worst(
        codes, overrides_invalid=any(gate.overrides_invalid for v in verdicts for gate in v.gates)
    )
    return RunVerdict(
        verdict=verdict_of(code),
        exit_code=code,
        reasons=tuple(reasons) if codes else (no_scenario_run(),),
        scenarios=tuple(
            ScenarioOutcome(scenario=v.scenario, verdict=v.verdict, exit_code=v.exit_code)
            for v in verdicts
        ),
    )
