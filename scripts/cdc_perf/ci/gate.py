"""The required check: it passes only if every planned scenario passed, and says what failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from cdc_perf.ci.plan import Output
from cdc_perf.errors import ExitCode, UsageFailure
from cdc_perf.reasons.reason import texts
from cdc_perf.report.markdown import sentence
from cdc_perf.report.rows import printable, scenario_word
from cdc_perf.runs.run_set import RunSet
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.verdict.verdict import worst

NEEDS = "NEEDS"
SUCCESS, CANCELLED, SKIPPED = "success", "cancelled", "skipped"
PLAN, PERFORMANCE_TEST, COMPARE, REPORT = "plan", "performance-test", "compare", "report"


class Needed(msgspec.Struct, frozen=True):
    """The result of a job that this one needs, from GitHub's `needs`."""

    result: str
    outputs: dict[str, str] | None = None

    def output(self, name: Output) -> str:
        """Return an output; empty if the job did not set it."""
        return (self.outputs or {}).get(name, "")


@dataclass(frozen=True)
class Decision:
    """Whether the check passes.

    Attributes:
        code: The exit code of the job.
        lines: The reasons, one per line.
    """

    code: ExitCode
    lines: tuple[str, ...]


def read_needs(text: str) -> Mapping[str, Needed]:
    """Parse GitHub's `needs`.

    Raises:
        UsageFailure: The text is malformed, or lacks one of the jobs.
    """
    try:
        needs = msgspec.json.decode(text, type=dict[str, Needed])
    except msgspec.DecodeError as error:
        raise UsageFailure(
            f"{NEEDS} is not the output of toJSON(needs): {error}",
            hint="this command needs the workflow; elsewhere, use the exit code of `inv perf`",
        ) from None
    missing = [name for name in (PLAN, PERFORMANCE_TEST, COMPARE, REPORT) if name not in needs]
    if missing:
        raise UsageFailure(f"{NEEDS} has no job {', '.join(missing)}")
    return needs


def decide(needs: Mapping[str, Needed], recorded: RunSet) -> Decision:
    """Return whether the check passes: every planned scenario passed, or none had to run.

    Args:
        needs: The results of the previous jobs.
        recorded: The results that were found.
    """
    plan, tests = needs[PLAN], needs[PERFORMANCE_TEST]
    if plan.result != SUCCESS:
        return _red([(_code(plan.result), f"plan: {plan.result}: nothing was planned")])
    expected = [name for name in plan.output(Output.SCENARIOS).split(",") if name]
    if plan.output(Output.RELEVANT) == "false" and not expected:
        return _without_scenarios(tests)
    if not expected:
        return _red([(ExitCode.NO_DATA, "plan: says that scenarios run, but names none")])
    problems = _problems(expected, recorded)
    if tests.result != SUCCESS:
        problems.append((_code(tests.result), f"performance-test: {tests.result}"))
    if problems:
        return _red(problems)
    lines = [f"{name}: PASS" for name in expected]
    lines += [
        f"ignored (a later attempt has results): {printable(line)}" for line in recorded.superseded
    ]
    if needs[COMPARE].result not in (SUCCESS, SKIPPED):
        # A label on the pull request can accept it, and this job does not read labels.
        lines.append(f"compare: {needs[COMPARE].result}: the required status decides, not this job")
    if needs[REPORT].result != SUCCESS:
        # Publishing never changes a verdict, and the job itself has already failed.
        lines.append(
            f"report: {needs[REPORT].result}: the verdicts are valid, but their summary is missing"
        )
    return Decision(ExitCode.PASS, tuple(lines))


def _without_scenarios(tests: Needed) -> Decision:
    if tests.result != SKIPPED:
        return _red(
            [(ExitCode.INVALID, f"performance-test: {tests.result}, but no scenario was planned")]
        )
    return Decision(
        ExitCode.PASS,
        ("no changed file can affect performance: no scenario had to run",),
    )


def _problems(expected: Sequence[str], recorded: RunSet) -> list[tuple[ExitCode, str]]:
    measured = recorded.measured()
    problems = [(ExitCode.INVALID, printable(line)) for line in recorded.unreadable]
    for name in expected:
        if name not in measured:
            problems.append((ExitCode.NO_DATA, f"{name}: its job left no results"))
            continue
        verdict = measured[name].row.verdict
        if verdict.exit_code is not ExitCode.PASS:
            meaning = sentence(verdict.verdict, verdict.exit_code)
            why = "; ".join(printable(reason.text) for reason in verdict.reasons) or meaning
            judged = scenario_word(verdict)
            problems.append((verdict.exit_code, f"{name}: {judged}: {why}"))
    unplanned = [name for name in measured if name not in (*expected, HEALTH_CHECK)]
    problems += [
        (ExitCode.INVALID, f"{name}: has results but was not planned") for name in unplanned
    ]
    unfinished = recorded.verdict()
    if not problems and unfinished.exit_code is not ExitCode.PASS:
        problems.append((unfinished.exit_code, "; ".join(texts(unfinished.reasons))))
    return problems


def _red(problems: Sequence[tuple[ExitCode, str]]) -> Decision:
    return Decision(worst(code for code, _ in problems), tuple(line for _, line in problems))


def _code(result: str) -> ExitCode:
    return ExitCode.INTERRUPTED if result == CANCELLED else ExitCode.INVALID
