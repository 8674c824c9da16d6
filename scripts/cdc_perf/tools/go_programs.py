"""Programs that `go install` builds into the tool cache."""

import hashlib
import platform
from collections.abc import Mapping
from pathlib import Path

from cdc_perf import process
from cdc_perf.tools.cache import Cache, Note, Tool
from cdc_perf.tools.k6 import Toolchain, build_environment

_BUILD_SECONDS = 900


def go_program(
    package: str, version: str, toolchain: Toolchain, cache: Cache, *, name: str = ""
) -> Tool:
    """Return the tool of a program, whose file has the last part of the package's name.

    Args:
        package: The path of its package.
        version: The version of its module: `v1.2.3`.
        toolchain: The Go that builds it.
        cache: The tool cache.
        name: The name of the tool; empty: that of its file.
    """
    name = name or package.rpartition("/")[2]
    made_of = f"{package} {version} go{toolchain.version} {platform.machine()}"

    def build(folder: Path, _needs: Mapping[str, Path], _note: Note) -> None:
        process.run(
            [toolchain.executable(cache), "install", f"{package}@{version}"],
            cwd=folder,
            env={**build_environment(cache), "GOBIN": str(folder)},
            timeout_seconds=_BUILD_SECONDS,
        )

    return Tool(
        name=name,
        version=version,
        key=f"{name}-{version}-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}",
        seconds=60,
        build=build,
        needs=(toolchain.tool,) if toolchain.tool is not None else (),
    )
