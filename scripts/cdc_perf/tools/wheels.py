"""Tools from Python wheels: PostgreSQL, a Java runtime, Go, the stand-in for MongoDB.

Each is installed into its own folder from a lock file with checksums. In the harness's environment
they would take 400 MB and determine the versions of its dependencies.
"""

import hashlib
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import uv

from cdc_perf import process, process_tags
from cdc_perf.errors import StackFailure
from cdc_perf.tools.cache import Note, Tool


def wheel_tool(name: str, distribution: str, lock: Path, *, seconds: int) -> Tool:
    """Return a tool that is installed from `lock`.

    Args:
        name: Display name.
        distribution: The wheel that determines the tool's version.
        lock: A requirements file with hashes.
        seconds: Approximate installation time.

    Raises:
        StackFailure: The lock file is missing or does not name the distribution.
    """
    try:
        text = lock.read_text(encoding="utf-8")
    except OSError as error:
        raise StackFailure(f"{lock}: {error.strerror}", hint="restore it: git checkout") from None
    pinned = re.search(rf"^{re.escape(distribution)}==(\S+)", text, re.MULTILINE)
    if pinned is None:
        raise StackFailure(f"{lock} does not contain {distribution}", hint="run nox -s lock")
    # Compiled wheels are valid for one version of Python.
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    # Not in the build threads, because the initialization of sysconfig is not thread-safe.
    uv_binary = uv.find_uv_bin()

    def build(folder: Path, _needs: Mapping[str, Path], _note: Note) -> None:
        try:
            process.run(
                [
                    *(uv_binary, "pip", "install", "--quiet", "--no-cache", "--no-deps"),
                    *("--python", sys.executable, "--target", folder),
                    *("--require-hashes", "--requirement", lock),
                ],
                cwd=folder,
                env=process_tags.tag(folder),
            )
        except StackFailure as failure:
            raise StackFailure(
                f"cannot install {name} {pinned[1]} from {lock.name}",
                hint="check that the package index is reachable and that the lock file has the "
                "checksums",
                detail=failure.detail,
            ) from None

    return Tool(
        name=name,
        version=pinned[1],
        key=f"{distribution}-{pinned[1]}-{python}-{digest}",
        seconds=seconds,
        build=build,
    )
