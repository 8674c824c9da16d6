"""The required status of a commit: its results, judged by the default branch's own settings.

A pull request can change the workflow that runs it, the thresholds, the load, and the gates, so its
own verdicts are not enough. This code, these thresholds, and these load shapes are those of the
default branch, and the results are treated as untrusted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cdc_perf.ci.comparison import Compared
from cdc_perf.ci.judge_context import JudgeInputs
from cdc_perf.ci.problems import Problem, ProblemKind
from cdc_perf.ci.run import job_name
from cdc_perf.errors import ExitCode
from cdc_perf.publish.jobs import SUCCESS
from cdc_perf.publish.status import State, Status
from cdc_perf.reasons.reason import texts
from cdc_perf.results.manifest import RunStatus
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.runs.run_set import RecordedScenario, RunSet
from cdc_perf.settings.executors import same_load
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import Scenario, load_scenarios
from cdc_perf.settings.threshold_file import load_thresholds
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.gates import samples_gate, summary_gate
from cdc_perf.verdict.k6_gates import k6_exit_gate
from cdc_perf.verdict.load_gates import dropped_gate, duration_gate, generator_gate, rate_gate
from cdc_perf.verdict.records import ScenarioVerdict
from cdc_perf.verdict.threshold_result import broken_threshold, judge_threshold
from cdc_perf.verdict.verdict import Verdict
from cdc_perf.wording import counted

# Gates that only the run itself can judge: each must be in its verdict, and pass.
REPORTED_GATES = (
    "interruption",
    "iterations",
    "components",
    "connector",
    "clock",
    "points",
    "drained",
    "rows",
    "events",
    "dead_letters",
    "ledger",
)


@dataclass(frozen=True)
class Rules:
    """The default branch's settings that decide.

    Attributes:
        thresholds: The thresholds of each required scenario, in the environment for pull requests.
    """

    thresholds: Mapping[Scenario, tuple[Threshold, ...]]

    @classmethod
    def of(cls, checkout: Checkout, inputs: JudgeInputs) -> "Rules":
        """Read the rules from a checkout of the default branch.

        Args:
            checkout: This project, and the default branch's pipeline.
            inputs: The inputs of the default branch's workflow.

        Raises:
            UsageFailure: A settings file is wrong.
        """
        scenarios = load_scenarios(checkout)
        table = load_thresholds(checkout, scenarios.names, load_metrics(checkout))
        return cls(
            {
                scenario: table.thresholds_of(scenario.name, inputs.environment)
                for scenario in scenarios.select(inputs.scenarios)
            }
        )


@dataclass(frozen=True)
class Judgement:
    """The default branch's judgment on a commit.

    Attributes:
        status: The status to set.
        problems: Why it failed; empty if it passed.
        needed: Whether a scenario had to run at all.
        compared: The judgment on the comparison of two versions, which is a part of it.
    """

    status: Status
    problems: tuple[Problem, ...]
    needed: bool
    compared: Compared = field(default_factory=Compared)


def nothing_to_run() -> Judgement:
    """Return the judgment on a commit whose changes cannot affect performance."""
    text = "no changed file can affect performance: no scenario had to run"
    return Judgement(Status(State.SUCCESS, text), (), needed=False)


def judge(rules: Rules, recorded: RunSet, jobs: Mapping[str, str], compared: Compared) -> Judgement:
    """Return the judgment on a commit whose scenarios had to run.

    Args:
        rules: The default branch's settings.
        recorded: The commit's results.
        jobs: The conclusions of the jobs of its workflow run.
        compared: The judgment on its comparison with the base.
    """
    problems = [*compared.problems, *_scenario_problems(rules, recorded, jobs)]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        # Results of other commits say nothing about this one.
        foreign = any(x.kind is ProblemKind.COMMITS for x in problems)
        state = State.ERROR if foreign else State.FAILURE
        status = Status(state, f"{problems[0].sentence}{more}")
        return Judgement(status, tuple(problems), needed=True, compared=compared)
    names = counted(len(rules.thresholds), "scenario")
    hold = f"{names} judged by the default branch's thresholds: all hold"
    text = f"{compared.note}; {hold}" if compared.note else hold
    return Judgement(Status(State.SUCCESS, text), (), needed=True, compared=compared)


def _scenario_problems(
    rules: Rules, recorded: RunSet, jobs: Mapping[str, str]
) -> Iterator[Problem]:
    measured = recorded.measured()
    for fault in recorded.unreadable:
        yield Problem(ProblemKind.UNREADABLE, "", "some results cannot be read", fault)
    for scenario, thresholds in rules.thresholds.items():
        ended = jobs.get(job_name(scenario.name), "")
        if ended != SUCCESS:
            yield Problem(ProblemKind.JOB, scenario.name, "its job did not end with success", ended)
        found = measured.get(scenario.name)
        if found is None:
            yield Problem(ProblemKind.MISSING, scenario.name, "it has no results")
        else:
            yield from _problems(scenario, thresholds, found)


def _problems(
    scenario: Scenario, thresholds: tuple[Threshold, ...], found: RecordedScenario
) -> Iterator[Problem]:
    entry, verdict = found.run.entry(scenario.name), found.row.verdict
    if found.run.manifest.status is not RunStatus.COMPLETE:
        yield Problem(ProblemKind.UNFINISHED, scenario.name, "its run did not finish")
    if (
        not same_load(entry.executor, scenario.options)
        or entry.think_time_seconds != scenario.think_time_seconds
    ):
        yield Problem(
            ProblemKind.LOAD, scenario.name, "its load differs from that of the default branch"
        )
    if not thresholds:
        yield Problem(
            ProblemKind.THRESHOLD, scenario.name, "the default branch has no threshold for it"
        )
    for threshold in thresholds:
        if reason := _broken(threshold, verdict, found.row.summary):
            yield Problem(ProblemKind.THRESHOLD, scenario.name, reason)
    for name, why in (
        *_recomputed(scenario, entry.k6_exit_code, found.row.summary),
        *_reported(verdict),
    ):
        yield Problem(ProblemKind.GATE, scenario.name, f"the gate {name} does not hold", why)
    if verdict.verdict is not Verdict.PASS:
        theirs = "; ".join(texts(verdict.reasons))
        yield Problem(
            ProblemKind.VERDICT, scenario.name, f"its own verdict is {verdict.verdict}", theirs
        )


def _broken(threshold: Threshold, verdict: ScenarioVerdict, summary: Summary | NoSummary) -> str:
    """Return why a threshold of the default branch fails; empty if it holds.

    The summary has k6's measurements. It lacks the stack's own metrics, whose values are taken from
    the run's verdict and compared with the threshold.
    """
    name = f"{threshold.metric} {threshold.stat}"
    if threshold.in_k6:
        result = judge_threshold(threshold, summary).result
        return "" if result.ok else result.reason
    seen = next(
        (x for x in verdict.thresholds if (x.metric, x.stat) == (threshold.metric, threshold.stat)),
        None,
    )
    if seen is None or seen.observed is None or seen.ok is None:
        return f"{name} was not judged"
    if seen.samples < threshold.samples_needed:
        return f"{name} has too few samples"
    if threshold.holds(seen.observed):
        return ""
    return broken_threshold(threshold, seen.observed, seen.samples).text


def _recomputed(
    scenario: Scenario, k6_exit: int | None, summary: Summary | NoSummary
) -> Iterator[tuple[str, str]]:
    """Yield the gates that can be recomputed from the summary and fail, with their reasons.

    The expected load is that of the default branch.
    """
    exited = -1 if k6_exit is None else k6_exit
    for gate in (
        k6_exit_gate(scenario.name, exited, summary),
        summary_gate(scenario.name, summary),
        samples_gate(summary),
        dropped_gate(summary),
        duration_gate(scenario.options, exited, summary),
        rate_gate(scenario.options, exited, summary),
        generator_gate(scenario.name, summary),
    ):
        if gate is not None and gate.code is not ExitCode.PASS:
            yield gate.result.name, gate.result.reason


def _reported(verdict: ScenarioVerdict) -> Iterator[tuple[str, str]]:
    """Yield the gates that only the run can judge and that do not pass, with their reasons."""
    found = {gate.name: gate for gate in verdict.gates}
    for name in REPORTED_GATES:
        if name not in found:
            yield name, "its verdict lacks this gate"
        elif found[name].ok is not True:
            yield name, found[name].reason or f"observed: {found[name].observed}"
