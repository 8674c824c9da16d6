"""The workflow files: `inv workflow`, `cdc-perf workflow --into DIR`."""

from typing import TYPE_CHECKING, Any, cast

from invoke import Collection, Context, Task, task

from cdc_perf.errors import UsageFailure
from cdc_perf.installation import COMMAND, IS_INSTALLED
from cdc_perf.tasks.command import command
from cdc_perf.tasks.generated import write_or_check
from cdc_perf.tasks.pipeline_option import pipeline_folder

if TYPE_CHECKING:
    from cdc_perf.ci.project import CiProject


def workflow_task(namespace: Collection) -> "Task[Any]":
    """Return the task that writes workflow files: ours, or those of another repository.

    Args:
        namespace: The collection of tasks that our workflows call.
    """

    @task(
        help={
            "check": "compare only; write nothing",
            "into": "repository to write the two workflow files of its pipeline into",
            "pipeline": "folder of the pipeline in that repository (default: as in its files)",
        }
    )
    @command
    def workflow(_: Context, check: bool = False, into: str = "", pipeline: str = "") -> None:
        """Write the workflow files of a repository; --check compares them."""
        from pathlib import Path

        from cdc_perf.ci.caller_files import caller_files
        from cdc_perf.ci.generate import generate
        from cdc_perf.ci.origin import origin
        from cdc_perf.settings.paths import Checkout

        if into:
            root = Path(into).expanduser().absolute()
            folder = pipeline_folder(pipeline, "--pipeline") if pipeline else None
            generated, words = caller_files(root, folder, origin()), f"workflow --into {into}"
        elif IS_INSTALLED:
            raise UsageFailure("workflow: no repository is given", hint="use --into .")
        else:
            root, words = Checkout.here().root, "workflow"
            generated = generate(project(namespace))
        write_or_check(
            root,
            generated,
            check=check,
            what="the workflow files",
            command=f"{COMMAND} {words}",
        )

    return cast("Task[Any]", workflow)


def project(namespace: Collection) -> "CiProject":
    """Return what the workflows are generated from.

    Raises:
        UsageFailure: A settings file is invalid, a scenario has no script, or nox is missing.
    """
    import sys

    from cdc_perf.ci.project import CiProject, Sessions, Tasks
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.settings.scenarios import load_scenarios
    from cdc_perf.tasks import ci, perf, publish, release, report, runs, tools

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
            judge=ci.judge,
            release_check=release.check,
            release_k6=release.k6,
            release_image=release.image,
            release_index=release.index,
            release_assets=release.assets,
            release_notes=release.notes,
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
