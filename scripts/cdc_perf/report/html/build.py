"""Write report.html and junit.xml of a run folder."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cdc_perf.errors import UsageFailure
from cdc_perf.files import write_atomically
from cdc_perf.installation import COMMAND
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.report.compare import RunComparison
from cdc_perf.report.html.comparison import ComparisonView, comparison_view, last_runs_view
from cdc_perf.report.html.k6_files import is_k6_csv, k6_material
from cdc_perf.report.html.page import page
from cdc_perf.report.junit import Suite, junit
from cdc_perf.report.last_run import LastRun, last_run
from cdc_perf.results.points.series import write_series
from cdc_perf.results.points.store import read_points
from cdc_perf.results.run_folder import RunFolder
from cdc_perf.runs.resolve import runs_of
from cdc_perf.runs.run_data import RunData, ScenarioData, read_run_data, with_units
from cdc_perf.runs.series import Series, read_series
from cdc_perf.settings.scenarios import HEALTH_CHECK

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BaseRun:
    """The run to compare with.

    Attributes:
        folder: A run folder, or a folder that contains some.
        comparison: The comparison of both runs.
    """

    folder: Path
    comparison: RunComparison


def write_reports(
    folder: Path, base: BaseRun | None = None, units: Mapping[str, str] | None = None
) -> tuple[Path, ...]:
    """Write report.html and junit.xml of a run, or of the runs in a folder, into that folder.

    Args:
        folder: A run folder, complete or not, or a folder that contains some.
        base: The run to compare with; by default, the last comparable run of each scenario.
        units: The units of metrics by name, for runs of schema version 1, which have none.

    Raises:
        OSError: If a file cannot be written.
    """
    folders = runs_of(folder)
    runs = [with_units(read_run_data(each), units or {}) for each in folders]
    files = RunFolder(folder)
    comparison = _beside(base, runs) if base else _since_last_runs(folders, runs)
    write_atomically(files.report, page(runs, comparison))
    write_atomically(files.junit, junit(folder.name, _suites(runs)))
    return files.report, files.junit


def write_k6_report(points: Path, summary: Path, units: Mapping[str, str]) -> Path:
    """Write report.html of files that k6 wrote by itself, next to its points.

    Args:
        points: k6's JSON output, gzipped or not.
        summary: The argument of `handleSummary`, or the output of `--summary-export`.
        units: The units of metrics, by name.

    Raises:
        UsageFailure: If there is no such file, or if it is k6's CSV output.
        OSError: If the report cannot be written.
    """
    for option, path in (("--points", points), ("--summary", summary)):
        if not path.is_file():
            raise UsageFailure(f"{option}: no such file: {path}")
    if is_k6_csv(points):
        raise UsageFailure(
            f"--points: {points} is k6's CSV output, which has no metric types",
            hint="run k6 with --out json=points.json.gz and pass that file",
        )
    report = RunFolder(points.absolute().parent).report
    write_atomically(report, page([k6_material(points, summary, units)]))
    return report


def restore_series(folder: Path) -> None:
    """Recreate series.parquet of a run, or of the runs in a folder, if only points are left.

    The stack's gauges are not in the points and stay lost. This raises nothing: a report says what
    it lacks.
    """
    import duckdb  # noqa: PLC0415 - only callers that read points wait for it

    for run in runs_of(folder):
        for points in sorted(run.glob("*/points.json.gz")):
            files = ScenarioFiles(points.parent)
            if not files.series.exists():
                with suppress(OSError, duckdb.Error), read_points([points]) as found:
                    if found.types:
                        write_series(found, files.series)


def write_reports_or_log(folder: Path) -> None:
    """Write the reports at the end of a run; log any error, because the run is already over."""
    try:
        write_reports(folder)
    except Exception as error:  # noqa: BLE001 - a failed report must not fail the run
        cause = str(error).partition("\n")[0]
        _log.info(
            f"no report: {type(error).__name__}: {cause}; to retry: {COMMAND} report {folder.name}"
        )


def _beside(base: BaseRun, runs: Sequence[RunData]) -> ComparisonView:
    before = [read_run_data(each) for each in runs_of(base.folder)]
    return comparison_view(base.comparison, before, runs)


def _since_last_runs(folders: Sequence[Path], runs: Sequence[RunData]) -> ComparisonView:
    measured = {
        each.name: folder
        for folder, run in zip(folders, runs, strict=True)
        for each in run.scenarios
        if each.name != HEALTH_CHECK
    }
    found = {name: last_run(folder, name) for name, folder in measured.items()}
    return last_runs_view(found, dict(_series_of_last_runs(found, measured)), runs)


def _series_of_last_runs(
    found: Mapping[str, LastRun | str], measured: Mapping[str, Path]
) -> Iterator[tuple[str, Series | str]]:
    """Yield the values per second of the last runs whose folder exists, or why there are none."""
    for name, each in found.items():
        if isinstance(each, LastRun) and each.before is not None:
            earlier = RunFolder(measured[name].parent / each.entry.run_id)
            yield name, read_series(earlier.scenario(name).series)


def _suites(runs: Sequence[RunData]) -> list[Suite]:
    return [suite for run in runs for each in run.scenarios if (suite := _suite(each))]


def _suite(material: ScenarioData) -> Suite | None:
    verdict, entry = material.verdict, material.entry
    if verdict is None:
        return None
    if entry is None or entry.started is None or entry.ended is None:
        return Suite(verdict)
    seconds = (entry.ended - entry.started).total_seconds()
    return Suite(verdict, seconds, entry.started.isoformat(timespec="seconds"))
