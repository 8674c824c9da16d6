"""One scenario: its limits and gates, and the verdict that follows."""

from collections.abc import Iterable, Sequence

from scripts.errors import ExitCode
from scripts.results.summary import NoSummary, Summary
from scripts.settings.thresholds import Threshold
from scripts.stack.component import ComponentEvent
from scripts.verdict.agreement import thresholds_agree_gate
from scripts.verdict.gates import Gate, checks_gate, components_gate, samples_gate, summary_gate
from scripts.verdict.k6_exit import k6_exit_gate
from scripts.verdict.limits import judge_threshold
from scripts.verdict.records import ScenarioVerdict, ThresholdResult
from scripts.verdict.verdict import verdict_of, worst

_THRESHOLD_CODES = {True: ExitCode.PASS, False: ExitCode.FAIL, None: ExitCode.NO_DATA}


def judge(
    scenario: str,
    thresholds: Sequence[Threshold],
    summary: Summary | NoSummary,
    k6_exit: int,
    events: Sequence[ComponentEvent],
) -> ScenarioVerdict:
    """Return the verdict on one scenario that was run.

    Args:
        scenario: Its name.
        thresholds: Its limits; none for the health check, which its gates judge.
        summary: What k6 left.
        k6_exit: k6's exit code; -N where signal N killed it.
        events: What happened to the stack's components meanwhile.
    """
    gates = _gates(scenario, thresholds, summary, k6_exit, events)
    results = tuple(judge_threshold(threshold, summary) for threshold in thresholds)
    code = worst([*(gate.code for gate in gates), *(_THRESHOLD_CODES[r.ok] for r in results)])
    return ScenarioVerdict(
        scenario=scenario,
        verdict=verdict_of(code),
        exit_code=code,
        reasons=_reasons(gates, results),
        thresholds=results,
        gates=tuple(gate.result for gate in gates),
    )


def not_run(scenario: str, code: ExitCode, reason: str) -> ScenarioVerdict:
    """Return the verdict on a scenario that was never started.

    Args:
        scenario: Its name.
        code: STACK where the stack is gone, INTERRUPTED, LOAD, or NO_DATA for another cause.
        reason: Why, in a sentence.
    """
    return ScenarioVerdict(
        scenario=scenario,
        verdict=verdict_of(code),
        exit_code=code,
        reasons=(reason,),
        thresholds=(),
        gates=(),
    )


def _gates(
    scenario: str,
    thresholds: Sequence[Threshold],
    summary: Summary | NoSummary,
    k6_exit: int,
    events: Sequence[ComponentEvent],
) -> tuple[Gate, ...]:
    gates = (
        k6_exit_gate(scenario, k6_exit, summary),
        components_gate(events),
        summary_gate(scenario, summary),
        samples_gate(summary),
        checks_gate(scenario, summary),
        thresholds_agree_gate(thresholds, summary),
    )
    return tuple(gate for gate in gates if gate is not None)


def _reasons(gates: Iterable[Gate], results: Iterable[ThresholdResult]) -> tuple[str, ...]:
    """Return each sentence once; several limits can have the same one."""
    sentences = [*(gate.result.reason for gate in gates), *(result.reason for result in results)]
    return tuple(dict.fromkeys(sentence for sentence in sentences if sentence))
