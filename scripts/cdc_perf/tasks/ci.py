"""The decisions of the workflow's jobs: `inv ci.plan`, `ci.gate`, `ci.judge`."""

from invoke import Context, task

from cdc_perf.tasks.command import command
from cdc_perf.wording import counted


@task(
    help={
        "scenario": "scenario names, separated by commas, or all (default: baseline,e2e-latency)",
        "duration": "duration of each scenario, such as 5m (default: that of scenarios.json)",
    }
)
@command
def plan(_: Context, scenario: str = "", duration: str = "") -> None:
    """Plan a workflow run: its scenarios, and whether a pull request needs any."""
    import os

    from cdc_perf.ci.changes import (
        changed_paths,
        changed_since,
        compared_commits,
        merge_group_base,
    )
    from cdc_perf.ci.comparison_plan import VARIABLE, plan_comparison
    from cdc_perf.ci.plan import MERGE_GROUP, PULL_REQUEST
    from cdc_perf.ci.plan import plan as make_plan
    from cdc_perf.publish.runner import write_outputs
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.settings.scenarios import load_scenarios
    from cdc_perf.terminal import show

    checkout = Checkout.here()
    event, changed, commits = os.environ.get("GITHUB_EVENT_NAME"), None, None
    if event == PULL_REQUEST:
        changed = changed_paths(checkout.root)
        commits = compared_commits(checkout.root)
    elif event == MERGE_GROUP:
        base = merge_group_base(os.environ)
        changed = changed_since(checkout.root, base)
        commits = compared_commits(checkout.root, base)
    made = make_plan(
        load_scenarios(checkout),
        scenario,
        duration,
        changed,
    )
    minutes = os.environ.get(VARIABLE, "")
    comparison = plan_comparison(commits, minutes, needed=bool(made.entries))
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


@task
@command
def judge(_: Context) -> None:
    """Judge a finished workflow run: set its commit's status, and comment on it."""
    import os

    from cdc_perf.ci.comparison_plan import VARIABLE
    from cdc_perf.ci.judge import judge_again, judge_run
    from cdc_perf.ci.judge_context import JudgeContext
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
        minutes=environment.get(VARIABLE, ""),
    )
    lines = (
        judge_run(context, started)
        if isinstance(started, WorkflowRun)
        else judge_again(context, started)
    )
    for line in lines:
        show(line)
