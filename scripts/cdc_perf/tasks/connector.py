"""The connectors: `inv connector.deploy`, `status`, `restart`, `delete`."""

from typing import TYPE_CHECKING

from invoke import Context, task

from cdc_perf.tasks.command import JSON_HELP, STACK_HELP, command
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline

if TYPE_CHECKING:
    from cdc_perf.settings.pipeline import Pipeline
    from cdc_perf.stack.backend import Backend
    from cdc_perf.stack.connector import ConnectorChange
    from cdc_perf.stack.endpoints import Endpoints
    from cdc_perf.tasks.context import Workspace

# Enough for the stack trace of a plugin that cannot be loaded.
_LOG_LINES = 200


@task(
    help={
        "stack": STACK_HELP,
        "yes": "apply the changes to external connectors, and write a canary row, without asking",
        "pipeline": PIPELINE_HELP,
    }
)
@command
@of_pipeline
def deploy(_: Context, stack: str = "auto", yes: bool = False) -> None:
    """Apply the connector configurations of pipeline.toml, and check them with a canary row."""
    from cdc_perf.stack import canary, connector, topics
    from cdc_perf.stack.choice import EXTERNAL, running_endpoints
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show

    here = workspace(stack)
    endpoints = running_endpoints(here.backend)
    here.backend.verify(connector=False)
    if here.backend.name == EXTERNAL:
        _show_changes(here.pipeline, endpoints, yes=yes)
    else:
        topics.create(endpoints.kafka_bootstrap, here.pipeline, endpoints.kafka_client)
    here.ask(yes=yes)
    change = connector.deploy(here.pipeline, endpoints)
    done = [f"connector {endpoints.connector} {change} and running"]
    if here.pipeline.sink_connector is not None:
        change = _deploy_sink(here, endpoints)
        done.append(f"sink connector {here.pipeline.sink_connector.name} {change} and running")
    seconds = canary.run_canary(here.pipeline, endpoints)
    show("; ".join((*done, f"the canary row took {seconds * 1000:.0f} ms")))


@task(help={"stack": STACK_HELP, "json": JSON_HELP, "pipeline": PIPELINE_HELP})
@command
@of_pipeline
def status(_: Context, stack: str = "auto", json: bool = False) -> None:
    """Show the state of the connectors and their tasks."""
    from cdc_perf.report.stack import connector_json, connector_table
    from cdc_perf.stack import connector, sink_connector
    from cdc_perf.stack.choice import running_endpoints
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show

    here = workspace(stack)
    endpoints = running_endpoints(here.backend)
    found = connector.current_health(here.pipeline, endpoints)
    sink = sink_connector.sink_health(here.pipeline, endpoints)
    show(connector_json(found, sink) if json else connector_table(found, sink))


@task(help={"stack": STACK_HELP, "pipeline": PIPELINE_HELP})
@command
@of_pipeline
def restart(_: Context, stack: str = "auto") -> None:
    """Restart the connectors and their tasks, and wait until they run and stay up."""
    from cdc_perf.stack import canary, connector, sink_connector
    from cdc_perf.stack.choice import our_endpoints
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show

    here = workspace(stack)
    endpoints = our_endpoints(here.backend, "a restart")
    connector.restart(here.pipeline, endpoints)
    show(f"connector {here.pipeline.connector.name} is running")
    if here.pipeline.sink_connector is not None:
        sink_connector.restart_sink(here.pipeline, endpoints, lambda: _worker_log(here.backend))
        # It runs at first even if it fails again at the same row.
        canary.run_canary(here.pipeline, endpoints)
        show(f"sink connector {here.pipeline.sink_connector.name} is running")


@task(help={"stack": STACK_HELP, "pipeline": PIPELINE_HELP})
@command
@of_pipeline
def delete(_: Context, stack: str = "auto") -> None:
    """Delete the source's connector; keep its replication slot."""
    from cdc_perf.stack import connector
    from cdc_perf.stack.choice import our_endpoints
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show

    here = workspace(stack)
    found = connector.delete(here.pipeline, our_endpoints(here.backend, "a deletion"))
    name = here.pipeline.connector.name
    show(f"connector {name} is deleted" if found else f"connector {name} does not exist")


def _show_changes(pipeline: "Pipeline", endpoints: "Endpoints", *, yes: bool) -> None:
    """Show what a deployment changes in the Connect of others.

    Raises:
        UsageFailure: It changes something, and `yes` is not given.
    """
    from cdc_perf.errors import UsageFailure
    from cdc_perf.stack import connector, sink_connector
    from cdc_perf.terminal import show

    changes = {pipeline.connector.name: connector.pending_changes(pipeline, endpoints)}
    if pipeline.sink_connector is not None:
        name = pipeline.sink_connector.name
        changes[name] = sink_connector.pending_sink_changes(pipeline, endpoints)
    for name, lines in changes.items():
        for line in lines:
            show(line if len(changes) == 1 else f"{name}: {line}")
    pending = [name for name, lines in changes.items() if lines]
    if pending and not yes:
        raise UsageFailure(
            f"connector {' and '.join(pending)}: not changed, because cdc-perf does not own it",
            hint="add --yes to apply these changes",
        )


def _deploy_sink(here: "Workspace", endpoints: "Endpoints") -> "ConnectorChange":
    from cdc_perf.stack import sink_connector
    from cdc_perf.stack.choice import EXTERNAL

    if here.backend.name == EXTERNAL:
        return sink_connector.change_sink(here.pipeline, endpoints)
    address = sink_connector.sink_address(endpoints)
    return sink_connector.deploy_sink(
        here.pipeline, endpoints, address, lambda: _worker_log(here.backend)
    )


def _worker_log(backend: "Backend") -> tuple[str, ...]:
    return backend.log_tails(_LOG_LINES)["connect"].lines
