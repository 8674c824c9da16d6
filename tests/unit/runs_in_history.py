"""Run folders with their lines in the history, as `inv perf` leaves them one after another."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from cdc_perf.report.history import entries_of
from cdc_perf.results.history import append
from cdc_perf.results.manifest import Manifest
from cdc_perf.runs.row import Row
from tests.unit.measured import NOW
from tests.unit.recorded_runs import manifest, row, write_run


def finished(
    results: Path,
    rows: Sequence[Row],
    number: int,
    how: Mapping[str, Any] = MappingProxyType({}),
    *,
    commit: str = "",
    changed: bool = False,
) -> Path:
    """Write the n-th run and its lines in the history; return its folder.

    Args:
        results: The results folder.
        rows: The scenarios besides the health check.
        number: The number of the run; each starts an hour after the one before.
        how: As for `manifest`.
        commit: Its commit; by default that of every run.
        changed: Whether the checkout differed from the commit.
    """
    made = _made([row("health-check"), *rows], number, how, commit, changed=changed)
    folder = write_run(results, [row("health-check"), *rows], number, made)
    append(results, entries_of(made, rows))
    return folder


def _made(
    rows: Sequence[Row], number: int, how: Mapping[str, Any], commit: str, *, changed: bool
) -> Manifest:
    made = manifest(rows, number, **how)
    moment = NOW + timedelta(hours=number)
    entries = tuple(msgspec.structs.replace(each, started=moment) for each in made.scenarios)
    versions = msgspec.structs.replace(
        made.versions, commit=commit or made.versions.commit, changed=changed
    )
    return msgspec.structs.replace(made, started=moment, scenarios=entries, versions=versions)
