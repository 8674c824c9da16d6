"""Whether a commit is ready for its release: version, tag, changelog, and locks agree."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from cdc_perf.tools.k6 import pinned_k6, pinned_toolchain

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_GO_IMAGE = re.compile(r"^ARG GOLANG_IMAGE=golang:(\S+)$", re.MULTILINE)
_K6_IMAGE = re.compile(r"^ARG K6_IMAGE=grafana/k6:(\S+)$", re.MULTILINE)


def release_problems(root: Path, tag: str) -> tuple[str, ...]:
    """Return what does not agree, one line each; empty if the commit is ready.

    Args:
        root: The checkout.
        tag: The tag of the release: `v1.2.3`.

    Raises:
        StackFailure: A lock file or go.mod is broken.
    """
    return tuple(_problems(root, tag))


def _problems(root: Path, tag: str) -> Iterator[str]:
    project = tomllib.loads(_read(root, "pyproject.toml"))["project"]
    version = project["version"]
    if not _VERSION.fullmatch(version):
        yield f"pyproject.toml: the version {version} is not MAJOR.MINOR.PATCH"
    if tag != f"v{version}":
        yield f"the tag is {tag}, and pyproject.toml has the version {version}"
    sections = _SECTION.findall(_read(root, "CHANGELOG.md"))
    dated = re.compile(rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)")
    if not any(map(dated.fullmatch, sections)):
        yield f"CHANGELOG.md has no section '## {version} (YYYY-MM-DD)'"
    if "Unreleased" in sections:
        yield "CHANGELOG.md still has a section '## Unreleased'"
    wheel = pinned_toolchain(root / "requirements" / "embedded-go.txt").version
    image = _found(_GO_IMAGE, root, "k6/Dockerfile")
    if image != wheel:
        yield f"k6/Dockerfile builds with Go {image}, requirements/embedded-go.txt has {wheel}"
    module = pinned_k6(root / "k6" / "go.mod")
    base = _found(_K6_IMAGE, root, "k6/Dockerfile")
    if base != module:
        yield f"k6/Dockerfile is based on k6 {base}, k6/go.mod has {module}"


def _found(pattern: re.Pattern[str], root: Path, path: str) -> str:
    found = pattern.search(_read(root, path))
    return found[1] if found else "none"


def _read(root: Path, path: str) -> str:
    return (root / path).read_text(encoding="utf-8")
