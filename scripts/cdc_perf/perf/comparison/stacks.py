"""The stacks of both versions, side by side."""

import logging
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cdc_perf import process
from cdc_perf.errors import ExitCode, Interrupted, StackFailure
from cdc_perf.files import write_atomically
from cdc_perf.installation import COMMAND
from cdc_perf.perf.comparison.versions import VersionFolder
from cdc_perf.redaction import redacted
from cdc_perf.results.comparison import Side
from cdc_perf.signals import deferred
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local.start import NAME

# Installing the tools of another version takes minutes; a start takes seconds.
_UP_SECONDS = 1800
_DOWN_SECONDS = 60
_LINES = 8
# `inv up` ends with a table of the components.
_TABLE_ROW = re.compile(r".*\S  ")
_log = logging.getLogger(__name__)


@contextmanager
def both_up(
    versions: Mapping[Side, VersionFolder], logs: Path, *, show: bool
) -> Iterator[dict[Side, Endpoints]]:
    """Start the stack of each version with its own `inv up`, and stop both after the block.

    Args:
        versions: The versions.
        logs: The folder for the output of the commands.
        show: Whether to show the progress of `inv up`, which may install tools first.

    Raises:
        StackFailure: A stack is up already, or did not become ready.
        Interrupted: A signal arrived.
    """
    logs.mkdir(parents=True, exist_ok=True)
    _expect_down(versions)
    try:
        _start(versions, logs, show=show)
        yield {side: _endpoints(version) for side, version in versions.items()}
    finally:
        with deferred():
            _run_all(versions, "down", logs, _DOWN_SECONDS)
            _keep_logs(versions, logs)


def _expect_down(versions: Mapping[Side, VersionFolder]) -> None:
    for version in versions.values():
        if version.checkout.endpoints_file.exists():
            raise StackFailure(
                f"the stack of {version.checkout.root} is up, and a comparison needs fresh starts",
                hint=f"stop it there: {COMMAND} down",
            )


def _start(versions: Mapping[Side, VersionFolder], logs: Path, *, show: bool) -> None:
    results = _run_all(versions, "up", logs, _UP_SECONDS, show=show)
    failed = {side: result for side, result in results.items() if result.exit_code != ExitCode.PASS}
    for side, result in failed.items():
        lines = tuple(line for line in result.last_lines if line.strip())
        raise StackFailure(
            f"the stack of {side} ({versions[side].name}) did not start: exit {result.exit_code}",
            hint=f"see {logs / f'{side}-up.log'}",
            detail=lines[-_LINES:],
        )


def _run_all(
    versions: Mapping[Side, VersionFolder],
    word: str,
    logs: Path,
    seconds: float,
    *,
    show: bool = False,
) -> dict[Side, process.Completed]:
    """Run a command of each version at the same time."""
    running = {
        side: process.start(
            version.command(word, "--stack", NAME),
            cwd=version.checkout.root,
            env=version.variables,
            output=logs / f"{side}-{word}.log",
            on_line=partial(_show, side) if show else None,
        )
        for side, version in versions.items()
    }
    try:
        for each in running.values():
            each.ended_within(seconds)
    except Interrupted:
        # `inv up` stops what it has started; give it the time.
        for each in running.values():
            each.signal(signal.SIGINT)
        for each in running.values():
            each.ended_within(_DOWN_SECONDS)
        raise
    finally:
        for each in running.values():
            each.kill_group()
    return {side: each.wait() for side, each in running.items()}


def _show(side: Side, line: str) -> None:
    if line and not _TABLE_ROW.match(line):
        _log.info(f"{side}: {line}")


def _keep_logs(versions: Mapping[Side, VersionFolder], logs: Path) -> None:
    """Keep the components' logs of this start; those of the start before are replaced."""
    for side, version in versions.items():
        for log in (version.checkout.stack / "logs").glob("*.log"):
            text = log.read_text(encoding="utf-8", errors="replace")
            write_atomically(logs / side / log.name, redacted(text))


def _endpoints(version: VersionFolder) -> Endpoints:
    found = Endpoints.read(version.checkout.endpoints_file, NAME)
    if found is None:
        raise StackFailure(
            f"{version.side}: {version.checkout.endpoints_file} is not readable by this version",
            hint=f"compare with a version whose {COMMAND} up writes this file in the same form",
        )
    return found
