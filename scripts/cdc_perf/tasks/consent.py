"""Asks before a command writes to a pipeline that others operate."""

import sys
from collections.abc import Sequence

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.external.consent import writes
from cdc_perf.terminal import say

YES_HELP = "write to an external pipeline without asking"


def ask_before_writing(pipeline: Pipeline, endpoints: Endpoints, loads: Sequence[str] = ()) -> None:
    """Show what is written, and ask whether to go on; the answer is a line on standard input.

    Args:
        pipeline: The pipeline.
        endpoints: Its addresses.
        loads: What each scenario writes; none: only canary rows are written.

    Raises:
        UsageFailure: The answer is not yes, or standard input is not a terminal.
    """
    say(writes(pipeline, endpoints, loads))
    confirm()


def confirm() -> None:
    """Ask whether to go on; the answer is a line on standard input.

    Raises:
        UsageFailure: The answer is not yes, or standard input is not a terminal.
    """
    if not sys.stdin.isatty():
        raise UsageFailure(
            "not confirmed, because standard input is not a terminal: nothing was written",
            hint="add --yes",
        )
    say("Continue? [y/N]")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageFailure("not confirmed: nothing was written")
