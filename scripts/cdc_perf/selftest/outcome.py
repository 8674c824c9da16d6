"""Compare a run's verdict on a fault with the expected one."""

from collections.abc import Sequence

import msgspec
from tabulate import tabulate

from cdc_perf.errors import ExitCode, StackFailure
from cdc_perf.reasons.figures import figure, limit_figure
from cdc_perf.reasons.reason import texts
from cdc_perf.report.rows import printable
from cdc_perf.selftest.fault import Expected, Fault
from cdc_perf.verdict.records import GateResult, ScenarioVerdict, ThresholdResult
from cdc_perf.verdict.verdict import Verdict, verdict_of
from cdc_perf.wording import counted

Result = GateResult | ThresholdResult
_LONGEST_REASON = 200
_ABOUT = """\
# Verdicts on injected faults

Written by `inv selftest --write` (`nox -s selftest`). Each fault is injected alone, under a load of
eight seconds, on its own embedded stack. It enters through a component or the network; no file that
the verdict reads is changed. A gate that misses its fault makes the command exit with 12. The table
shows the verdict of `inv perf`, the gate or threshold that had to fail, and its reason.

"""


class PassedCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A gate or threshold that passed, as text; figures are in the metric's unit."""

    name: str
    limit: str
    observed: str


class TrialOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one fault.

    Attributes:
        fault: Its name.
        planted: One sentence that describes it.
        expected: The expected verdict.
        verdict: The actual verdict.
        exit_code: The exit code of the verdict.
        red: The gate or threshold that must fail; empty for a clean run.
        reason: Its reason; for a clean run, a summary.
        reasons: All reasons of the verdict.
        held: For a clean run, every gate and threshold that passed.
        seconds: How long the run took, from the stack's start to its end.
        wrong: How this differs from what was expected; empty if it does not.
    """

    fault: str
    planted: str
    expected: Verdict
    verdict: Verdict
    exit_code: ExitCode
    red: str
    reason: str
    reasons: tuple[str, ...]
    held: tuple[PassedCheck, ...] = ()
    seconds: float
    wrong: str


def outcome_of(fault: Fault, said: ScenarioVerdict, exit_code: int, seconds: float) -> TrialOutcome:
    """Return the outcome of a fault.

    Args:
        fault: The fault.
        said: The verdict on its scenario.
        exit_code: The exit code of `inv perf`.
        seconds: How long the run took.
    """
    expected = fault.expected
    return TrialOutcome(
        fault=fault.name,
        planted=fault.planted,
        expected=verdict_of(expected.code),
        verdict=said.verdict,
        exit_code=said.exit_code,
        red=expected.red,
        reason=_reason(expected, said),
        reasons=texts(said.reasons),
        held=() if expected.red else tuple(_held(x) for x in _results(said) if x.ok),
        seconds=round(seconds, 1),
        wrong=_wrong(expected, said, exit_code),
    )


def not_tried(fault: Fault, failure: StackFailure) -> TrialOutcome:
    """Return the outcome of a fault that could not be injected, so that its verdict is unknown."""
    return TrialOutcome(
        fault=fault.name,
        planted=fault.planted,
        expected=verdict_of(fault.expected.code),
        verdict=verdict_of(failure.code),
        exit_code=failure.code,
        red=fault.expected.red,
        reason=failure.message,
        reasons=(failure.message,),
        seconds=0.0,
        wrong=f"the fault was not injected: {failure}",
    )


def starved(said: ScenarioVerdict) -> bool:
    """Return whether the load generator was starved, so that the run says nothing about a fault."""
    found = _named("generator_delay", said)
    return found is not None and found.ok is False


def _reason(expected: Expected, said: ScenarioVerdict) -> str:
    found = _named(expected.red, said)
    if found is not None and found.reason:
        return found.reason
    results = _results(said)
    held = sum(result.ok is True for result in results)
    return f"{held} of {len(results)} thresholds and gates hold"


def _held(result: Result) -> PassedCheck:
    if isinstance(result, GateResult):
        return PassedCheck(name=result.name, limit=result.condition, observed=result.observed)
    return PassedCheck(
        name=_name(result),
        limit=f"{result.operator} {limit_figure(result.limit, result.unit)}",
        observed=f"{figure(result.observed or 0.0, result.unit)} "
        f"over {counted(result.samples, 'sample')}",
    )


def _wrong(expected: Expected, said: ScenarioVerdict, exit_code: int) -> str:
    found = _not_red(expected, said) if expected.red else _not_green(said)
    if found:
        return found
    if said.exit_code != expected.code:
        return f"the verdict was {said.verdict} (exit {said.exit_code:d}): {said.reasons[0].text}"
    if exit_code != said.exit_code:
        return f"the command exited with {exit_code}, but the verdict is exit {said.exit_code:d}"
    return ""


def _not_red(expected: Expected, said: ScenarioVerdict) -> str:
    found = _named(expected.red, said)
    if found is None:
        return f"{expected.red} was not judged"
    if not found.reason:
        return f"{expected.red} did not fail"
    if expected.reason not in found.reason:
        return f"the reason of {expected.red} is: {found.reason}; expected: {expected.reason}"
    return ""


def _not_green(said: ScenarioVerdict) -> str:
    names = ", ".join(_name(result) for result in _results(said) if not result.ok)
    return f"without a fault, these failed: {names}" if names else ""


def _named(name: str, said: ScenarioVerdict) -> Result | None:
    return next((result for result in _results(said) if _name(result) == name), None)


def _results(said: ScenarioVerdict) -> list[Result]:
    return [*said.gates, *said.thresholds]


def _name(result: Result) -> str:
    if isinstance(result, GateResult):
        return result.name
    return f"{result.metric} {result.stat}"


def text(outcomes: Sequence[TrialOutcome]) -> str:
    """Return the table for a terminal, and a last line that says whether all is as expected."""
    rows = [
        (
            x.fault,
            x.verdict,
            x.expected,
            "" if x.wrong else x.red,
            _short(printable(x.wrong or x.reason)),
        )
        for x in outcomes
    ]
    table = tabulate(
        rows, ("fault", "verdict", "expected", "failed", "reason"), disable_numparse=True
    )
    return f"{table}\n\n{last_line(outcomes)}"


def last_line(outcomes: Sequence[TrialOutcome]) -> str:
    """Return a sentence that says whether all is as expected."""
    wrong = [x for x in outcomes if x.wrong]
    lead = f"{len(outcomes) - len(wrong)} of {len(outcomes)} runs got the expected verdict"
    if not wrong:
        return lead
    return f"{lead}; wrong: " + "; ".join(f"{x.fault}: {x.wrong}" for x in wrong)


def markdown(outcomes: Sequence[TrialOutcome]) -> str:
    """Return the content of docs/verdicts.md."""
    rows = [
        (f"`{x.fault}`", x.planted, _verdict(x), f"`{x.red}`" if x.red else "", _cell(x.reason))
        for x in outcomes
    ]
    blocks = [_ABOUT + _table(rows, ("fault", "injected", "verdict", "failed", "reason"))]
    for outcome in outcomes:
        if outcome.held:
            held = [(f"`{x.name}`", _cell(x.limit), _cell(x.observed)) for x in outcome.held]
            table = _table(held, ("gate or threshold", "limit", "observed"))
            blocks.append(f"## The run `{outcome.fault}`\n\n{table}")
    return "\n\n".join(blocks) + "\n"


def _table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    return tabulate(rows, headers, tablefmt="pipe", disable_numparse=True)


def _verdict(outcome: TrialOutcome) -> str:
    passed = outcome.verdict is Verdict.PASS
    return outcome.verdict if passed else f"{outcome.verdict} ({outcome.exit_code:d})"


def _cell(text: str) -> str:
    return _short(printable(text)).replace("|", "\\|").replace("<", "\\<")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}..."
