"""Which results a person means."""

from pathlib import Path

from scripts.errors import UsageFailure
from scripts.results.run_folder import LATEST, RunFolder, is_run_id
from scripts.settings.names import nearest


def results_folder(results: Path, run: str) -> Path:
    """Return the folder that a run id, `latest` or a path stands for.

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
    return folder


def run_folders(folder: Path) -> list[Path]:
    """Return a run's folder itself, or the run folders within a folder that is none."""
    within = [path for path in folder.iterdir() if is_run_id(path.name) and path.is_dir()]
    if RunFolder(folder).manifest.exists() or not within:
        return [folder]
    return sorted(within)
