"""A run: the worst of its scenarios."""

from collections.abc import Sequence

from cdc_perf.errors import ExitCode
from cdc_perf.verdict.records import RunVerdict, ScenarioOutcome, ScenarioVerdict
from cdc_perf.verdict.verdict import verdict_of, worst


def judge_run(verdicts: Sequence[ScenarioVerdict], interrupted: str = "") -> RunVerdict:
    """Return the verdict on a run; one without any scenario has no data.

    Args:
        verdicts: Of every scenario that was asked for, the health check among them, in the order in
            which they ran.
        interrupted: What interrupted the run, which then stands whatever was measured; else empty.
    """
    codes = [verdict.exit_code for verdict in verdicts]
    reasons = [
        f"{verdict.scenario}: {reason}" for verdict in verdicts for reason in verdict.reasons
    ]
    if interrupted:
        codes.append(ExitCode.INTERRUPTED)
        reasons.insert(0, interrupted)
    code = worst(
        codes, overrides_invalid=any(gate.overrides_invalid for v in verdicts for gate in v.gates)
    )
    return RunVerdict(
        verdict=verdict_of(code),
        exit_code=code,
        reasons=tuple(reasons) if codes else ("no scenario was run",),
        scenarios=tuple(
            ScenarioOutcome(scenario=v.scenario, verdict=v.verdict, exit_code=v.exit_code)
            for v in verdicts
        ),
    )
