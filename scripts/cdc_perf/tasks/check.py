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
    from contextlib import nullcontext

    from cdc_perf.report.check import check_json, check_text
    from cdc_perf.stack.checks.canary import check_canary, no_canary
    from cdc_perf.stack.checks.results import failures_of
    from cdc_perf.stack.choice import EXTERNAL, running_endpoints
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show
    from cdc_perf.workload.check import check_workloads

    here = workspace(stack)
    sends = here.backend.name != EXTERNAL or yes
    # A canary row must not disturb a run.
    with here.locked() if sends else nullcontext():
        results = here.backend.check()
        endpoints = here.backend.endpoints()
        if endpoints is not None:
            found = check_workloads(here.checkout, here.pipeline, endpoints, results)
            results = (*results, found)
        if failures_of(results):
            last = no_canary("a check failed")
        elif sends:
            last = check_canary(here.pipeline, running_endpoints(here.backend))
        else:
            last = no_canary("it writes a row: add --yes")
    results = (*results, last)
    show(check_json(results) if json else check_text(results))
    if failures := failures_of(results):
        # 3 (the stack) is more severe than 2 (a setting).
        raise Exit(code=max(failure.code for failure in failures))
