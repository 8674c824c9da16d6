"""Whether this machine can run the compose stack."""

import os

from cdc_perf.errors import StackFailure
from cdc_perf.stack.compose.engine import REQUIRED, find_engine
from cdc_perf.stack.local.diagnosis import CheckResult, Health


def diagnose_docker() -> CheckResult:
    """Look for an engine; without one the embedded stack takes its place, so nothing is wrong."""
    try:
        found = f"{find_engine(os.environ)}: `auto` takes the stack compose"
    except StackFailure as failure:
        found = f"{failure.message}: `auto` takes the stack local; compose needs {REQUIRED}"
    return CheckResult(what="docker", health=Health.OK, found=found)
