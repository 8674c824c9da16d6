"""actionlint, built once into the tool cache."""

from pathlib import Path

from cdc_perf.tools.cache import Cache
from cdc_perf.tools.go_programs import go_program
from cdc_perf.tools.install import install_all
from cdc_perf.tools.k6 import find_toolchain

_VERSION = "v1.7.12"
_PACKAGE = "github.com/rhysd/actionlint/cmd/actionlint"


def actionlint(root: Path) -> Path:
    """Return the program, building it first where it is missing."""
    cache = Cache.of_environment()
    lock = root / "requirements" / "embedded-go.txt"
    toolchain = find_toolchain(root / "k6" / "go.mod", lock, cache)
    tool = go_program(_PACKAGE, _VERSION, toolchain, cache)
    install_all(cache, (tool,))
    return cache.path(tool) / "actionlint"
