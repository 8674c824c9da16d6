"""Find the results that a user asks for."""

from pathlib import Path

from cdc_perf.errors import UsageFailure
from cdc_perf.results.run_folder import LATEST, RunFolder, is_run_id, run_folders
from cdc_perf.settings.names import nearest


def results_folder(results: Path, run: str, option: str = "RUN") -> Path:
    """Return the folder of a run id, `latest`, or a path.

    Args:
        results: The results folder.
        run: The user's input.
        option: The option's name, for an error.

    Raises:
        UsageFailure: If there is no such folder; the message has the nearest run ids.
    """
    if run == LATEST or is_run_id(run):
        folder = (results / run).resolve()
    else:
        folder = Path(run).expanduser().resolve()
    if not folder.is_dir():
        there = [path.name for path in run_folders(results)]
        raise UsageFailure(
            f"{option}: {run!r} is neither a run nor a folder; {nearest(run, there[-5:])}"
        )
    return folder


def runs_of(folder: Path) -> list[Path]:
    """Return the folder if it is a run folder, else the run folders within it."""
    within = run_folders(folder)
    return [folder] if RunFolder(folder).manifest.exists() or not within else within
