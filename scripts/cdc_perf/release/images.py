"""The images of a release: each built on a machine of its platform, then joined under one name.

Docker's own builds for other platforms run in an emulator, ten times slower.
"""

import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.files import readable_json, write_atomically
from cdc_perf.tools.released import this_platform

_log = logging.getLogger(__name__)
# The Dockerfile and the context of each image, by the last part of its name.
DOCKERFILES: Mapping[str, tuple[str, str]] = {
    "consumer": ("src/Dockerfile", "."),
    "k6": ("k6/Dockerfile", "k6"),
}
REGISTRY = "ghcr.io"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_BUILD_SECONDS, _SECONDS = 3600, 300


def push_image(root: Path, name: str, repository: str, output: Path) -> str:
    """Build an image for this machine, and push it without a tag.

    Args:
        root: The checkout.
        name: The image: `consumer` or `k6`.
        repository: `owner/name` on GitHub.
        output: The folder in which a file gets the image's name and digest.

    Raises:
        StackFailure: Docker failed.
    """
    dockerfile, context = DOCKERFILES[name]
    image = _image(repository, name)
    with TemporaryDirectory(prefix="cdc-perf-image-") as folder:
        described = Path(folder) / "metadata.json"
        process.run(
            [
                *("docker", "buildx", "build", "--file", root / dockerfile),
                *("--metadata-file", described, "--sbom=true", "--provenance=mode=max"),
                *("--output", f"type=image,name={image},push-by-digest=true,push=true"),
                root / context,
            ],
            on_line=_log.info,
            timeout_seconds=_BUILD_SECONDS,
        )
        digest = json.loads(described.read_bytes()).get("containerimage.digest", "")
    reference = _reference(image, digest)
    write_atomically(output / f"image-{name}-{this_platform()}.txt", f"{reference}\n")
    return reference


def join_images(repository: str, tag: str, output: Path) -> Mapping[str, str]:
    """Give the images of all platforms one name and tag; return each with its digest, by name.

    Args:
        repository: `owner/name` on GitHub.
        tag: The tag of the release.
        output: The folder with the files of `push_image`; it gets images.json.

    Raises:
        StackFailure: An image was not pushed for a platform, or Docker failed.
    """
    joined = {name: _joined(_image(repository, name), name, tag, output) for name in DOCKERFILES}
    write_atomically(output / "images.json", readable_json(joined))
    return joined


def _joined(image: str, name: str, tag: str, output: Path) -> str:
    pushed = sorted(output.glob(f"image-{name}-*.txt"))
    if not pushed:
        raise StackFailure(f"{output} has no image {name}", hint="run inv release.image first")
    references = [path.read_text(encoding="utf-8").strip() for path in pushed]
    tagged = f"{image}:{tag}"
    words = ("docker", "buildx", "imagetools")
    process.run([*words, "create", "--tag", tagged, *references], timeout_seconds=_SECONDS)
    shown = process.run(
        [*words, "inspect", "--format", "{{.Manifest.Digest}}", tagged], timeout_seconds=_SECONDS
    )
    return _reference(image, shown.output.strip())


def _image(repository: str, name: str) -> str:
    # A registry accepts no capital letters, which GitHub allows in names.
    return f"{REGISTRY}/{repository.lower()}/{name}"


def _reference(image: str, digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise StackFailure(f"docker does not name the digest of {image}: {digest!r}")
    return f"{image}@{digest}"
