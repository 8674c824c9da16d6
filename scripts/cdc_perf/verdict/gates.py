"""The gates of a scenario; each function returns one gate."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdc_perf.errors import ExitCode
from cdc_perf.reasons import gates as reasons
from cdc_perf.reasons.reason import Reason, texts
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.stack.connector_health import PERSISTENT, Condition, ConnectorHealth
from cdc_perf.verdict.records import GateResult
from cdc_perf.wording import counted

_LOG_LINES = 5
_LOG_LINE_LENGTH = 200
# The names of the checks, in k6/scripts/health-check.js, that stand for a change of the load.
_ACCEPTED = "the load is accepted: "
_NAME, _CONDITION = "connector", "the connectors and their tasks run"


@dataclass(frozen=True)
class Gate:
    """A gate and its outcome.

    Attributes:
        result: Its entry in verdict.json.
        code: PASS if the gate passes or is unknown, else the scenario's exit code.
        reasons: Why it fails; empty if it does not.
    """

    result: GateResult
    code: ExitCode
    reasons: tuple[Reason, ...] = ()


def passed_gate(name: str, condition: str, observed: str) -> Gate:
    """Return a gate that passes."""
    return Gate(
        GateResult(name=name, condition=condition, observed=observed, ok=True), ExitCode.PASS
    )


def unknown_gate(name: str, condition: str, observed: str) -> Gate:
    """Return a gate whose outcome is unknown; it does not change the verdict."""
    return Gate(
        GateResult(name=name, condition=condition, observed=observed, ok=None), ExitCode.PASS
    )


def failed_gate(
    name: str,
    condition: str,
    observed: str,
    *,
    code: ExitCode,
    reasons: Sequence[Reason],
    overrides_invalid: bool = False,
) -> Gate:
    """Return a gate that fails.

    Args:
        name: The gate.
        condition: What must hold, in words.
        observed: What was found, in words.
        code: The exit code that the gate asks for.
        reasons: Why it fails, at least one.
        overrides_invalid: Whether the failure counts even if the measurement cannot be trusted.
    """
    result = GateResult(
        name=name,
        condition=condition,
        observed=observed,
        ok=False,
        reason="; ".join(texts(reasons)),
        overrides_invalid=overrides_invalid,
    )
    return Gate(result, code, tuple(reasons))


def summary_gate(scenario: str, summary: Summary | NoSummary) -> Gate:
    """Check that k6 wrote a summary of this scenario."""
    name, condition = "summary", f"a summary of {scenario}"
    if isinstance(summary, NoSummary):
        return failed_gate(
            name,
            condition,
            "none",
            code=ExitCode.INVALID,
            reasons=[reasons.summary_missing(why=summary.reason)],
        )
    if summary.scenario != scenario:
        return failed_gate(
            name,
            condition,
            f"one of {summary.scenario}",
            code=ExitCode.INVALID,
            reasons=[
                reasons.summary_of_another_scenario(found=summary.scenario, expected=scenario)
            ],
        )
    return passed_gate(name, condition, condition)


def interruption_gate(interrupted: str) -> Gate:
    """Check that nothing interrupted the load or the check after it."""
    name, condition = "interruption", "the load and the data-loss check complete"
    if not interrupted:
        return passed_gate(name, condition, "none")
    return failed_gate(
        name,
        condition,
        interrupted,
        code=ExitCode.INTERRUPTED,
        reasons=[reasons.load_interrupted(how=interrupted)],
    )


def thresholds_gate(scenario: str, thresholds: Sequence[Threshold]) -> Gate | None:
    """Check that the scenario has at least one threshold; None for the health check.

    A threshold that cannot be judged is NO-DATA by itself.
    """
    if scenario == HEALTH_CHECK:
        return None
    name, condition = "thresholds", "at least 1 threshold"
    observed = counted(len(thresholds), "threshold")
    if thresholds:
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.NO_DATA,
        reasons=[reasons.no_threshold(scenario=scenario)],
    )


def samples_gate(summary: Summary | NoSummary) -> Gate:
    """Check that at least one iteration ended or recorded a success or a failure."""
    name, condition = "samples", "at least 1 iteration"
    if isinstance(summary, NoSummary):
        return unknown_gate(name, condition, "unknown")
    iterations = int(summary.observed("iterations", "count") or 0)
    samples = summary.samples("cdc_success_rate")
    observed = (
        f"{counted(iterations, 'iteration')}, {counted(samples, 'sample')} of cdc_success_rate"
    )
    if iterations or samples:
        return passed_gate(name, condition, observed)
    return failed_gate(
        name,
        condition,
        observed,
        code=ExitCode.NO_DATA,
        reasons=[reasons.no_iteration()],
    )


def checks_gate(scenario: str, summary: Summary | NoSummary) -> Gate | None:
    """Check that the health check's checks all passed, at least one; None for other scenarios."""
    if scenario != HEALTH_CHECK:
        return None
    name, condition = "checks", "every check passes, at least 1"
    if isinstance(summary, NoSummary):
        return unknown_gate(name, condition, "unknown")
    failed = [check.name for check in summary.checks if check.fails or not check.passes]
    observed = f"{len(summary.checks) - len(failed)} of {len(summary.checks)} passed"
    if failed:
        return failed_gate(
            name,
            condition,
            observed,
            code=ExitCode.FAIL,
            reasons=_failed_checks(failed),
        )
    if not summary.checks:
        return failed_gate(
            name, condition, observed, code=ExitCode.NO_DATA, reasons=[reasons.health_check_empty()]
        )
    return passed_gate(name, condition, observed)


