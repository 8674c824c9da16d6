"""The tool cache: `inv tools.install`, `tools.key`, `tools.prune`, `tools.clean`."""

from typing import TYPE_CHECKING

from invoke import Context, task

from cdc_perf.tasks.command import STACK_HELP, command
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline

if TYPE_CHECKING:
    from cdc_perf.tasks.context import Workspace
    from cdc_perf.tools.cache import Tool


@task(help={"stack": STACK_HELP, "pipeline": PIPELINE_HELP})
@command
@of_pipeline
def install(_: Context, stack: str = "auto") -> None:
    """Install every tool now, so that the first `inv up` does not have to."""
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import say
    from cdc_perf.tools.install import install_all

    here = workspace(stack)
    install_all(here.cache, _wanted(here))
    say(f"all tools of the {here.backend.name} stack are in {here.cache.root}")


@task(help={"stack": STACK_HELP, "pipeline": PIPELINE_HELP})
@command
@of_pipeline
def key(_: Context, stack: str = "auto") -> None:
    """Print the CI cache key for a stack's tools; it changes with each tool version."""
    import os

    from cdc_perf.publish.runner import write_outputs
    from cdc_perf.tasks.context import workspace
    from cdc_perf.tools.install import key_of

    write_outputs(os.environ, {"key": key_of(_wanted(workspace(stack)))})


@task(help={"stack": STACK_HELP, "pipeline": PIPELINE_HELP})
@command
@of_pipeline
def prune(_: Context, stack: str = "auto") -> None:
    """Remove tools that this checkout does not need and that were unused for a day."""
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show
    from cdc_perf.tools.install import closure

    here = workspace(stack)
    freed = here.cache.prune(closure(_wanted(here)))
    show(f"freed {freed / 1024**2:,.0f} MiB in {here.cache.root}")


@task
@command
def clean(_: Context) -> None:
    """Remove the tool cache; later commands install what they need again."""
    from contextlib import nullcontext

    from cdc_perf.settings.paths import Checkout
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show
    from cdc_perf.tools.cache import Cache

    cache = Cache.of_environment()
    # An installed command may run in a folder without a pipeline, and so without a stack.
    here = workspace() if Checkout.here().pipeline_file.exists() else None
    with nullcontext() if here is None else here.locked():
        if here is not None:
            here.backend.down()
        freed = cache.clear()
    show(f"freed {freed / 1024**2:,.0f} MiB in {cache.root}")


def _wanted(here: "Workspace") -> "tuple[Tool, ...]":
    """Return the tools of the workspace's stack."""
    from cdc_perf.stack.choice import COMPOSE, LOCAL
    from cdc_perf.stack.local.embedded import EmbeddedTools

    tools = EmbeddedTools.of(here.checkout, here.pipeline, here.cache)
    if here.backend.name == LOCAL:
        return tools.all
    # The other stacks bring their own components; every stack needs k6.
    plugins = tools.plugins.values() if here.backend.name == COMPOSE else ()
    return (tools.programs.k6, *plugins)
