"""The conditions beside the limits: each a function that returns what it found."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdc_perf.errors import ExitCode
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.verdict.records import GateResult
from cdc_perf.wording import counted

_LOG_LINES = 5
_LOG_LINE_LENGTH = 200


@dataclass(frozen=True)
class Gate:
    """A gate and what it makes of the scenario.

    Attributes:
        result: What verdict.json says of it.
        code: PASS where it holds or cannot be told, else what it ends the scenario with.
    """

    result: GateResult
    code: ExitCode


def open_gate(name: str, limit: str, observed: str, *, ok: bool | None = True) -> Gate:
    """Return a gate that holds, or (`ok=None`) one that cannot be told."""
    return Gate(GateResult(name=name, limit=limit, observed=observed, ok=ok), ExitCode.PASS)


def shut_gate(
    name: str, limit: str, observed: str, *, code: ExitCode, reason: str, certain: bool = False
) -> Gate:
    """Return a gate that does not hold; `certain`: whatever the measurement is worth."""
    result = GateResult(
        name=name, limit=limit, observed=observed, ok=False, reason=reason, certain=certain
    )
    return Gate(result, code)


def summary_gate(scenario: str, summary: Summary | NoSummary) -> Gate:
    """k6 left a summary, and it is this scenario's."""
    name, limit = "summary", f"a summary of {scenario}"
    if isinstance(summary, NoSummary):
        return shut_gate(name, limit, "none", code=ExitCode.INVALID, reason=summary.reason)
    if summary.scenario != scenario:
        return shut_gate(
            name,
            limit,
            f"one of {summary.scenario}",
            code=ExitCode.INVALID,
            reason=f"the summary is that of {summary.scenario}, not of {scenario}",
        )
    return open_gate(name, limit, limit)


def interruption_gate(interrupted: str) -> Gate:
    """Nothing interrupted the load or the check after it."""
    name, limit = "interruption", "the load and the check come to their end"
    if not interrupted:
        return open_gate(name, limit, "none")
    return shut_gate(
        name,
        limit,
        interrupted,
        code=ExitCode.INTERRUPTED,
        reason=f"{interrupted}: what was measured until then is kept",
    )


def thresholds_gate(scenario: str, thresholds: Sequence[Threshold]) -> Gate | None:
    """At least one threshold says what is good enough; None for the health check.

    A threshold that cannot be judged is NO-DATA by itself.
    """
    if scenario == HEALTH_CHECK:
        return None
    name, limit = "thresholds", "at least 1 threshold"
    observed = counted(len(thresholds), "threshold")
    if thresholds:
        return open_gate(name, limit, observed)
    return shut_gate(
        name,
        limit,
        observed,
        code=ExitCode.NO_DATA,
        reason=f"{scenario} has no threshold, so nothing says what is good enough: "
        "set one in k6/thresholds.json",
    )


def samples_gate(summary: Summary | NoSummary) -> Gate:
    """At least one iteration ended, or one success or failure was noted."""
    name, limit = "samples", "at least 1 iteration"
    if isinstance(summary, NoSummary):
        return open_gate(name, limit, "unknown", ok=None)
    iterations = int(summary.observed("iterations", "count") or 0)
    noted = summary.samples("cdc_success_rate")
    observed = f"{counted(iterations, 'iteration')}, {counted(noted, 'sample')} of cdc_success_rate"
    if iterations or noted:
        return open_gate(name, limit, observed)
    return shut_gate(
        name,
        limit,
        observed,
        code=ExitCode.NO_DATA,
        reason="no iteration came to its end: see the log of k6, or run for longer",
    )


def checks_gate(scenario: str, summary: Summary | NoSummary) -> Gate | None:
    """Every check of the health check passed, and there was one; None for other scenarios."""
    if scenario != HEALTH_CHECK:
        return None
    name, limit = "checks", "every check passes, at least 1"
    if isinstance(summary, NoSummary):
        return open_gate(name, limit, "unknown", ok=None)
    failed = [check.name for check in summary.checks if check.fails or not check.passes]
    observed = f"{len(summary.checks) - len(failed)} of {len(summary.checks)} passed"
    if failed:
        return shut_gate(
            name,
            limit,
            observed,
            code=ExitCode.FAIL,
            reason=f"the health check failed at: {', '.join(failed)}",
        )
    if not summary.checks:
        return shut_gate(
            name, limit, observed, code=ExitCode.NO_DATA, reason="the health check checked nothing"
        )
    return open_gate(name, limit, observed)


def components_gate(events: Sequence[ComponentEvent] | None) -> Gate:
    """No component died, restarted or was changed while the scenario ran."""
    name, limit = "components", "no component dies or is changed"
    if events is None:
        return open_gate(name, limit, "unknown: not ours to watch", ok=None)
    if not events:
        return open_gate(name, limit, "none")
    # What an operator did makes every finding doubtful, the death of another component too.
    changed = any(event.by_operator for event in events)
    return shut_gate(
        name,
        limit,
        ", ".join(f"{event.component} {event.what}" for event in events),
        code=ExitCode.INVALID if changed else ExitCode.FAIL,
        certain=not changed,
        reason="; ".join(_sentence(event) for event in events),
    )


def _sentence(event: ComponentEvent) -> str:
    if event.by_operator:
        return f"{event.component} {event.what} under the test, at an operator's request"
    lines = [line.strip()[:_LOG_LINE_LENGTH] for line in event.log[-_LOG_LINES:]]
    remedy = f": {event.remedy}" if event.remedy else ""
    end = f"; its log ends: {' | '.join(lines)}" if lines else ""
    return f"{event.component} {event.what} by itself during the run{remedy}{end}"
