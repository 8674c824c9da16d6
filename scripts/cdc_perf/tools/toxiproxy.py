"""Toxiproxy, the TCP proxy that network faults need."""

from pathlib import Path

from cdc_perf.tools.cache import Cache, Tool
from cdc_perf.tools.go_programs import go_program
from cdc_perf.tools.k6 import find_toolchain

VERSION = "2.5.0"
_PACKAGE = "github.com/Shopify/toxiproxy/v2/cmd/server"
# The name that `go install` gives the program.
PROGRAM = "server"


def toxiproxy_tool(root: Path, cache: Cache) -> Tool:
    """Return the tool; the Go that builds k6 builds it.

    Args:
        root: The checkout.
        cache: The tool cache.
    """
    toolchain = find_toolchain(root / "k6" / "go.mod", root / "requirements/embedded-go.txt", cache)
    return go_program(_PACKAGE, f"v{VERSION}", toolchain, cache, name="toxiproxy")
