"""The tool cache: `inv tools.install`, `tools.key`, `tools.prune`, `tools.clean`."""

from typing import TYPE_CHECKING

from invoke import Context, task

from scripts.tasks.command import command

if TYPE_CHECKING:
    from scripts.tasks.setting import Setting
    from scripts.tools.cache import Tool

_STACK = {"stack": "of which stack: auto, local, compose or external"}


@task(help=_STACK)
@command
def install(_: Context, stack: str = "auto") -> None:
    """Get every tool now, so that the first `inv up` does not have to."""
    from scripts.tasks.setting import setting
    from scripts.terminal import say
    from scripts.tools.install import install_all

    here = setting(stack)
    install_all(here.cache, _wanted(here), say)
    say(f"every tool of the stack {here.backend.name} is in {here.cache.root}")


@task(help=_STACK)
@command
def key(_: Context, stack: str = "auto") -> None:
    """Name the tools of a stack for a cache: another key, another tool or version."""
    import os

    from scripts.publish.runner import write_outputs
    from scripts.tasks.setting import setting
    from scripts.tools.install import key_of

    write_outputs(os.environ, {"key": key_of(_wanted(setting(stack)))})


@task(help=_STACK)
@command
def prune(_: Context, stack: str = "auto") -> None:
    """Remove the tools that this checkout does not need and that were not used for a day."""
    from scripts.tasks.setting import setting
    from scripts.terminal import show
    from scripts.tools.install import closure

    here = setting(stack)
    freed = here.cache.prune(closure(_wanted(here)))
    show(f"{freed / 1024**2:,.0f} MiB freed in {here.cache.root}")


@task
@command
def clean(_: Context) -> None:
    """Remove the tool cache; what is needed comes again by itself."""
    from scripts.tasks.setting import setting
    from scripts.terminal import say, show

    here = setting()
    with here.to_itself():
        here.backend.down(say)
        freed = here.cache.clear()
    show(f"{freed / 1024**2:,.0f} MiB freed in {here.cache.root}")


def _wanted(here: "Setting") -> "tuple[Tool, ...]":
    """Return the tools of the stack of a setting."""
    from scripts.stack.choice import LOCAL
    from scripts.stack.local.embedded import EmbeddedTools

    tools = EmbeddedTools.of(here.checkout, here.pipeline, here.cache)
    # The other stacks bring their components; k6 loads them all.
    return tools.all if here.backend.name == LOCAL else (tools.programs.k6,)
