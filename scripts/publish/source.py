"""Which results are meant by the RUN of `inv publish`."""

from collections.abc import Collection
from pathlib import Path

from scripts.errors import UsageFailure
from scripts.report.recorded import Recorded, read_results
from scripts.results.run_folder import LATEST, is_run_id
from scripts.settings.names import nearest

# The one whose end started this workflow.
WORKFLOW_RUN = "workflow-run"


def local_results(results: Path, run: str, scenarios: Collection[str]) -> Recorded:
    """Return what a run id, `latest`, a run's folder, or a folder of such folders stands for.

    Raises:
        UsageFailure: There is no such thing; the line has the nearest run ids.
    """
    if run == LATEST or is_run_id(run):
        folder = (results / run).resolve()
    else:
        folder = Path(run).expanduser().resolve()
    if not folder.is_dir():
        there = [p.name for p in results.iterdir() if is_run_id(p.name)] if results.is_dir() else []
        raise UsageFailure(
            f"RUN: {run!r} is no run and no folder; {nearest(run, sorted(there)[-5:])}"
        )
    return read_results(folder, scenarios)
