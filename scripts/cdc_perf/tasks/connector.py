"""The Debezium connector: `inv connector.deploy`, `status`, `restart`, `delete`."""

from invoke import Context, task

from cdc_perf.tasks.command import JSON_HELP, STACK_HELP, command
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline


@task(
    help={
        "stack": STACK_HELP,
        "yes": "apply the changes to an external connector, and write a canary row, without asking",
        "pipeline": PIPELINE_HELP,
    }
)
@command
@of_pipeline
def deploy(_: Context, stack: str = "auto", yes: bool = False) -> None:
    """Apply the connector configuration of pipeline.toml, and check it with a canary row."""
    from cdc_perf.errors import UsageFailure
    from cdc_perf.stack import canary, connector, topics
    from cdc_perf.stack.choice import EXTERNAL, running_endpoints
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show

    here = workspace(stack)
    endpoints = running_endpoints(here.backend)
    here.backend.verify(connector=False)
    if here.backend.name == EXTERNAL:
        changes = connector.pending_changes(here.pipeline, endpoints)
        for line in changes:
            show(line)
        if changes and not yes:
            raise UsageFailure(
                f"connector {endpoints.connector}: not changed, because cdc-perf does not own it",
                hint="add --yes to apply these changes",
            )
    else:
        topics.create(endpoints.kafka_bootstrap, here.pipeline, endpoints.kafka_client)
    here.ask(yes=yes)
    change = connector.deploy(here.pipeline, endpoints)
    seconds = canary.run_canary(here.pipeline, endpoints)
    show(
        f"connector {endpoints.connector} {change} and running; "
        f"the canary row took {seconds * 1000:.0f} ms"
    )


@task(help={"stack": STACK_HELP, "json": JSON_HELP, "pipeline": PIPELINE_HELP})
@command
@of_pipeline
def status(_: Context, stack: str = "auto", json: bool = False) -> None:
    """Show the state of the connector and its tasks."""
    from cdc_perf.report.stack import connector_json, connector_table
    from cdc_perf.stack import connector
    from cdc_perf.stack.choice import running_endpoints
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show

    here = workspace(stack)
    found = connector.current_health(here.pipeline, running_endpoints(here.backend))
    show(connector_json(found) if json else connector_table(found))


@task(help={"stack": STACK_HELP, "pipeline": PIPELINE_HELP})
@command
@of_pipeline
def restart(_: Context, stack: str = "auto") -> None:
    """Restart the connector and its tasks, and wait until it runs and stays up."""
    from cdc_perf.stack import connector
    from cdc_perf.stack.choice import our_endpoints
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show

    here = workspace(stack)
    connector.restart(here.pipeline, our_endpoints(here.backend, "a restart"))
    show(f"connector {here.pipeline.connector.name} is running")


@task(help={"stack": STACK_HELP, "pipeline": PIPELINE_HELP})
@command
@of_pipeline
def delete(_: Context, stack: str = "auto") -> None:
    """Delete the connector; keep its replication slot."""
    from cdc_perf.stack import connector
    from cdc_perf.stack.choice import our_endpoints
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show

    here = workspace(stack)
    found = connector.delete(here.pipeline, our_endpoints(here.backend, "a deletion"))
    name = here.pipeline.connector.name
    show(f"connector {name} is deleted" if found else f"connector {name} does not exist")
