"""Steps that several jobs share."""

from dataclasses import replace

from cdc_perf.ci.calls import Given, task_step
from cdc_perf.ci.inputs import REPOSITORY, TOOL
from cdc_perf.ci.model import Level, Permission, Run, Scalar, Step, Uses, expression
from cdc_perf.ci.pins import CACHE_RESTORE, CACHE_SAVE, CHECKOUT, DOWNLOAD, SETUP_PYTHON
from cdc_perf.ci.project import CiProject

# The permission of a job that only runs the checkout's code.
READS_CODE = Permission("contents", Level.READ, "checks out the code")
# In the home folder, where a self-hosted runner keeps it between jobs.
TOOL_CACHE = {"CDC_PERF_CACHE": "~/.cache/cdc-perf"}
# The IDs of the steps that compute the tools' key and restore the tools.
_NAMED, _RESTORED = "tool-key", "tools"
_UNKNOWN = (
    "this GitHub does not tell a called workflow its repository and commit "
    "(job.workflow_repository, job.workflow_sha), so cdc-perf cannot be checked out"
)


def checkout(*, depth: int | str = 1) -> Uses:
    """Return the step that checks out the code; later steps cannot use its token."""
    return Uses("Check out the code", CHECKOUT, _checked_out(depth))


def checkouts(*, depth: int | str = 1) -> tuple[Step, ...]:
    """Return the steps of a called workflow that check out this project and the caller's code.

    `github` describes the caller; only `job` has the commit of the called workflow
    (https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#job-context).
    A server that does not know it would check out the caller's code as this project.

    Args:
        depth: The number of commits of each, the last one and those before it; 0: all.
    """
    repository, commit = (expression(f"job.workflow_{x}") for x in ("repository", "sha"))
    tool = {"repository": repository, "ref": commit, "path": TOOL}
    return (
        Run(
            "Find the commit of cdc-perf",
            f'if [ -z "$TOOL" ] || [ -z "$COMMIT" ]; then echo "::error::{_UNKNOWN}"; exit 2; fi',
            {"TOOL": repository, "COMMIT": commit},
            folder=".",
        ),
        Uses("Check out cdc-perf", CHECKOUT, {**tool, **_checked_out(depth)}),
        Uses("Check out the repository", CHECKOUT, {"path": REPOSITORY, **_checked_out(depth)}),
    )


def _checked_out(depth: int | str) -> dict[str, Scalar]:
    return {"persist-credentials": False, "fetch-depth": depth}


def python(version: str, *locks: str, cached: bool = True, folder: str = "") -> tuple[Step, ...]:
    """Return the steps that install Python and the packages of lock files.

    Args:
        version: The Python version.
        locks: The names of the files in requirements/, without `.txt`.
        cached: Whether to cache pip's downloads; not in a job whose token can write.
        folder: The folder of this project, in which commands run; empty: the workspace.
    """
    files = [f"requirements/{lock}.txt" for lock in locks]
    first = f"{folder}/{files[0]}" if folder else files[0]
    kept = {"cache": "pip", "cache-dependency-path": first} if cached else {}
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


def download(name: str, pattern: str, path: str) -> Uses:
    """Return the step that downloads artifacts of this workflow run into one folder."""
    return Uses(name, DOWNLOAD, {"pattern": pattern, "path": path, "merge-multiple": True})


def tools(project: CiProject, stack: str | Given, *, cached: bool = True) -> tuple[Step, ...]:
    """Return the steps that install every tool of a stack, from the cache if possible.

    The cache key is computed from the keys of the tools: no list of files has the version of the Go
    that builds k6. New tools are saved immediately, because a failed threshold later must not
    discard them, and without the tools of earlier versions, which would accumulate.

    Args:
        project: The project that must contain the tasks.
        stack: The stack, for `inv tools.install --stack`.
        cached: Whether to use the cache, which other workflows write too.
    """
    if not cached:
        return (task_step(project, "Install the tools", project.tasks.install, stack=stack),)
    # Cached wheels fit one version of Python.
    machine = f"{expression('runner.os')}-{expression('runner.arch')}"
    named = stack.expression if isinstance(stack, Given) else stack
    prefix = f"cdc-perf-{named}-{machine}-{project.pythons[0]}-"
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
