"""The stack: `inv up`, `down`, `status`, `logs`."""

from invoke import Context, task

from cdc_perf.tasks.command import JSON_HELP, STACK_HELP, command
from cdc_perf.tasks.consent import YES_HELP
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline


@task(
    help={
        "stack": STACK_HELP,
        "observe": "also start Prometheus, and push the metrics of k6 and the harness to it",
        "yes": YES_HELP,
        "pipeline": PIPELINE_HELP,
    }
)
@command
@of_pipeline
def up(_: Context, stack: str = "auto", observe: bool = False, yes: bool = False) -> None:
    """Start the pipeline and check it with a canary row."""
    from cdc_perf.report.stack import status_table
    from cdc_perf.stack.status import full_status
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show
    from cdc_perf.workload.by_hand import write_plans

    here = workspace(stack)
    with here.locked():
        here.ask(yes=yes)
        here.backend.up(observe=observe)
        endpoints = here.backend.endpoints()
        if endpoints is not None:
            write_plans(here.checkout, here.pipeline, endpoints.postgres_dsn)
    show(status_table(full_status(here.backend, here.pipeline)))


@task(help={"stack": STACK_HELP, "pipeline": PIPELINE_HELP})
@command
@of_pipeline
def down(_: Context, stack: str = "auto") -> None:
    """Stop the pipeline and remove its data; keep the logs."""
    from cdc_perf.signals import deferred
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import say

    here = workspace(stack)
    with here.locked(), deferred():
        if not here.backend.down():
            say("no stack is up")


@task(help={"stack": STACK_HELP, "json": JSON_HELP, "pipeline": PIPELINE_HELP})
@command
@of_pipeline
def status(_: Context, stack: str = "auto", json: bool = False) -> None:
    """Show the state of each component, each connector, and its tasks."""
    from cdc_perf.report.stack import status_json, status_table
    from cdc_perf.stack.status import full_status
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show

    here = workspace(stack)
    statuses = full_status(here.backend, here.pipeline)
    show(status_json(statuses) if json else status_table(statuses))


@task(
    help={
        "stack": STACK_HELP,
        "component": "component name (default: all components)",
        "lines": "number of lines per component (default: 20)",
        "pipeline": PIPELINE_HELP,
    }
)
@command
@of_pipeline
def logs(_: Context, stack: str = "auto", component: str = "", lines: int = 20) -> None:
    """Show the last lines of each component's log."""
    from cdc_perf.report.stack import last_logs
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show

    show(last_logs(workspace(stack).backend.log_tails, component, lines))
