"""What a release is made of: `inv release.check`, `inv release.k6`."""

from invoke import Context, task

from cdc_perf.tasks.command import command


@task(help={"tag": "tag of the release, such as v1.2.3"})
@command
def check(_: Context, tag: str) -> None:
    """Check that version, tag, changelog, and locks agree."""
    from cdc_perf.errors import UsageFailure
    from cdc_perf.release.check import release_problems
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.terminal import show

    problems = release_problems(Checkout.here().root, tag)
    if problems:
        first, *others = problems
        raise UsageFailure(f"not ready for {tag}: {first}", detail=tuple(others))
    show(f"ready for {tag}")


@task(
    help={
        "tag": "tag of the release, such as v1.2.3",
        "repository": "owner/name on GitHub",
        "output": "folder for the binaries (default: dist)",
    }
)
@command
def k6(_: Context, tag: str, repository: str, output: str = "dist") -> None:
    """Build k6 twice for each platform, and write requirements/released-k6.json."""
    from pathlib import Path

    from cdc_perf.release.k6 import build_released_k6
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.tools.cache import Cache

    build_released_k6(
        Checkout.here(), Cache.of_environment(), Path(output), repository=repository, tag=tag
    )
