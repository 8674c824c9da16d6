"""The main job: `inv perf`."""

from invoke import Context, Exit, task

from cdc_perf.tasks.command import STACK_HELP, command
from cdc_perf.tasks.consent import YES_HELP
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline

_DEFAULT = "baseline"


@task(
    help={
        "scenarios": f"scenario names, separated by commas, or all (default: {_DEFAULT})",
        "observe_only": "write nothing: measure the traffic of others for a time, such as 5m",
        "duration": "duration of each scenario, such as 1m (default: that of scenarios.json)",
        "vus": "maximum VUs of each scenario (default: those of scenarios.json)",
        "stack": STACK_HELP,
        "env": "environment of thresholds.json, such as ci (default: none)",
        "name": "name of the run (default: none)",
        "keep": "keep the stack running after the run",
        "live": "k6's web dashboard in a browser",
        "full": "compare all rows of an external stack after the load (default: those of the run)",
        "fault": "fault to inject at a time of the load: kill:connect@30s; repeatable",
        "repeat": "how often to inject the list of faults of a scenario (default: once)",
        "cleanup": "delete the rows that the run inserted at its end, unless it was interrupted",
        "json": "JSON output in place of the tables",
        "yes": YES_HELP,
        "pipeline": PIPELINE_HELP,
    },
    iterable=["fault"],
)
@command
@of_pipeline
def perf(
    _: Context,
    scenarios: str = "",
    observe_only: str = "",
    duration: str = "",
    vus: str = "",
    stack: str = "auto",
    env: str = "",
    name: str = "",
    keep: bool = False,
    live: bool = False,
    full: bool = False,
    cleanup: bool = False,
    fault: list[str] | None = None,
    repeat: str = "",
    json: bool = False,
    yes: bool = False,
) -> None:
    """Load-test the pipeline, judge the results, and write a run folder."""
    import os
    import sys
    from contextlib import nullcontext
    from functools import partial

    from cdc_perf.errors import UsageFailure
    from cdc_perf.load.overrides import Overrides
    from cdc_perf.perf.generator import load_generator
    from cdc_perf.perf.plan import make_observation, make_plan
    from cdc_perf.perf.runner import run_plan
    from cdc_perf.report.annotations import annotations
    from cdc_perf.report.json_output import outcome_json
    from cdc_perf.report.last_run import last_runs, last_runs_text
    from cdc_perf.report.terminal import as_typed, render
    from cdc_perf.stack.choice import EXTERNAL
    from cdc_perf.tasks.consent import ask_before_writing
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import say, show

    load = {
        "scenarios": scenarios,
        "duration": duration,
        "vus": vus,
        "keep": keep,
        "live": live,
        "cleanup": cleanup,
        "fault": fault,
        "repeat": repeat,
    }
    given = [f"--{option}" for option, value in load.items() if value]
    if observe_only and given:
        raise UsageFailure(
            f"{given[0]}: cannot be combined with --observe-only, which loads nothing"
        )
    here = workspace(stack)
    if observe_only:
        plan = make_observation(here.checkout, observe_only, env, name=name, full=full)
    else:
        overrides = Overrides.parse(duration, vus, env, fault or (), repeat)
        plan = make_plan(
            here.checkout,
            scenarios or _DEFAULT,
            overrides,
            name=name,
            keep=keep,
            live=live,
            full=full,
            cleanup=cleanup,
        )
    # An observation changes nothing, so another command may load the stack meanwhile.
    with nullcontext() if plan.observes else here.locked():
        say(here.why)
        generator = load_generator(here.checkout, here.cache)
        ask = here.backend.name == EXTERNAL and not yes and not plan.observes
        finished = run_plan(
            plan,
            here.checkout,
            here.backend,
            generator,
            partial(ask_before_writing, here.pipeline) if ask else None,
        )
    since = last_runs(finished.folder.path, finished.rows)
    if json:
        show(outcome_json(finished.folder.path, finished.verdict, finished.rows, since))
    else:
        for line in annotations(finished.rows, os.environ):
            show(line)
        terminal = sys.stdout.isatty()
        notes, report = finished.notes, finished.folder.report
        if report.exists():
            notes = (f"report: {as_typed(report)}", *notes)
        show(
            render(
                finished.verdict,
                finished.rows,
                files=as_typed(finished.folder.path),
                color=terminal,
                notes=notes,
                # In a log of CI, a line without a claim would pass for a finding.
                last_runs=last_runs_text(since) if terminal else "",
            ),
            colors=True,
        )
    if finished.verdict.exit_code:
        raise Exit(code=finished.verdict.exit_code)