def _failed_checks(names: Sequence[str]) -> list[Reason]:
    """Return a reason for each refused change of the load, after one for the other checks."""
    refused = [each for each in names if each.startswith(_ACCEPTED)]
    others = [each for each in names if each not in refused]
    failed = [reasons.health_check_failed(checks=others)] if others else []
    changes = (each.removeprefix(_ACCEPTED) for each in refused)
    return [*failed, *(reasons.load_refused(change=each) for each in changes)]


def components_gate(events: Sequence[ComponentEvent] | None) -> Gate:
    """Check that no component died, restarted, or was changed during the scenario."""
    name, condition = "components", "no component dies or is changed"
    if events is None:
        return unknown_gate(name, condition, "unknown: this stack is not watched")
    if not events:
        return passed_gate(name, condition, "none")
    # An operator's action makes every finding doubtful, even the death of another component.
    changed = any(event.by_operator for event in events)
    return failed_gate(
        name,
        condition,
        ", ".join(f"{event.component} {event.what}" for event in events),
        code=ExitCode.INVALID if changed else ExitCode.FAIL,
        overrides_invalid=not changed,
        reasons=[_reason(event) for event in events],
    )


def _reason(event: ComponentEvent) -> Reason:
    if event.by_operator:
        return reasons.component_operated(component=event.component, what=event.what)
    return reasons.component_died(
        component=event.component,
        what=event.what,
        remedy=event.remedy,
        log=[line.strip()[:_LOG_LINE_LENGTH] for line in event.log[-_LOG_LINES:]],
    )


def connector_gate(
    connectors: Sequence[ConnectorHealth], events: Sequence[ComponentEvent] | None = ()
) -> Gate:
    """Check that the connectors and their tasks run: a failed one does not recover by itself.

    A worker that does not answer is reported by its component's gate and by the drain.
    """
    if not connectors:
        return unknown_gate(_NAME, _CONDITION, "unknown: no address of Kafka Connect")
    down = [x for x in connectors if not x.running]
    known = [x for x in down if x.condition is not Condition.UNKNOWN]
    if not down:
        return passed_gate(_NAME, _CONDITION, "running")
    if not known:
        return unknown_gate(_NAME, _CONDITION, f"unknown: {down[0].detail}")
    # After an operator stops a component, a connector has no tasks for a while.
    operated = any(event.by_operator for event in events or ())
    persistent = any(x.condition in PERSISTENT or x.condition is Condition.ABSENT for x in known)
    return failed_gate(
        _NAME,
        _CONDITION,
        ", ".join(f"{x.name}: {x.condition}" for x in known),
        code=ExitCode.FAIL,
        overrides_invalid=persistent and not operated,
        reasons=[x.reason for x in known],
    )
