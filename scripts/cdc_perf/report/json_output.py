"""The outcome of a run as JSON: `inv perf --json`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cdc_perf.files import json_text
from cdc_perf.report.last_run import LastRun, last_runs_json
from cdc_perf.runs.row import Row
from cdc_perf.verdict.records import RunVerdict


def outcome_json(
    folder: Path, run: RunVerdict, rows: Sequence[Row], last_runs: Mapping[str, LastRun | str]
) -> str:
    """Return a run's folder, its verdict.json, that of each scenario, recoveries, what moved.

    Args:
        folder: The run folder.
        run: The verdict on the run.
        rows: Its scenarios, in order.
        last_runs: By scenario, its last comparable run, or why there is none.
    """
    content = {
        "folder": str(folder),
        "verdict": run,
        "scenarios": [row.verdict for row in rows],
        "recoveries": {row.verdict.scenario: row.recoveries for row in rows if row.recoveries},
        "last_runs": last_runs_json(last_runs),
    }
    return json_text(content)
