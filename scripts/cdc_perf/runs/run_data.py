"""Read run folders leniently: show what is there, name what is missing."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from cdc_perf.errors import ExitCode
from cdc_perf.faults.recovery import Recovery, read_recoveries
from cdc_perf.files import NOT_JSON
from cdc_perf.integrity.records import Integrity
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.reasons.runs import verdict_unreadable
from cdc_perf.results.hops import Hops, read_hops_file
from cdc_perf.results.manifest import Manifest, RunStatus, ScenarioEntry
from cdc_perf.results.run_folder import RunFolder
from cdc_perf.results.summary import NoSummary, Summary, read_summary
from cdc_perf.runs.decode import decode, is_old, version_of
from cdc_perf.runs.k6_log import Quote, quotes
from cdc_perf.runs.k6_threshold import K6Threshold
from cdc_perf.runs.loader import not_started
from cdc_perf.runs.series import Series, read_series
from cdc_perf.runs.validate import (
    contradiction,
    is_outcome,
    plausible_manifest,
    plausible_summary,
)
from cdc_perf.settings.thresholds import unit_of_stat
from cdc_perf.verdict.judge import judge_run, not_run
from cdc_perf.verdict.records import SCHEMA_VERSION, RunVerdict, ScenarioVerdict
from cdc_perf.verdict.verdict import Verdict

# A single folder name, never a path out of the run folder.
_PLAIN = re.compile(r"(?!\.{1,2}$)[^/\\\0]{1,60}")
T = TypeVar("T", Manifest, RunVerdict, ScenarioVerdict, Integrity)

_MAX_BYTES = 2_000_000


@dataclass(frozen=True)
class ScenarioData:
    """The data of one scenario.

    Attributes:
        name: Its name.
        entry: Its settings; None if the manifest lacks them.
        verdict: The verdict on it; None if it was not judged.
        summary: k6's summary, or why there is none.
        series: Its values per second, or why there are none.
        log: By metric or check, the first error that k6 logged for it.
        integrity: The result of the data-loss check, or why there is none.
        missing: What is missing or cannot be read, one sentence each.
        hops: The latency of each hop; None if not measured.
        k6_thresholds: k6's own thresholds, for files without a verdict.
        units: The units of this project's metrics by name, for files without a verdict.
        recoveries: The recovery from each fault that was injected.
    """

    name: str
    entry: ScenarioEntry | None
    verdict: ScenarioVerdict | None
    summary: Summary | NoSummary
    series: Series | str
    log: Mapping[str, Quote]
    integrity: Integrity | str = "not checked in this run"
    missing: tuple[str, ...] = ()
    hops: Hops | None = None
    k6_thresholds: tuple[K6Threshold, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    recoveries: tuple[Recovery, ...] = ()


@dataclass(frozen=True)
class RunData:
    """The data of one run.

    Attributes:
        name: Its id, or the name of its folder or files.
        manifest: Its manifest; None if unknown.
        verdict: The verdict on it; None if it was not judged.
        scenarios: Its scenarios, in run order.
        missing: What is missing or cannot be read, one sentence each.
    """

    name: str
    manifest: Manifest | None
    verdict: RunVerdict | None
    scenarios: tuple[ScenarioData, ...]
    missing: tuple[str, ...] = ()


def read_run_data(folder: Path) -> RunData:
    """Return the contents of a run folder, however little; raise nothing for missing parts."""
    files = RunFolder(folder)
    manifest, fault = read_tolerantly(files.manifest, Manifest)
    if manifest is not None and not plausible_manifest(manifest):
        manifest, fault = None, f"{files.manifest.name} contains an impossible number"
    missing = [fault] if fault else []
    if manifest is not None and manifest.status is not RunStatus.COMPLETE:
        missing.append(f"the run did not finish: its status is {manifest.status}")
    run_verdict, fault = _run_verdict(files)
    missing += [f"{fault}; the verdict shown is the worst of the scenarios"] if fault else []
    entries = {}
    for entry in () if manifest is None else manifest.scenarios:
        if _PLAIN.fullmatch(entry.name):
            entries[entry.name] = entry
        else:
            missing.append(
                f"run.json has a scenario whose name cannot be a folder name: {entry.name[:100]}"
            )
    names = [*entries, *(name for name in _folders(folder) if name not in entries)]
    scenarios = tuple(
        _scenario(files.scenario(name), entries.get(name), run_verdict) for name in names
    )
    missing += [fault for each in scenarios for fault in each.missing]
    if not scenarios:
        missing.append("the folder contains no scenario")
    verdict = judge_run([each.verdict for each in scenarios if each.verdict is not None])
    if run_verdict is not None and (
        run_verdict.verdict is not Verdict.PASS or verdict.verdict is Verdict.PASS
    ):
        verdict = run_verdict
    elif run_verdict is not None:
        missing.append("verdict.json says PASS, but the scenarios' files do not")
    return RunData(folder.name, manifest, verdict, scenarios, tuple(missing))


def with_units(run: RunData, units: Mapping[str, str]) -> RunData:
    """Return a run whose thresholds have a unit, also if its files are of schema version 1.

    Args:
        run: The run.
        units: The units of metrics, by name.
    """
    return replace(run, scenarios=tuple(_with_units(each, units) for each in run.scenarios))


def _with_units(scenario: ScenarioData, units: Mapping[str, str]) -> ScenarioData:
    verdict = scenario.verdict
    if verdict is None:
        return scenario
    thresholds = tuple(
        msgspec.structs.replace(x, unit=unit_of_stat(x.stat, units[x.metric]))
        if not x.unit and x.metric in units
        else x
        for x in verdict.thresholds
    )
    return replace(scenario, verdict=msgspec.structs.replace(verdict, thresholds=thresholds))


def _run_verdict(files: RunFolder) -> tuple[RunVerdict | None, str]:
    run_verdict, fault = read_tolerantly(files.verdict, RunVerdict)
    if run_verdict is None or all(
        is_outcome(code)
        for code in (run_verdict.exit_code, *(x.exit_code for x in run_verdict.scenarios))
    ):
        return run_verdict, fault
    return None, f"{files.verdict.name} has an exit code that no run ends with"


def _folders(folder: Path) -> Sequence[str]:
    """Return the scenarios that left files, for a folder without a manifest."""
    found = (ScenarioFiles(path) for path in sorted(folder.iterdir()) if path.is_dir())
    return [
        files.folder.name
        for files in found
        if any(path.exists() for path in (files.verdict, files.summary, files.series, files.points))
    ]


def _scenario(
    files: ScenarioFiles, entry: ScenarioEntry | None, run_verdict: RunVerdict | None
) -> ScenarioData:
    name = files.folder.name
    verdict, fault = read_tolerantly(files.verdict, ScenarioVerdict)
    if verdict is not None and (wrong := contradiction(_as_current(verdict), name)):
        verdict, fault = None, f"{files.verdict.name} {wrong}"
    summary = read_summary(files.judged_summary)
    if isinstance(summary, Summary) and not plausible_summary(summary):
        summary = NoSummary(f"{files.judged_summary.name} contains an impossible number")
    series = read_series(files.series)
    hops, hops_fault = _hops(files)
    recoveries, recovery_fault = _recoveries(files)
    if verdict is None and not files.folder.exists():
        # It never started; the run's verdict says why.
        verdict, fault = not_started(name, run_verdict), ""
        faults = []
    else:
        faults = [fault] if fault else []
        faults += [summary.reason] if isinstance(summary, NoSummary) else []
        faults += [series] if isinstance(series, str) else []
        faults += [hops_fault] if hops_fault else []
        faults += [recovery_fault] if recovery_fault else []
    integrity, fault_of_it = _integrity(files)
    faults += [fault_of_it] if fault_of_it else []
    if verdict is None:
        verdict = not_run(name, ExitCode.NO_DATA, verdict_unreadable(why=fault))
    return ScenarioData(
        name=name,
        entry=entry,
        verdict=verdict,
        summary=summary,
        series=series,
        log=quotes(files.log),
        integrity=integrity,
        missing=tuple(f"{name}: {fault}" for fault in faults),
        hops=hops,
        recoveries=recoveries,
    )


def _integrity(files: ScenarioFiles) -> tuple[Integrity | str, str]:
    """Return the check's result and what is wrong with its file; empty if there was no check."""
    if not files.integrity.exists():
        return "not checked in this run", ""
    found, fault = read_tolerantly(files.integrity, Integrity)
    return (found, fault) if found is not None else (fault, fault)


