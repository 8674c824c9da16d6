"""The data-loss check: `inv integrity`."""

from invoke import Context, Exit, task

from cdc_perf.tasks.command import JSON_HELP, STACK_HELP, command
from cdc_perf.tasks.consent import YES_HELP
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline


@task(
    help={
        "stack": STACK_HELP,
        "json": JSON_HELP,
        "full": "compare all rows of an external stack (default: those with events in the topics)",
        "yes": YES_HELP,
        "pipeline": PIPELINE_HELP,
    }
)
@command
@of_pipeline
def integrity(
    _: Context, stack: str = "auto", json: bool = False, full: bool = False, yes: bool = False
) -> None:
    """Compare PostgreSQL, the topics, and the sink now; exit 10 if anything is lost or wrong."""
    from cdc_perf.files import json_text
    from cdc_perf.integrity.check import checker_of
    from cdc_perf.integrity.records import Scope
    from cdc_perf.report.integrity import integrity_text
    from cdc_perf.stack.choice import EXTERNAL, running_endpoints
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import say, show
    from cdc_perf.verdict.integrity_gates import exit_code_of
    from cdc_perf.waiting import log_waits

    here = workspace(stack)
    endpoints = running_endpoints(here.backend)
    if here.backend.name == EXTERNAL:
        here.backend.verify()
    here.ask(yes=yes)
    external = here.backend.name == EXTERNAL
    checker = checker_of(here.pipeline, endpoints, Scope.TOPICS, external=external, full=full)
    if checker.scope is Scope.TOPICS:
        say("comparing the rows with events in the topics; --full compares all rows")
    # After an earlier restart, Debezium may have sent events again.
    with log_waits():
        found = checker.check({}, excused="the topics are read from their beginning")
    show(json_text(found) if json else integrity_text(found))
    if code := exit_code_of(found):
        raise Exit(code=code)
