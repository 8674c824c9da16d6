"""The tool cache: `inv tools.install`, `tools.clean`."""

from invoke import Context, task

from scripts.tasks.command import command


@task(help={"stack": "of which stack: auto, local, compose or external"})
@command
def install(_: Context, stack: str = "auto") -> None:
    """Get every tool now, so that the first `inv up` does not have to."""
    from scripts.stack.choice import LOCAL
    from scripts.stack.local.embedded import EmbeddedTools
    from scripts.tasks.setting import setting
    from scripts.terminal import say
    from scripts.tools.install import install_all

    here = setting(stack)
    tools = EmbeddedTools.of(here.checkout, here.pipeline, here.cache)
    # The other stacks bring their components; k6 loads them all.
    wanted = tools.all if here.backend.name == LOCAL else (tools.programs.k6,)
    install_all(here.cache, wanted, say)
    say(f"every tool of the stack {here.backend.name} is in {here.cache.root}")


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
