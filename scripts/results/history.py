"""history.jsonl: what every scenario came to, a line each, kept when run folders are removed."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from scripts.results.manifest import Manifest, ScenarioEntry

SCHEMA_VERSION = 1
_FILE = "history.jsonl"


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


def append(results: Path, entries: Iterable[HistoryEntry]) -> None:
    """Add entries at the end of the file, each in one write, which other runs do not cut in two.

    Raises:
        OSError: The file cannot be written to.
    """
    with (results / _FILE).open("ab", buffering=0) as stream:
        for entry in entries:
            stream.write(msgspec.json.encode(entry) + b"\n")
        os.fsync(stream.fileno())


def read_history(results: Path, scenario: str) -> tuple[HistoryEntry, ...]:
    """Return the entries of a scenario in the order of time; a line that is none is passed over."""
    try:
        lines = (results / _FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    entries = (entry for line in lines if (entry := _entry(line)) is not None)
    return tuple(sorted((x for x in entries if x.scenario == scenario), key=lambda x: x.started))


def _entry(line: bytes) -> HistoryEntry | None:
    try:
        entry = msgspec.json.decode(line, type=HistoryEntry)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return entry if entry.schema_version == SCHEMA_VERSION else None
