"""The decisions of the workflow's jobs: `inv ci.plan`, `ci.gate`, `ci.judge`."""

from invoke import Context, task

from cdc_perf.tasks.command import STACK_HELP, command
from cdc_perf.wording import counted

_SCENARIOS_HELP = "scenario names, separated by commas, or all (default: baseline,e2e-latency)"
_MINUTES_HELP = "time limit of the comparison, 0 for none (default: 12)"
_PATHS_HELP = "patterns of the files that can affect performance (default: all but documentation)"


@task(
    help={
        "scenarios": _SCENARIOS_HELP,
        "duration": "duration of each scenario, such as 5m (default: that of scenarios.json)",
        "stack": STACK_HELP,
        "minutes": _MINUTES_HELP,
        "paths": _PATHS_HELP,
    }
)
@command
def plan(
    _: Context,
    scenarios: str = "",
    duration: str = "",
    stack: str = "auto",
    minutes: str = "",
    paths: str = "",
) -> None:
    """Plan a workflow run: its scenarios, and whether a pull request needs any."""
    import os

    from cdc_perf.ci.changes import (
        changed_paths,
        changed_since,
        compared_commits,
        merge_group_base,
    )
    from cdc_perf.ci.comparison_plan import plan_comparison
    from cdc_perf.ci.measured_repository import MeasuredRepository
    from cdc_perf.ci.plan import MERGE_GROUP, PULL_REQUEST
    from cdc_perf.ci.plan import plan as make_plan
    from cdc_perf.ci.relevance import Relevance
    from cdc_perf.publish.runner import write_outputs
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.settings.scenarios import load_scenarios
    from cdc_perf.terminal import show

    checkout = Checkout.here()
    repository = MeasuredRepository.of(checkout)
    event, changed, commits = os.environ.get("GITHUB_EVENT_NAME"), None, None
    if event == PULL_REQUEST:
        changed = changed_paths(repository.root)
        commits = compared_commits(repository.root)
    elif event == MERGE_GROUP:
        base = merge_group_base(os.environ)
        changed = changed_since(repository.root, base)
        commits = compared_commits(repository.root, base)
    made = make_plan(
        load_scenarios(checkout),
        scenarios,
        duration,
        changed,
        Relevance.of(repository, paths),
    )
    comparison = plan_comparison(commits, minutes, stack, needed=bool(made.entries))
    show(made.why)
    for entry in made.entries:
        show(f"{entry.scenario}: at most {counted(entry.timeout_minutes, 'minute')}")
    show(comparison.line())
    write_outputs(os.environ, {**made.outputs(), **comparison.outputs()})


@task(help={"results": "folder of run folders"})
@command
def gate(_: Context, results: str) -> None:
    """Check that every planned scenario passed; fail otherwise."""
    import os
    from pathlib import Path

    from invoke import Exit

    from cdc_perf.ci.gate import NEEDS, decide, read_needs
    from cdc_perf.runs.loader import read_attempts
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.settings.scenarios import load_scenarios
    from cdc_perf.terminal import show

    known = load_scenarios(Checkout.here()).names
    decision = decide(read_needs(os.environ.get(NEEDS, "")), read_attempts(Path(results), known))
    for line in decision.lines:
        show(line)
    if decision.code:
        raise Exit(code=decision.code)


@task(
    help={
        "scenarios": _SCENARIOS_HELP,
        "stack": STACK_HELP,
        "env": "environment of thresholds.json (default: ci)",
        "minutes": _MINUTES_HELP,
        "paths": _PATHS_HELP,
    }
)
@command
def judge(
    _: Context,
    scenarios: str = "",
    stack: str = "auto",
    env: str = "",
    minutes: str = "",
    paths: str = "",
) -> None:
    """Judge a finished workflow run: set its commit's status, and comment on it."""
    import os

    from cdc_perf.ci.judge import judge_again, judge_run
    from cdc_perf.ci.judge_context import JudgeContext, JudgeInputs
    from cdc_perf.ci.plan import DEFAULT_SCENARIOS, ENVIRONMENT
    from cdc_perf.publish.comment import Links
    from cdc_perf.publish.github import GitHub
    from cdc_perf.publish.runner import WorkflowRun, repository, started_by
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.terminal import show

    environment = os.environ
    started = started_by(environment)
    github = GitHub.of_environment(environment, repository(environment))
    context = JudgeContext(
        github=github,
        checkout=Checkout.here(),
        links=Links(environment.get("GITHUB_SERVER_URL", "https://github.com"), github.repository),
        temporary=environment.get("RUNNER_TEMP", ""),
        inputs=JudgeInputs(
            scenarios=scenarios or DEFAULT_SCENARIOS,
            stack=stack,
            environment=env or ENVIRONMENT,
            minutes=minutes,
            paths=paths,
        ),
    )
    lines = (
        judge_run(context, started)
        if isinstance(started, WorkflowRun)
        else judge_again(context, started)
    )
    for line in lines:
        show(line)
