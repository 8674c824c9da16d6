"""Run folders read back, as strictly as if a stranger had written them: for a fork, one did."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from scripts.errors import ExitCode
from scripts.report.rows import Row
from scripts.results.hops import read_hops_file
from scripts.results.manifest import SCHEMA_VERSION as MANIFEST_VERSION
from scripts.results.manifest import Manifest, RunStatus, ScenarioEntry
from scripts.results.run_folder import RunFolder, is_run_id, run_folders
from scripts.results.summary import Summary, read_summary
from scripts.settings.scenarios import HEALTH_CHECK
from scripts.verdict.judge import not_run
from scripts.verdict.records import SCHEMA_VERSION as VERDICT_VERSION
from scripts.verdict.records import RunVerdict, ScenarioVerdict
from scripts.verdict.run import judge_run
from scripts.verdict.verdict import Verdict, verdict_of, worst

T = TypeVar("T", Manifest, RunVerdict, ScenarioVerdict)

_MAX_BYTES = 2_000_000
# Beyond any latency in milliseconds or count of a run; a larger one would fill the page.
_MAX_NUMBER = 1e15


class Unreadable(Exception):  # noqa: N818 - a finding, told in a sentence
    """A run folder that does not hold what it should, and why."""


@dataclass(frozen=True)
class RecordedRun:
    """One run folder.

    Attributes:
        manifest: How it was run.
        rows: What came of each scenario, in the manifest's order.
    """

    manifest: Manifest
    rows: tuple[Row, ...]

    def entry(self, scenario: str) -> ScenarioEntry:
        """Return how a scenario was run."""
        return next(x for x in self.manifest.scenarios if x.name == scenario)


@dataclass(frozen=True)
class Measured:
    """What came of one scenario, and in which run."""

    run: RecordedRun
    row: Row


@dataclass(frozen=True)
class Recorded:
    """Several run folders, such as those of a workflow run: one for each scenario.

    Attributes:
        runs: The ones that can be read, the oldest first.
        unreadable: A sentence for each that cannot.
    """

    runs: tuple[RecordedRun, ...]
    unreadable: tuple[str, ...]

    def measured(self) -> dict[str, Measured]:
        """Return each scenario as it was measured last.

        The health check stands for itself only where nothing else was run, or it did not pass.
        """
        others = {
            row.verdict.scenario: Measured(run, row)
            for run in self.runs
            for row in run.rows
            if row.verdict.scenario != HEALTH_CHECK
        }
        checks = [
            Measured(run, row)
            for run in [x.run for x in others.values()] or self.runs[-1:]
            for row in run.rows
            if row.verdict.scenario == HEALTH_CHECK
            and (not others or row.verdict.exit_code is not ExitCode.PASS)
        ]
        return {**({HEALTH_CHECK: checks[-1]} if checks else {}), **others}

    def verdict(self) -> RunVerdict:
        """Return the verdict on all that was measured last."""
        measured = self.measured().values()
        unfinished = {
            x.run.manifest.run_id
            for x in measured
            if x.run.manifest.status is not RunStatus.COMPLETE
        }
        reason = f"{', '.join(sorted(unfinished))} did not come to its end" if unfinished else ""
        return judge_run([x.row.verdict for x in measured], reason)


def read_results(folder: Path, known: Collection[str]) -> Recorded:
    """Return what a run folder, or each run folder within a folder, holds.

    Args:
        folder: A run folder, or a folder that holds some; it need not exist.
        known: The names of scenarios that there are; nothing else is taken for one.
    """
    paths = [folder] if (folder / "run.json").exists() else run_folders(folder)
    runs, unreadable = [], []
    for path in paths:
        try:
            runs.append(read_run(path, known))
        except Unreadable as fault:
            unreadable.append(f"{path.name}: {fault}")
    return Recorded(tuple(runs), tuple(unreadable))


def read_run(folder: Path, known: Collection[str]) -> RecordedRun:
    """Return what one run folder holds.

    Raises:
        Unreadable: A file is missing or not what it should be, or contradicts itself.
    """
    files = RunFolder(folder)
    manifest = _read(files.manifest, Manifest)
    names = [entry.name for entry in manifest.scenarios]
    if manifest.schema_version != MANIFEST_VERSION:
        raise Unreadable(f"run.json has schema version {manifest.schema_version}")
    if not is_run_id(manifest.run_id):
        raise Unreadable("run.json names no run")
    if not names or len(set(names)) < len(names) or not set(names) <= set(known):
        raise Unreadable("run.json names scenarios that there are not, or one twice, or none")
    if not plausible_manifest(manifest):
        raise Unreadable("run.json holds a number that no run comes to")
    whole = _read(files.verdict, RunVerdict) if files.verdict.exists() else None
    return RecordedRun(manifest, tuple(_row(files, name, whole) for name in names))


def _row(files: RunFolder, scenario: str, whole: RunVerdict | None) -> Row:
    paths = files.scenario(scenario)
    if not paths.verdict.exists():
        if whole is not None and _outcomes(whole).get(scenario) is ExitCode.PASS:
            raise Unreadable(f"{scenario} passed, and left no verdict.json")
        return Row(never_begun(scenario, whole), read_summary(paths.summary))
    verdict = _read(paths.verdict, ScenarioVerdict)
    fault = contradiction(verdict, scenario)
    if fault:
        raise Unreadable(f"{scenario}/verdict.json {fault}")
    if paths.summary.exists():
        _check_size(paths.summary)
    summary = read_summary(paths.summary)
    if isinstance(summary, Summary) and not plausible_summary(summary):
        raise Unreadable(f"{scenario}/summary.json holds a number that no run comes to")
    try:
        hops = read_hops_file(paths.hops)
    except ValueError as fault:
        raise Unreadable(f"{scenario}/{fault}") from None
    return Row(verdict, summary, hops)


def never_begun(scenario: str, whole: RunVerdict | None) -> ScenarioVerdict:
    """Return the verdict on a scenario without files, as far as the run's own tells; no PASS."""
    if whole is None:
        return not_run(scenario, ExitCode.NO_DATA, "the run ended before its verdict")
    code = _outcomes(whole).get(scenario)
    if code is None:
        return not_run(scenario, ExitCode.NO_DATA, "its run says nothing of it")
    lead = f"{scenario}: "
    reasons = [r.removeprefix(lead) for r in whole.reasons if r.startswith(lead)]
    told = ExitCode.NO_DATA if code is ExitCode.PASS else code
    return not_run(scenario, told, reasons[0] if reasons else "it was not run")


