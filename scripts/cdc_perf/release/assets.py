"""The other assets of a release: wheel, bills of materials, checksums, notes."""

import hashlib
import logging
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import uv

from cdc_perf import process
from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.files import NOT_JSON, readable_json, write_atomically
from cdc_perf.settings.paths import Checkout
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.go_programs import go_program
from cdc_perf.tools.install import install_all
from cdc_perf.tools.k6 import pinned_toolchain
from cdc_perf.tools.released import LOCK_FILE, Release
from cdc_perf.tools.wheels import wheel_tool

_log = logging.getLogger(__name__)
CHECKSUMS = "SHA256SUMS"
_GO_BILLS, _GO_BILLS_VERSION = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod", "v1.10.0"


def build_assets(checkout: Checkout, cache: Cache, folder: Path) -> tuple[Path, ...]:
    """Complete the assets in a folder that has k6's binaries and images.json; return all.

    The lock file gets the images before the wheel is built, so that the wheel has both.

    Args:
        checkout: The checkout, whose lock file `inv release.k6` has written.
        cache: The tool cache.
        folder: The folder.

    Raises:
        StackFailure: A file is missing or broken, or a program failed.
    """
    lock = checkout.root / "requirements" / LOCK_FILE
    images = folder / "images.json"
    try:
        found = msgspec.json.decode(images.read_bytes(), type=dict[str, str])
    except OSError as error:
        raise StackFailure(f"{images}: {error.strerror}", hint="run inv release.index") from None
    except NOT_JSON:
        raise StackFailure(f"{images} has another form", hint="run inv release.index") from None
    release = msgspec.structs.replace(Release.read(lock), images=found)
    write_atomically(lock, readable_json(release))
    for path in (images, *folder.glob("image-*.txt")):
        path.unlink()
    shutil.copyfile(lock, folder / LOCK_FILE)
    _wheel(checkout, folder)
    _python_bill(checkout, cache, folder / "cdc-perf.cdx.json")
    _go_bills(checkout, cache, folder)
    assets = sorted(path for path in folder.iterdir() if path.name != CHECKSUMS)
    write_atomically(folder / CHECKSUMS, "".join(_checksums(assets)))
    return (*assets, folder / CHECKSUMS)


def _wheel(checkout: Checkout, folder: Path) -> None:
    """Build the wheel with the locked versions of what builds it."""
    # A build leaves other files beside the wheel.
    with TemporaryDirectory(prefix="cdc-perf-wheel-") as name:
        process.run(
            [
                *(uv.find_uv_bin(), "build", "--quiet", "--wheel", "--out-dir", name),
                *("--build-constraint", checkout.root / "requirements" / "dev.txt"),
                *("--require-hashes", checkout.root),
            ],
            timeout_seconds=600,
        )
        (wheel,) = Path(name).glob("*.whl")
        shutil.copy(wheel, folder)


def _python_bill(checkout: Checkout, cache: Cache, target: Path) -> None:
    """Write the bill of materials of the wheel's dependencies."""
    lock = checkout.root / "requirements" / "embedded-cyclonedx.txt"
    tool = wheel_tool("cyclonedx-bom", "cyclonedx-bom", lock, seconds=10)
    install_all(cache, (tool,))
    process.run(
        [
            *(sys.executable, "-m", "cyclonedx_py", "requirements"),
            *("--pyproject", checkout.root / "pyproject.toml"),
            *("--output-reproducible", "--output-file", target),
            checkout.root / "requirements" / "perf.txt",
        ],
        env={"PYTHONPATH": str(cache.path(tool)), "PYTHONNOUSERSITE": "1"},
        timeout_seconds=300,
    )


def _go_bills(checkout: Checkout, cache: Cache, folder: Path) -> None:
    """Write the bill of materials of each k6."""
    toolchain = pinned_toolchain(checkout.root / "requirements" / "embedded-go.txt")
    tool = go_program(_GO_BILLS, _GO_BILLS_VERSION, toolchain, cache)
    install_all(cache, (tool,))
    for binary in sorted(folder.glob("k6-*")):
        if binary.suffix:
            continue
        words = ("bin", "-json", "-noserial", "-output", f"{binary}.cdx.json", binary)
        process.run([cache.path(tool) / "cyclonedx-gomod", *words], timeout_seconds=300)


def _checksums(assets: list[Path]) -> Iterator[str]:
    """Yield lines as `sha256sum` writes them."""
    for path in assets:
        yield f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"


def release_notes(root: Path, tag: str) -> str:
    """Return the section of the changelog for a release.

    Raises:
        UsageFailure: There is none.
    """
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    version = re.escape(tag.removeprefix("v"))
    found = re.search(rf"^## {version} .*\n(?P<section>(?:(?!## ).*\n)*)", text, re.MULTILINE)
    if found is None:
        raise UsageFailure(f"CHANGELOG.md has no section of {tag}")
    return found["section"].strip() + "\n"
