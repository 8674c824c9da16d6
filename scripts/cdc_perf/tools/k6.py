"""k6 with our extension, built from the Go module in k6/."""

import hashlib
import platform
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from cdc_perf import process, process_tags
from cdc_perf.errors import StackFailure
from cdc_perf.tools.cache import Cache, Tool
from cdc_perf.tools.golang import build_environment, find_toolchain

# One for each package that could not be had would be enough to hide the first.
_LINES = 3


def k6_sources(module: Path) -> tuple[Path, ...]:
    """Return the files that the binary is made of, in a fixed order."""
    go_files = [path for path in module.rglob("*.go") if not path.name.endswith("_test.go")]
    return (module / "go.mod", module / "go.sum", *sorted(go_files))


def k6_tool(module: Path, go_lock: Path, cache: Cache) -> Tool:
    """Describe the k6 binary; its key changes with every source file and with Go's version.

    Raises:
        StackFailure: A source file is missing.
    """
    go_mod = module / "go.mod"
    try:
        toolchain = find_toolchain(go_mod, go_lock)
        digest = hashlib.sha256(f"go{toolchain.version} {platform.machine()}".encode())
        for source in k6_sources(module):
            digest.update(str(source.relative_to(module)).encode())
            digest.update(source.read_bytes())
        pinned = re.search(r"go\.k6\.io/k6 v(\S+)", go_mod.read_text(encoding="utf-8"))
    except OSError as error:
        raise StackFailure(f"{error.filename}: {error.strerror}") from None
    if pinned is None:
        raise StackFailure(f"{go_mod}: go.k6.io/k6 is not in it")

    def build(folder: Path, _needs: Mapping[str, Path], say: Callable[[str], None]) -> None:
        compiled = 0

        def count(line: str) -> None:
            nonlocal compiled
            if line and not line.startswith(("go: ", "#", "\t")):
                compiled += 1
                say(f"{compiled} packages compiled, about 860 in all")

        try:
            process.run(
                [
                    *(toolchain.executable(cache), "build", "-v", "-mod=readonly"),
                    *("-ldflags=-s -w", "-o", folder / "k6", "."),
                ],
                cwd=module,
                env={**build_environment(cache), **process_tags.tag(folder)},
                on_line=count,
                timeout_seconds=1800,
            )
        except StackFailure as failure:
            raise StackFailure(
                f"k6 could not be built from {module}",
                hint="is the Go module proxy reachable? The lines below are Go's",
                detail=failure.detail[:_LINES],
            ) from None

    return Tool(
        name="k6",
        version=f"{pinned[1]} (Go {toolchain.version})",
        key=f"k6-{pinned[1]}-{digest.hexdigest()[:12]}",
        seconds=180,
        build=build,
        needs=(toolchain.tool,) if toolchain.tool is not None else (),
    )
