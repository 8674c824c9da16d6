"""history.jsonl: a line with each scenario's results, kept when run folders are removed."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import msgspec

from cdc_perf.results.manifest import Manifest, ScenarioEntry
from cdc_perf.settings.pipeline_version import PipelineVersion

SCHEMA_VERSION = 1
HISTORY_FILE = "history.jsonl"


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario of one run.

    Attributes:
        schema_version: The version of this shape.
        run_id: The run.
        scenario: The scenario.
        key: Identifies comparable runs: machine, stack, scenario, and load.
        started: When k6 started, UTC.
        commit: The checkout's commit; empty outside of git.
        changed: Whether the checkout differed from it.
        verdict: The verdict on the scenario.
        figures: Latencies in milliseconds and iterations per second, by name; those with samples.
        environment: The environment of the thresholds; null in lines of earlier versions.
    """

    schema_version: int = SCHEMA_VERSION
    run_id: str
    scenario: str
    key: str
    started: datetime
    commit: str
    changed: bool
    verdict: str
    figures: Mapping[str, float]
    environment: str | None = None


def history_key(manifest: Manifest, entry: ScenarioEntry) -> str:
    """Return the key of a scenario's history.

    It excludes what is measured (commit, connector, consumer), because the history looks for the
    effects of changing that.
    """
    # Keys of the sample stay as they were before there were other pipelines.
    others = () if manifest.pipeline.same_pipeline(PipelineVersion()) else (manifest.pipeline.name,)
    content = msgspec.json.encode(
        [
            *manifest.machine.fingerprint,
            *(manifest.stack, manifest.versions.components.get("mongodb", "")),
            *(entry.name, entry.executor, entry.think_time_seconds),
            *others,
            *entry.faults,
        ]
    )
    return hashlib.sha256(content).hexdigest()[:16]


@dataclass(frozen=True)
class History:
    """The contents of the file.

    Attributes:
        entries: The entries of every scenario, in time order.
        unreadable: The numbers of the lines without a valid entry, from 1.
    """

    entries: tuple[HistoryEntry, ...] = ()
    unreadable: tuple[int, ...] = ()


def append(results: Path, entries: Iterable[HistoryEntry]) -> None:
    """Append entries to the file, each in one write, so that parallel runs cannot interleave.

    If a crash left the last line incomplete, end it first, so that only its own entry is lost.

    Raises:
        OSError: If the file cannot be written.
    """
    with (results / HISTORY_FILE).open("a+b", buffering=0) as stream:
        size = stream.seek(0, os.SEEK_END)
        cut = size > 0 and os.pread(stream.fileno(), 1, size - 1) != b"\n"
        for entry in entries:
            stream.write((b"\n" if cut else b"") + msgspec.json.encode(entry) + b"\n")
            cut = False
        os.fsync(stream.fileno())


def read_history_file(results: Path) -> History:
    """Return the contents of the file; no entries if there is no file.

    A figure that is null, not finite, or not above 0 was not measured and is left out of its
    entry. A line without a valid entry is recorded as unreadable.
    """
    try:
        lines = (results / HISTORY_FILE).read_bytes().split(b"\n")
    except FileNotFoundError:
        return History()
    read = {number: _entry(line) for number, line in enumerate(lines, 1) if line.strip()}
    entries = sorted((x for x in read.values() if x is not None), key=lambda x: x.started)
    return History(tuple(entries), tuple(number for number, x in read.items() if x is None))


def read_history(results: Path, scenario: str) -> tuple[HistoryEntry, ...]:
    """Return the entries of a scenario, in time order."""
    return tuple(x for x in read_history_file(results).entries if x.scenario == scenario)


class _Line(HistoryEntry, frozen=True, kw_only=True):
    """An entry as written in the file."""

    figures: Mapping[str, float | None]  # type: ignore[assignment]


def _entry(line: bytes) -> HistoryEntry | None:
    try:
        # msgspec's own reader accepts neither NaN nor Infinity, which other tools write.
        read = msgspec.convert(json.loads(line), type=_Line)
    except (ValueError, RecursionError):
        return None
    if read.schema_version != SCHEMA_VERSION:
        return None
    fields = {name: getattr(read, name) for name in HistoryEntry.__struct_fields__}
    figures = {name: x for name, x in read.figures.items() if x and isfinite(x) and x > 0}
    started = read.started if read.started.tzinfo else read.started.replace(tzinfo=UTC)
    return HistoryEntry(**{**fields, "figures": figures, "started": started})
