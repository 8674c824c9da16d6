"""All tasks, with the names that users type."""

from invoke import Collection

from cdc_perf.tasks import (
    check,
    ci,
    connector,
    dashboards,
    doctor,
    help_option,
    init,
    integrity,
    perf,
    publish,
    report,
    runs,
    schemas,
    selftest,
    stack,
    tools,
    workflow,
)


def make_namespace() -> Collection:
    """Return the tasks; each one accepts `--help`."""
    help_option.install()
    namespace = Collection(
        *(stack.up, stack.down, stack.status, stack.logs, check.check),
        *(perf.perf, doctor.doctor, init.init),
        integrity.integrity,
        *(report.report, runs.runs, runs.compare, runs.history, publish.publish),
        *(schemas.schemas, selftest.selftest, dashboards.dashboards),
    )
    namespace.add_collection(Collection.from_module(connector), name="connector")
    namespace.add_collection(Collection.from_module(ci), name="ci")
    namespace.add_collection(Collection.from_module(tools), name="tools")
    # The workflows call tasks by name, so this task needs the finished collection.
    namespace.add_task(workflow.workflow_task(namespace))
    return namespace
