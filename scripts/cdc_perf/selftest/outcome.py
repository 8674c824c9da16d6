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

Written by `inv selftest --write` (`nox -s selftest`). Each fault is injected alone, under a short
load, on its own embedded stack. It enters through a component or the network; no file that the
verdict reads is changed. A gate that misses its fault makes the command exit with 12. The table
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
        description: One sentence that describes it.
        expected: The expected verdict.
        verdict: The actual verdict.
        exit_code: The exit code of the verdict.
        red: The gate or threshold that must fail; empty for a clean run.
        reason: Its reason; for a clean run, a summary.
        reasons: All reasons of the verdict.
        passed: For a clean run, every gate and threshold that passed.
        seconds: How long the run took, from the stack's start to its end.
        wrong: How this differs from what was expected; empty if it does not.
    """

    fault: str
    description: str = msgspec.field(name="planted")
    expected: Verdict
    verdict: Verdict
    exit_code: ExitCode
    red: str
    reason: str
    reasons: tuple[str, ...]
    passed: tuple[PassedCheck, ...] = msgspec.field(default=(), name="held")
    seconds: float
    wrong: str


def outcome_of(
    fault: Fault, verdict: ScenarioVerdict, exit_code: int, seconds: float
) -> TrialOutcome:
    """Return the outcome of a fault.

    Args:
        fault: The fault.
        verdict: The verdict on its scenario.
        exit_code: The exit code of `inv perf`.
        seconds: How long the run took.
    """
    expected = fault.expected
    return TrialOutcome(
        fault=fault.name,
        description=fault.description,
        expected=verdict_of(expected.code),
        verdict=verdict.verdict,
        exit_code=verdict.exit_code,
        red=expected.red,
        reason=_reason(expected, verdict),
        reasons=texts(verdict.reasons),
        passed=() if expected.red else tuple(_passed_check(x) for x in _results(verdict) if x.ok),
        seconds=round(seconds, 1),
        wrong=_wrong(expected, verdict, exit_code),
    )


def not_tried(fault: Fault, failure: StackFailure) -> TrialOutcome:
    """Return the outcome of a fault that could not be injected, so that its verdict is unknown."""
    return TrialOutcome(
        fault=fault.name,
        description=fault.description,
        expected=verdict_of(fault.expected.code),
        verdict=verdict_of(failure.code),
        exit_code=failure.code,
        red=fault.expected.red,
        reason=failure.message,
        reasons=(failure.message,),
        seconds=0.0,
        wrong=f"the fault was not injected: {failure}",
    )


def starved(verdict: ScenarioVerdict) -> bool:
    """Return whether the load generator was starved, so that the run says nothing about a fault."""
    found = _named("generator_delay", verdict)
    return found is not None and found.ok is False


def _reason(expected: Expected, verdict: ScenarioVerdict) -> str:
    found = _named(expected.red, verdict)
    if found is not None and found.reason:
        return found.reason
    results = _results(verdict)
    passed = sum(result.ok is True for result in results)
    return f"{passed} of {len(results)} thresholds and gates hold"


def _passed_check(result: Result) -> PassedCheck:
    if isinstance(result, GateResult):
        return PassedCheck(name=result.name, limit=result.condition, observed=result.observed)
    return PassedCheck(
        name=_name(result),
        limit=f"{result.operator} {limit_figure(result.limit, result.unit)}",
        observed=f"{figure(result.observed or 0.0, result.unit)} "
        f"over {counted(result.samples, 'sample')}",
    )


def _wrong(expected: Expected, verdict: ScenarioVerdict, exit_code: int) -> str:
    found = _not_red(expected, verdict) if expected.red else _not_green(verdict)
    if found:
        return found
    if verdict.exit_code != expected.code:
        actual = f"{verdict.verdict} (exit {verdict.exit_code:d})"
        return f"the verdict was {actual}: {verdict.reasons[0].text}"
    if exit_code != verdict.exit_code:
        return f"the command exited with {exit_code}, but the verdict is exit {verdict.exit_code:d}"
    return ""


def _not_red(expected: Expected, verdict: ScenarioVerdict) -> str:
    found = _named(expected.red, verdict)
    if found is None:
        return f"{expected.red} was not judged"
    if not found.reason:
        return f"{expected.red} did not fail"
    if expected.reason not in found.reason:
        return f"the reason of {expected.red} is: {found.reason}; expected: {expected.reason}"
    return ""


def _not_green(verdict: ScenarioVerdict) -> str:
    names = ", ".join(_name(result) for result in _results(verdict) if not result.ok)
    return f"without a fault, these failed: {names}" if names else ""


def _named(name: str, verdict: ScenarioVerdict) -> Result | None:
    return next((result for result in _results(verdict) if _name(result) == name), None)


def _results(verdict: ScenarioVerdict) -> list[Result]:
    return [*verdict.gates, *verdict.thresholds]


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
        (f"`{x.fault}`", x.description, _verdict(x), f"`{x.red}`" if x.red else "", _cell(x.reason))
        for x in outcomes
    ]
    blocks = [_ABOUT + _table(rows, ("fault", "injected", "verdict", "failed", "reason"))]
    for outcome in outcomes:
        if outcome.passed:
            passed = [(f"`{x.name}`", _cell(x.limit), _cell(x.observed)) for x in outcome.passed]
            table = _table(passed, ("gate or threshold", "limit", "observed"))
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