def _hops(files: ScenarioFiles) -> tuple[Hops | None, str]:
    """Return the hops, and what is wrong with their file; older runs have neither."""
    try:
        return read_hops_file(files.hops), ""
    except ValueError as fault:
        return None, str(fault)


def _recoveries(files: ScenarioFiles) -> tuple[tuple[Recovery, ...], str]:
    """Return the recoveries, and what is wrong with their file; runs without faults have none."""
    try:
        return read_recoveries(files.recovery), ""
    except ValueError as fault:
        return (), str(fault)


def _as_current(verdict: ScenarioVerdict) -> ScenarioVerdict:
    """Return a readable verdict of another version as one of the current version."""
    return msgspec.structs.replace(verdict, schema_version=SCHEMA_VERSION)


def read_tolerantly(path: Path, kind: type[T]) -> tuple[T | None, str]:
    """Return a file's content and what is wrong with it; a file can have both."""
    version: int | None = None
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None, f"{path.name} is larger than {_MAX_BYTES:,} bytes"
        content = path.read_bytes()
        version = version_of(content)
        found = decode(content, kind)
    except FileNotFoundError:
        return None, f"{path.name} is missing"
    except OSError as error:
        return None, f"{path.name} cannot be read: {error.strerror}"
    except NOT_JSON as error:
        return None, f"{path.name} is invalid ({_versions(kind, version)}): {error}"
    if version != _current(kind) and not is_old(kind, version):
        return found, f"{path.name} has another version ({_versions(kind, version)})"
    return found, ""


def _current(kind: type[T]) -> int:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    return int(fields["schema_version"].default)


def _versions(kind: type[T], version: int | None) -> str:
    named = "unknown" if version is None else version
    return f"schema version {named}; this report reads {_current(kind)}"
