"""Steps that several jobs share."""

from dataclasses import replace

from cdc_perf.ci.calls import task_step
from cdc_perf.ci.model import Level, Permission, Run, Step, Uses, expression
from cdc_perf.ci.pins import CACHE_RESTORE, CACHE_SAVE, CHECKOUT, SETUP_PYTHON
from cdc_perf.ci.project import CiProject

# The permission of a job that only runs the checkout's code.
READS_CODE = Permission("contents", Level.READ, "checks out the code")
# In the home folder, where a self-hosted runner keeps it between jobs.
TOOL_CACHE = {"CDC_PERF_CACHE": "~/.cache/cdc-perf"}
# The IDs of the steps that compute the tools' key and restore the tools.
_NAMED, _RESTORED = "tool-key", "tools"


def checkout(*, depth: int | str = 1) -> Uses:
    """Return the step that checks out the code; later steps cannot use its token."""
    inputs = {"persist-credentials": False, "fetch-depth": depth}
    return Uses("Check out the code", CHECKOUT, inputs)


def python(version: str, *locks: str, cached: bool = True) -> tuple[Step, ...]:
    """Return the steps that install Python and the packages of lock files.

    Args:
        version: The Python version.
        locks: The names of the files in requirements/, without `.txt`.
        cached: Whether to cache pip's downloads; not in a job whose token can write.
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
    """Return the steps that install every tool of a stack, from the cache if possible.

    The cache key is computed from the keys of the tools: no list of files has the version of the Go
    that builds k6. New tools are saved immediately, because a failed threshold later must not
    discard them, and without the tools of earlier versions, which would accumulate.

    Args:
        project: The project that must contain the tasks.
        stack: The stack, for `inv tools.install --stack`.
    """
    # Cached wheels fit one version of Python.
    machine = f"{expression('runner.os')}-{expression('runner.arch')}"
    prefix = f"cdc-perf-{stack}-{machine}-{project.pythons[0]}-"
    key = f"{prefix}{expression(f'steps.{_NAMED}.outputs.key')}"
    path = TOOL_CACHE["CDC_PERF_CACHE"]
    missed = f"steps.{_RESTORED}.outputs.cache-hit != 'true'"
    return (
        task_step(
            project,
            "Compute the cache key of the tools",
            project.tasks.key,
            step_id=_NAMED,
            stack=stack,
        ),
        Uses(
            "Restore the tools",
            CACHE_RESTORE,
            {"path": path, "key": key, "restore-keys": prefix},
            id=_RESTORED,
        ),
        task_step(project, "Install the missing tools", project.tasks.install, stack=stack),
        replace(
            task_step(project, "Remove old tools", project.tasks.prune, stack=stack),
            condition=missed,
        ),
        Uses("Save the tools", CACHE_SAVE, {"path": path, "key": key}, condition=missed),
    )
