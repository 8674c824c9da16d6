"""What a release is made of: `inv release.check`, `k6`, `image`, `index`, `assets`, `notes`."""

from invoke import Context, task

from cdc_perf.tasks.command import command

_TAG_HELP = "tag of the release, such as v1.2.3"
_REPOSITORY_HELP = "owner/name on GitHub"
_OUTPUT_HELP = "folder of the assets (default: dist)"


@task(help={"tag": _TAG_HELP})
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


@task(help={"tag": _TAG_HELP, "repository": _REPOSITORY_HELP, "output": _OUTPUT_HELP})
@command
def k6(_: Context, tag: str, repository: str, output: str = "dist") -> None:
    """Build k6 twice for each platform, and write requirements/release.json."""
    from pathlib import Path

    from cdc_perf.release.k6 import build_released_k6
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.tools.cache import Cache

    build_released_k6(
        Checkout.here(), Cache.of_environment(), Path(output), repository=repository, tag=tag
    )


@task(
    help={
        "name": "consumer or k6",
        "repository": _REPOSITORY_HELP,
        "output": _OUTPUT_HELP,
    }
)
@command
def image(_: Context, name: str, repository: str, output: str = "dist") -> None:
    """Build an image for this machine, and push it without a tag."""
    from pathlib import Path

    from cdc_perf.errors import UsageFailure
    from cdc_perf.release.images import DOCKERFILES, push_image
    from cdc_perf.settings.names import nearest
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.terminal import show

    if name not in DOCKERFILES:
        raise UsageFailure(f"--name: unknown image {name!r}; {nearest(name, DOCKERFILES)}")
    show(push_image(Checkout.here().root, name, repository, Path(output)))


@task(help={"tag": _TAG_HELP, "repository": _REPOSITORY_HELP, "output": _OUTPUT_HELP})
@command
def index(_: Context, tag: str, repository: str, output: str = "dist") -> None:
    """Give the pushed images of all platforms one name and tag."""
    from pathlib import Path

    from cdc_perf.release.images import join_images
    from cdc_perf.terminal import show

    for reference in join_images(repository, tag, Path(output)).values():
        show(reference)


@task(help={"output": _OUTPUT_HELP})
@command
def assets(_: Context, output: str = "dist") -> None:
    """Build the wheel, the bills of materials, and the checksums."""
    from pathlib import Path

    from cdc_perf.release.assets import build_assets
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.terminal import show
    from cdc_perf.tools.cache import Cache

    for path in build_assets(Checkout.here(), Cache.of_environment(), Path(output)):
        show(str(path))


@task(help={"tag": _TAG_HELP})
@command
def notes(_: Context, tag: str) -> None:
    """Show the section of the changelog for a release."""
    from cdc_perf.release.assets import release_notes
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.terminal import show

    show(release_notes(Checkout.here().root, tag))
