"""The outcome of a run as JSON: `inv perf --json`."""

from collections.abc import Sequence
from pathlib import Path

from cdc_perf.files import json_text
from cdc_perf.runs.row import Row
from cdc_perf.verdict.records import RunVerdict


def outcome_json(folder: Path, run: RunVerdict, rows: Sequence[Row]) -> str:
    """Return a run's folder, its verdict.json, and the verdict.json of each of its scenarios."""
    content = {
        "folder": str(folder),
        "verdict": run,
        "scenarios": [row.verdict for row in rows],
    }
    return json_text(content)
