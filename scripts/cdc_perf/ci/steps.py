"""Steps that several jobs have in common."""

from dataclasses import replace

from cdc_perf.ci.calls import task_step
from cdc_perf.ci.model import Level, Permission, Run, Step, Uses, expression
from cdc_perf.ci.pins import CACHE_RESTORE, CACHE_SAVE, CHECKOUT, SETUP_PYTHON
from cdc_perf.ci.project import CiProject

# What a job gets that does no more than run the checkout's code.
READS_CODE = Permission("contents", Level.READ, "checks out the code")
# In the home folder: a self-hosted runner keeps it between two jobs, whatever it checks out.
TOOL_CACHE = {"CDC_PERF_CACHE": "~/.cache/cdc-perf"}
# The steps that name the tools and restore them.
_NAMED, _RESTORED = "tool-key", "tools"


def checkout(*, depth: int | str = 1) -> Uses:
    """Return the step that checks out the code; its token is not left to what comes after."""
    inputs = {"persist-credentials": False, "fetch-depth": depth}
    return Uses("Check out the code", CHECKOUT, inputs)


def python(version: str, *locks: str, cached: bool = True) -> tuple[Step, ...]:
    """Return the steps that give a job Python and what lock files name.

    Args:
        version: Of Python.
        locks: The files' names in requirements/, without `.txt`.
        cached: Whether pip's downloads are kept; not where a job holds a token that can write.
    """
    files = [f"requirements/{lock}.txt" for lock in locks]
    kept = {"cache": "pip", "cache-dependency-path": files[0]} if cached else {}
    return (
        Uses("Set up Python", SETUP_PYTHON, {"python-version": version, **kept}),
        *(
            Run(
                f"Install {file}",
                f"pip install --require-hashes --disable-pip-version-check --requirement {file}",
            )
            for file in files
        ),
    )


def tools(project: CiProject, stack: str) -> tuple[Step, ...]:
    """Return the steps that get every tool of a stack, from the cache where it has them.

    The key is made of the keys of the tools themselves: no list of files has the version of the Go
    that builds k6. What was installed is saved at once, because a broken threshold later on must
    not throw it away, and without what an earlier version needed, which would add up.

    Args:
        project: Where the task has to be found.
        stack: The stack, as `inv tools.install --stack` takes it.
    """
    # Wheels in the cache fit one version of Python.
    machine = f"{expression('runner.os')}-{expression('runner.arch')}"
    prefix = f"cdc-perf-{stack}-{machine}-{project.pythons[0]}-"
    key = f"{prefix}{expression(f'steps.{_NAMED}.outputs.key')}"
    path = TOOL_CACHE["CDC_PERF_CACHE"]
    missed = f"steps.{_RESTORED}.outputs.cache-hit != 'true'"
    return (
        task_step(project, "Name the tools", project.tasks.key, step_id=_NAMED, stack=stack),
        Uses(
            "Restore the tools",
            CACHE_RESTORE,
            {"path": path, "key": key, "restore-keys": prefix},
            id=_RESTORED,
        ),
        task_step(project, "Get the tools that are missing", project.tasks.install, stack=stack),
        replace(
            task_step(project, "Remove old tools", project.tasks.prune, stack=stack),
            condition=missed,
        ),
        Uses("Save the tools", CACHE_SAVE, {"path": path, "key": key}, condition=missed),
    )
