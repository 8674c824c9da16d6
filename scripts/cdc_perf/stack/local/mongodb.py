"""The MongoDB server of the embedded stack: a real `mongod` if there is one, else nx-27017.

No package registry has `mongod`. nx-27017 speaks MongoDB's wire protocol over SQLite; each run
names its server, and reports mark figures from the stand-in.
"""

import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from cdc_perf import process
from cdc_perf.errors import UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.program import Program
from cdc_perf.stack.target import STAND_IN


@dataclass(frozen=True)
class MongoServer:
    """The server to run; `mongod` is None for the stand-in."""

    version: str
    mongod: Path | None


def configured(checkout: Checkout, pipeline: Pipeline) -> str:
    """Return the path of the `mongod` in pipeline.toml; empty if there is none."""
    given = pipeline.stacks.local.mongod
    return str(checkout.pipeline / given) if given else ""


def find_server(given: str, stand_in_version: str) -> MongoServer:
    """Return the configured `mongod`, else the one on PATH, else the stand-in.

    Raises:
        UsageFailure: The configured one does not exist.
    """
    found = shutil.which(given or "mongod")
    if found is None and given:
        raise UsageFailure(
            f"pipeline.toml: stacks.local.mongod: {given} does not exist or is not executable",
            hint="set the path of a mongod, or remove the line",
        )
    if found is None:
        return MongoServer(f"nx-27017 {stand_in_version} {STAND_IN}", None)
    answer = process.run([found, "--version"], timeout_seconds=20).output
    version = re.search(r"db version v(\S+)", answer)
    return MongoServer(f"mongod {version[1] if version else 'unknown'}", Path(found))


def program(layout: Layout, server: MongoServer, installed: Path, port: int) -> Program:
    """Return the program of the server."""
    data = layout.data / "mongodb"
    data.mkdir(parents=True, exist_ok=True)
    if server.mongod is not None:
        argv: tuple[str | Path, ...] = (
            *(server.mongod, "--dbpath", data, "--port", str(port)),
            *("--bind_ip", "127.0.0.1", "--nounixsocket"),
        )
        return Program(name="mongodb", argv=argv)
    return Program(
        name="mongodb",
        argv=(
            *(sys.executable, "-c", "from nx_27017.nx_27017 import main; main()"),
            *("--data-dir", data, "--host", "127.0.0.1", "--port", str(port)),
            *("--pid-file", data / "server.pid", "--log-file", data / "server.log"),
        ),
        environment={"PYTHONPATH": str(installed), "PYTHONNOUSERSITE": "1"},
    )
