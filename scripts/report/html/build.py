"""The files that are made of a run folder: report.html and junit.xml."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scripts.files import write_atomically
from scripts.report.found import run_folders
from scripts.report.html.material import RunMaterial, ScenarioMaterial, read_material
from scripts.report.html.page import page
from scripts.report.junit import Suite, junit

REPORT = "report.html"
JUNIT = "junit.xml"


def write_reports(folder: Path, units: Mapping[str, str]) -> tuple[Path, ...]:
    """Write report.html and junit.xml of a run, or of the runs in a folder, into that folder.

    Args:
        folder: A run's folder, whole or not, or a folder that holds some.
        units: Of the metrics that have limits, by name.

    Raises:
        OSError: A file cannot be written.
    """
    runs = [read_material(each) for each in run_folders(folder)]
    report, results = folder / REPORT, folder / JUNIT
    write_atomically(report, page(runs, units))
    write_atomically(results, junit(folder.name, _suites(runs)))
    return report, results


def leave_reports(folder: Path, units: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Write them at the end of a run; whatever comes between is said, for the run is over."""
    try:
        write_reports(folder, units)
    except Exception as error:  # noqa: BLE001 - a measurement is worth more than its report
        cause = str(error).partition("\n")[0]
        say(f"no report: {type(error).__name__}: {cause}; `inv report {folder.name}` tries again")


def _suites(runs: Sequence[RunMaterial]) -> list[Suite]:
    return [suite for run in runs for each in run.scenarios if (suite := _suite(each))]


def _suite(material: ScenarioMaterial) -> Suite | None:
    verdict, entry = material.verdict, material.entry
    if verdict is None:
        return None
    if entry is None or entry.started is None or entry.ended is None:
        return Suite(verdict)
    seconds = (entry.ended - entry.started).total_seconds()
    return Suite(verdict, seconds, entry.started.isoformat(timespec="seconds"))
