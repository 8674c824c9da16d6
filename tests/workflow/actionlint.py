"""actionlint, built once into the tool cache."""

import hashlib
import platform
from collections.abc import Callable, Mapping
from pathlib import Path

from cdc_perf import process
from cdc_perf.tools.cache import Cache, Tool
from cdc_perf.tools.install import install_all
from cdc_perf.tools.k6 import build_environment, find_toolchain

_VERSION = "1.7.12"
_PACKAGE = "github.com/rhysd/actionlint/cmd/actionlint"


def actionlint(root: Path) -> Path:
    """Return the program, building it first where it is missing."""
    cache = Cache.of_environment()
    lock = root / "requirements" / "embedded-go.txt"
    toolchain = find_toolchain(root / "k6" / "go.mod", lock, cache)
    made_of = f"{_PACKAGE} {_VERSION} go{toolchain.version} {platform.machine()}"

    def build(folder: Path, _needs: Mapping[str, Path], _say: Callable[[str], None]) -> None:
        process.run(
            [toolchain.executable(cache), "install", f"{_PACKAGE}@v{_VERSION}"],
            cwd=folder,
            env={**build_environment(cache), "GOBIN": str(folder)},
        )

    tool = Tool(
        name="actionlint",
        version=_VERSION,
        key=f"actionlint-{_VERSION}-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}",
        seconds=60,
        build=build,
        needs=(toolchain.tool,) if toolchain.tool is not None else (),
    )
    install_all(cache, (tool,))
    return cache.path(tool) / "actionlint"
