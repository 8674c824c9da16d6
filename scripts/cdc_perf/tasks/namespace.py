"""All tasks, with the names that users type."""

from invoke import Collection

from cdc_perf.installation import IS_INSTALLED
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
    release,
    report,
    runs,
    schemas,
    selftest,
    stack,
    tools,
    workflow,
)


def make_namespace() -> Collection:
    """Return the tasks; each one accepts `--help`.

    An installed command does not have those that write or test the files of a checkout.
    """
    help_option.install()
    namespace = Collection(
        *(stack.up, stack.down, stack.status, stack.logs, check.check),
        *(perf.perf, doctor.doctor, init.init),
        integrity.integrity,
        *(report.report, runs.runs, runs.compare, runs.history, publish.publish),
    )
    namespace.add_collection(Collection.from_module(connector), name="connector")
    namespace.add_collection(Collection.from_module(tools), name="tools")
    if IS_INSTALLED:
        namespace.add_task(workflow.workflow_task(namespace))
        return namespace
    for each in (schemas.schemas, selftest.selftest, dashboards.dashboards):
        namespace.add_task(each)
    namespace.add_collection(Collection.from_module(ci), name="ci")
    namespace.add_collection(Collection.from_module(release), name="release")
    # The workflows call tasks by name, so this task needs the finished collection.
    namespace.add_task(workflow.workflow_task(namespace))
    return namespace
