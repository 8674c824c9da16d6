"""history.jsonl: what every scenario came to, a line each, kept when run folders are removed."""

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

SCHEMA_VERSION = 1
HISTORY_FILE = "history.jsonl"


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One scenario of one run.

    Attributes:
        schema_version: Of this shape.
        run_id: The run.
        scenario: The scenario.
        key: Of what can be held against one another: machine, stack, scenario and load.
        started: When k6 was started, UTC.
        commit: The checkout's commit; empty outside of git.
        changed: Whether the checkout differed from it.
        verdict: The verdict on the scenario.
        figures: Latencies in milliseconds and iterations a second, by name; those with samples.
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


def history_key(manifest: Manifest, entry: ScenarioEntry) -> str:
    """Return the key of a scenario's history.

    What is measured is not in it (commit, connector, consumer): that is what changes are sought in.
    """
    content = msgspec.json.encode(
        [
            *manifest.machine.fingerprint,
            *(manifest.stack, manifest.versions.components.get("mongodb", "")),
            *(entry.name, entry.executor, entry.think_time_seconds),
        ]
    )
    return hashlib.sha256(content).hexdigest()[:16]


@dataclass(frozen=True)
class History:
    """What the file holds.

    Attributes:
        entries: Of every scenario, in the order of time.
        unreadable: The numbers of the lines that hold no entry, from 1.
    """

    entries: tuple[HistoryEntry, ...] = ()
    unreadable: tuple[int, ...] = ()


def append(results: Path, entries: Iterable[HistoryEntry]) -> None:
    """Add entries at the end of the file, each in one write, which other runs do not cut in two.

    A last line that a crash cut short is ended first, so that it spoils no entry but its own.

    Raises:
        OSError: The file cannot be written to.
    """
    with (results / HISTORY_FILE).open("a+b", buffering=0) as stream:
        size = stream.seek(0, os.SEEK_END)
        cut = size > 0 and os.pread(stream.fileno(), 1, size - 1) != b"\n"
        for entry in entries:
            stream.write((b"\n" if cut else b"") + msgspec.json.encode(entry) + b"\n")
            cut = False
        os.fsync(stream.fileno())


def read_history_file(results: Path) -> History:
    """Return all that the file holds; none where there is no file.

    A figure that is null, no finite number or not above 0 is left out of its entry: it was not
    measured. A line without an entry is counted.
    """
    try:
        lines = (results / HISTORY_FILE).read_bytes().split(b"\n")
    except FileNotFoundError:
        return History()
    read = {number: _entry(line) for number, line in enumerate(lines, 1) if line.strip()}
    entries = sorted((x for x in read.values() if x is not None), key=lambda x: x.started)
    return History(tuple(entries), tuple(number for number, x in read.items() if x is None))


def read_history(results: Path, scenario: str) -> tuple[HistoryEntry, ...]:
    """Return the entries of a scenario in the order of time."""
    return tuple(x for x in read_history_file(results).entries if x.scenario == scenario)


class _Line(HistoryEntry, frozen=True, kw_only=True):
    """An entry as it is in the file."""

    figures: Mapping[str, float | None]  # type: ignore[assignment]


def _entry(line: bytes) -> HistoryEntry | None:
    try:
        # Not msgspec's own reader: it takes neither NaN nor Infinity, which other tools write.
        read = msgspec.convert(json.loads(line), type=_Line)
    except (ValueError, RecursionError):
        return None
    if read.schema_version != SCHEMA_VERSION:
        return None
    fields = {name: getattr(read, name) for name in HistoryEntry.__struct_fields__}
    figures = {name: x for name, x in read.figures.items() if x and isfinite(x) and x > 0}
    started = read.started if read.started.tzinfo else read.started.replace(tzinfo=UTC)
    return HistoryEntry(**{**fields, "figures": figures, "started": started})
