"""Read run folders strictly, as untrusted input: a fork's pull request can write anything."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeVar

from cdc_perf.errors import ExitCode
from cdc_perf.faults.recovery import read_recoveries
from cdc_perf.files import NOT_JSON
from cdc_perf.reasons import runs as reasons
from cdc_perf.reasons.reason import Reason
from cdc_perf.results.hops import read_hops_file
from cdc_perf.results.manifest import SCHEMA_VERSION as MANIFEST_VERSION
from cdc_perf.results.manifest import Manifest
from cdc_perf.results.run_folder import RunFolder, is_run_id, run_folders
from cdc_perf.results.summary import Summary, read_summary
from cdc_perf.runs.decode import decode
from cdc_perf.runs.row import Row
from cdc_perf.runs.run_set import RecordedRun, RecordedScenario, RunSet
from cdc_perf.runs.validate import (
    contradiction,
    is_outcome,
    plausible_manifest,
    plausible_summary,
)
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.verdict.judge import not_run
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict

T = TypeVar("T", Manifest, RunVerdict, ScenarioVerdict)

_MAX_BYTES = 2_000_000


class UnreadableRun(Exception):  # noqa: N818 - a finding, whose message is a sentence
    """A run folder is incomplete or invalid; the message says why."""


def read_results(folder: Path, known: Collection[str]) -> RunSet:
    """Return the contents of a run folder, or of each run folder within a folder.

    Args:
        folder: A run folder, or a folder that contains some; it need not exist.
        known: The names of all scenarios; no other name counts as a scenario.
    """
    runs, broken = _read_all(folder, known)
    return RunSet(runs, tuple(broken.values()))


def read_attempts(folder: Path, known: Collection[str]) -> RunSet:
    """Return the results of the attempts of a workflow run, the last of each scenario.

    A folder of an earlier attempt that cannot be read, for example after an aborted upload, does
    not count if its scenarios ran again.

    Args:
        folder: As for `read_results`.
        known: As for `read_results`.
    """
    runs, broken = _read_all(folder, known)
    newest = {entry.name: run.manifest.run_id for run in runs for entry in run.manifest.scenarios}
    superseded = {path for path in broken if _superseded(path, newest, known)}
    return RunSet(
        runs,
        tuple(fault for path, fault in broken.items() if path not in superseded),
        tuple(fault for path, fault in broken.items() if path in superseded),
    )


def _read_all(
    folder: Path, known: Collection[str]
) -> tuple[tuple[RecordedRun, ...], dict[Path, str]]:
    """Return the readable runs, and for each other folder why it cannot be read."""
    paths = [folder] if (folder / "run.json").exists() else run_folders(folder)
    runs, broken = [], dict[Path, str]()
    for path in paths:
        try:
            runs.append(read_run(path, known))
        except UnreadableRun as fault:
            broken[path] = f"{path.name}: {fault}"
    return tuple(runs), broken


def _superseded(path: Path, newest: Mapping[str, str], known: Collection[str]) -> bool:
    """Return whether each scenario of an unreadable folder ran again later.

    This happens after an attempt with an aborted upload and a second attempt. If the folder does
    not say which scenarios it contains, all scenarios that were read must be later.

    Args:
        path: The folder.
        newest: The last readable run of each scenario.
        known: The names of all scenarios.
    """
    scenarios = _scenarios_in(path, known) or newest.keys() - {HEALTH_CHECK}
    return bool(scenarios) and all(newest.get(name, "") > path.name for name in scenarios)


def _scenarios_in(path: Path, known: Collection[str]) -> set[str]:
    """Return the scenarios that a folder names, in subfolders or in the rest of its manifest."""
    names = set(known) - {HEALTH_CHECK}
    try:
        with (path / "run.json").open("rb") as stream:
            text = stream.read(_MAX_BYTES).decode(errors="replace")
    except OSError:
        text = ""
    listed = set(re.findall(r'"name"\s*:\s*"([^"]+)"', text))
    return {name for name in names if name in listed or (path / name).is_dir()}


def read_run(folder: Path, known: Collection[str]) -> RecordedRun:
    """Return the contents of one run folder.

    Raises:
        UnreadableRun: If a file is missing or invalid, or contradicts another.
    """
    files = RunFolder(folder)
    manifest = _manifest(files)
    names = [entry.name for entry in manifest.scenarios]
    if not names or len(set(names)) < len(names) or not set(names) <= set(known):
        raise UnreadableRun("run.json must name known scenarios, each once")
    run_verdict = _run_verdict(files)
    return RecordedRun(manifest, tuple(_row(files, name, run_verdict) for name in names))


def read_scenario(folder: Path, scenario: str) -> RecordedScenario:
    """Return one scenario of a run folder, without a look at the others.

    Args:
        folder: The run folder.
        scenario: The scenario's name, which can be the name of a folder.

    Raises:
        UnreadableRun: If the run has no such scenario, or as for `read_run`.
    """
    files = RunFolder(folder)
    manifest = _manifest(files)
    if scenario not in [entry.name for entry in manifest.scenarios]:
        raise UnreadableRun(f"run.json has no scenario {scenario}")
    row = _row(files, scenario, _run_verdict(files))
    return RecordedScenario(RecordedRun(manifest, (row,)), row)


def _manifest(files: RunFolder) -> Manifest:
    manifest = _read(files.manifest, Manifest)
    if manifest.schema_version != MANIFEST_VERSION:
        raise UnreadableRun(f"run.json has schema version {manifest.schema_version}")
    if not is_run_id(manifest.run_id):
        raise UnreadableRun("run.json has no valid run id")
    if not plausible_manifest(manifest):
        raise UnreadableRun("run.json contains an impossible number")
    return manifest


def _run_verdict(files: RunFolder) -> RunVerdict | None:
    return _read(files.verdict, RunVerdict) if files.verdict.exists() else None


def _row(files: RunFolder, scenario: str, run_verdict: RunVerdict | None) -> Row:
    paths = files.scenario(scenario)
    if not paths.verdict.exists():
        if run_verdict is not None and _outcomes(run_verdict).get(scenario) is ExitCode.PASS:
            raise UnreadableRun(f"{scenario} passed but has no verdict.json")
        return Row(not_started(scenario, run_verdict), read_summary(paths.summary))
    verdict = _read(paths.verdict, ScenarioVerdict)
    fault = contradiction(verdict, scenario)
    if fault:
        raise UnreadableRun(f"{scenario}/verdict.json {fault}")
    judged = paths.judged_summary
    if judged.exists():
        _check_size(judged)
    summary = read_summary(judged)
    if isinstance(summary, Summary) and not plausible_summary(summary):
        raise UnreadableRun(f"{scenario}/{judged.name} contains an impossible number")
    try:
        hops = read_hops_file(paths.hops)
        recoveries = read_recoveries(paths.recovery)
    except ValueError as fault:
        raise UnreadableRun(f"{scenario}/{fault}") from None
    return Row(verdict, summary, hops, recoveries)


def not_started(scenario: str, run_verdict: RunVerdict | None) -> ScenarioVerdict:
    """Return the verdict on a scenario without files, based on the run's verdict; never PASS."""
    if run_verdict is None:
        return not_run(scenario, ExitCode.NO_DATA, reasons.run_incomplete())
    code = _outcomes(run_verdict).get(scenario)
    if code is None:
        return not_run(scenario, ExitCode.NO_DATA, reasons.not_in_run())
    found = [r.without("scenario", scenario) for r in run_verdict.reasons if _is_of(scenario, r)]
    worst_known = ExitCode.NO_DATA if code is ExitCode.PASS else code
    return not_run(scenario, worst_known, found[0] if found else reasons.no_reason_recorded())


def _is_of(scenario: str, reason: Reason) -> bool:
    """Return whether a reason of a run is that of a scenario."""
    return reason.text.startswith(f"{scenario}: ")


def _outcomes(run_verdict: RunVerdict) -> dict[str, ExitCode]:
    return {x.scenario: x.exit_code for x in run_verdict.scenarios if is_outcome(x.exit_code)}


def _read(path: Path, kind: type[T]) -> T:
    _check_size(path)
    try:
        return decode(path.read_bytes(), kind)
    except OSError as error:
        raise UnreadableRun(f"{path.name} cannot be read: {error.strerror}") from None
    except NOT_JSON as error:
        raise UnreadableRun(f"{path.name} is invalid: {error}") from None


def _check_size(path: Path) -> None:
    try:
        if path.is_symlink() or not path.is_file():
            raise UnreadableRun(f"{path.name} is missing")
        if path.stat().st_size > _MAX_BYTES:
            raise UnreadableRun(f"{path.name} is larger than {_MAX_BYTES:,} bytes")
    except OSError as error:
        raise UnreadableRun(f"{path.name} cannot be read: {error.strerror}") from None
