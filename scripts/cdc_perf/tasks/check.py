"""`inv check`: whether the stack matches pipeline.toml."""

from invoke import Context, Exit, task

from cdc_perf.tasks.command import JSON_HELP, STACK_HELP, command
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline


@task(
    help={
        "stack": STACK_HELP,
        "yes": "send a canary row through an external pipeline (default: only read it)",
        "json": JSON_HELP,
        "pipeline": PIPELINE_HELP,
    }
)
@command
@of_pipeline
def check(_: Context, stack: str = "auto", yes: bool = False, json: bool = False) -> None:
    """Compare the stack with pipeline.toml, show every problem, and send a canary row."""
    from cdc_perf.report.check import check_json, check_text
    from cdc_perf.stack.checks.results import failures_of
    from cdc_perf.stack.choice import EXTERNAL
    from cdc_perf.stack.readiness import check_canary
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show

    here = workspace(stack)
    results = here.backend.check()
    why_not = "it writes a row: add --yes" if here.backend.name == EXTERNAL and not yes else ""
    if failures_of(results):
        why_not = "a check failed"
    results = (*results, check_canary(here.pipeline, here.backend, why_not))
    show(check_json(results) if json else check_text(results))
    if failures := failures_of(results):
        # The stack is more severe than a setting.
        raise Exit(code=max(failure.code for failure in failures))
