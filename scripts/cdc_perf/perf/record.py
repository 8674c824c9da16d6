"""Write a run's files besides those of its scenarios: run.json, verdict, reports, history."""

import logging
from collections.abc import Sequence

import msgspec

from cdc_perf.files import readable_json, write_atomically
from cdc_perf.load.run import LoadResult
from cdc_perf.perf.scenario_runner import ScenarioRun
from cdc_perf.report.history import entries_of
from cdc_perf.report.html.build import write_reports_or_log
from cdc_perf.report.markdown import run_markdown, settings_line
from cdc_perf.results import history
from cdc_perf.results.manifest import EventEntry, Manifest, RunStatus, ScenarioEntry, ThresholdEntry
from cdc_perf.results.run_folder import RunFolder
from cdc_perf.runs.row import Row
from cdc_perf.stack.component import ComponentEvent
from cdc_perf.verdict.records import RunVerdict

_log = logging.getLogger(__name__)


def entry_of(run: ScenarioRun) -> ScenarioEntry:
    """Return a scenario's entry in run.json before it runs."""
    planned, shape = run.planned, run.shape
    return ScenarioEntry(
        name=planned.scenario.name,
        description=planned.scenario.description,
        think_time_seconds=planned.scenario.think_time_seconds,
        executor=shape.options,
        seconds=shape.seconds,
        thresholds=tuple(
            ThresholdEntry(metric=t.metric, stat=t.stat, operator=t.operator, limit=t.limit)
            for t in planned.thresholds
        ),
        faults=tuple(map(str, planned.faults)),
    )


def with_scenario_result(
    manifest: Manifest, name: str, loaded: LoadResult, events: Sequence[ComponentEvent]
) -> Manifest:
    """Return the manifest with k6's result and the stack's events of a scenario."""
    entries = tuple(
        msgspec.structs.replace(
            entry,
            started=loaded.started,
            ended=loaded.ended,
            k6_exit_code=loaded.exit_code,
            events=tuple(
                EventEntry(component=x.component, what=x.what, at=x.at, back=x.back) for x in events
            ),
        )
        if entry.name == name
        else entry
        for entry in manifest.scenarios
    )
    return msgspec.structs.replace(manifest, scenarios=entries)


def write_run_files(
    folder: RunFolder, manifest: Manifest, verdict: RunVerdict, rows: Sequence[Row]
) -> None:
    """Write the files of a finished run; a complete run becomes `latest` and joins the history.

    Args:
        folder: The run folder.
        manifest: The manifest, with its final status.
        verdict: The verdict on the run.
        rows: The result of each scenario.
    """
    write_atomically(folder.verdict, readable_json(verdict))
    settings = [settings_line(manifest)]
    summary = run_markdown(verdict, rows, settings=settings, notes=manifest.notes)
    write_atomically(folder.summary, summary)
    manifest.write(folder.manifest)
    write_reports_or_log(folder.path)
    if manifest.status is RunStatus.COMPLETE:
        folder.point_latest()
        _append_history(folder, manifest, rows)


def _append_history(folder: RunFolder, manifest: Manifest, rows: Sequence[Row]) -> None:
    """Add the run to the history; a full disk must not discard the measurement."""
    try:
        history.append(folder.path.parent, entries_of(manifest, rows))
    except OSError as error:
        _log.info(f"cannot write the history: {error.strerror}")
