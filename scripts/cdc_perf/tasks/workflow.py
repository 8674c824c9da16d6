"""The workflow files: `inv workflow`."""

from typing import TYPE_CHECKING, Any, cast

from invoke import Collection, Context, Task, task

from cdc_perf.tasks.command import command
from cdc_perf.tasks.generated import write_or_check

if TYPE_CHECKING:
    from cdc_perf.ci.project import CiProject


def workflow_task(namespace: Collection) -> "Task[Any]":
    """Return the task that writes the workflow files.

    Args:
        namespace: The collection of tasks that the workflows call.
    """

    @task(help={"check": "compare only; write nothing"})
    @command
    def workflow(_: Context, check: bool = False) -> None:
        """Write the generated workflow files; --check compares them."""
        from cdc_perf.ci.emit import generate

        write_or_check(
            generate(project(namespace)),
            check=check,
            what="the workflow files",
            command="inv workflow",
        )

    return cast("Task[Any]", workflow)


def project(namespace: Collection) -> "CiProject":
    """Return what the workflows are generated from.

    Raises:
        UsageFailure: A settings file is invalid, a scenario has no script, or nox is missing.
    """
    import sys

    from cdc_perf.ci.project import CiProject, Sessions, Tasks
    from cdc_perf.errors import UsageFailure
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.settings.scenarios import load_scenarios
    from cdc_perf.tasks import ci, perf, publish, report, runs, tools

    checkout = Checkout.here()
    # Invoke adds this folder to the path when it runs a task; tests and other callers may not.
    if str(checkout.root) not in sys.path:
        sys.path.insert(0, str(checkout.root))
    try:
        import nox.registry
    except ImportError:
        raise UsageFailure(
            "inv workflow needs nox, because the workflows run its sessions", hint="run: nox -s dev"
        ) from None
    import noxfile

    return CiProject(
        namespace=namespace,
        tasks=Tasks(
            perf=perf.perf,
            compare=runs.compare,
            # A decorator without arguments has the type of one that returns a function.
            install=tools.install,
            key=tools.key,
            prune=tools.prune,
            publish=publish.publish,
            report=report.report,
            plan=ci.plan,
            gate=ci.gate,
            judge=cast("Task[Any]", ci.judge),
        ),
        registry=nox.registry.get(),
        sessions=Sessions(
            lint=noxfile.lint,
            typecheck=noxfile.typecheck,
            tests=noxfile.tests,
            workflow=noxfile.workflow,
            compose_tests=noxfile.compose_tests,
        ),
        scenarios=load_scenarios(checkout),
    )