def _outcomes(whole: RunVerdict) -> dict[str, ExitCode]:
    return {x.scenario: x.exit_code for x in whole.scenarios if is_outcome(x.exit_code)}


def contradiction(verdict: ScenarioVerdict, scenario: str) -> str:
    """Return what a scenario's verdict cannot mean, as the end of a sentence; empty: nothing."""
    if verdict.schema_version != VERDICT_VERSION:
        return f"has schema version {verdict.schema_version}"
    if verdict.scenario != scenario:
        return "is that of another scenario"
    if not is_outcome(verdict.exit_code) or verdict_of(verdict.exit_code) != verdict.verdict:
        return "says one thing as a word and another as a code"
    if not _sane(x for t in verdict.thresholds for x in (t.limit, t.observed, t.samples)):
        return "holds a number that no run comes to"
    held = all(t.ok is True and t.samples >= t.samples_needed for t in verdict.thresholds) and all(
        gate.ok is not False for gate in verdict.gates
    )
    if verdict.verdict is Verdict.PASS and not held:
        return "says PASS where a limit or a gate does not hold"
    return ""


def plausible_manifest(manifest: Manifest) -> bool:
    """Whether its numbers are those of a run."""
    machine, seconds = manifest.machine, manifest.overrides.duration_seconds
    lasting = (x for entry in manifest.scenarios for x in (entry.seconds, entry.think_time_seconds))
    return _sane((machine.cores, machine.memory, seconds, *lasting))


def plausible_summary(summary: Summary) -> bool:
    """Whether its figures are those of a run."""
    return _sane(x for metric in summary.metrics.values() for x in metric.values.values())


def is_outcome(code: ExitCode) -> bool:
    """Whether a scenario or a run can end with that code."""
    try:
        worst([code])
    except ValueError:
        return False
    return True


def _sane(numbers: Iterable[float | None]) -> bool:
    # Not-a-number is no more than anything; an integer may be too large for a double.
    return all(n is None or abs(n) <= _MAX_NUMBER for n in numbers)


def _read(path: Path, kind: type[T]) -> T:
    _check_size(path)
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"{path.name} is not what it should be: {error}") from None


def _check_size(path: Path) -> None:
    try:
        if path.is_symlink() or not path.is_file():
            raise Unreadable(f"{path.name} is missing")
        if path.stat().st_size > _MAX_BYTES:
            raise Unreadable(f"{path.name} is larger than {_MAX_BYTES:,} bytes")
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}") from None
