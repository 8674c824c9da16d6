"""What moved since a scenario's last comparable run in the history, without a claim."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cdc_perf.report.changes import (
    MetricChange,
    changes_of,
    changes_since,
    headline,
    incomparable,
)
from cdc_perf.report.compare import NO_CLAIM, NextStep, next_step
from cdc_perf.report.differences import SettingDifference, differences
from cdc_perf.report.history import commit_text
from cdc_perf.report.hops import changed_hop
from cdc_perf.report.rows import printable, scenario_word
from cdc_perf.results.history import HISTORY_FILE, HistoryEntry, history_key, read_history
from cdc_perf.results.run_folder import is_run_id
from cdc_perf.results.summary import Summary
from cdc_perf.runs.loader import UnreadableRun, read_scenario
from cdc_perf.runs.row import Row
from cdc_perf.runs.run_set import RecordedScenario
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.verdict.verdict import Verdict
from cdc_perf.wording import counted

# The figures of an INVALID run cannot be trusted. Those of NO-DATA are right where they exist.
_USABLE = (Verdict.PASS, Verdict.FAIL, Verdict.NO_DATA)
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True)
class LastRun:
    """The last comparable run of a scenario.

    Attributes:
        entry: Its line in the history.
        before: Its results; None if its folder is gone or cannot be read.
        now: The later results.
    """

    entry: HistoryEntry
    before: RecordedScenario | None
    now: RecordedScenario

    @property
    def changes(self) -> tuple[MetricChange, ...]:
        """The figures of both; without the folder, those that the history holds."""
        if self.before is None:
            return changes_since(self.entry.figures, self.now.row)
        return changes_of(self.before.row, self.now.row)

    @property
    def hop(self) -> str:
        """The hop whose mean changed most; empty if unknown."""
        before = self.before.row.hops if self.before else None
        return changed_hop(before, self.now.row.hops)

    @property
    def differences(self) -> tuple[SettingDifference, ...]:
        """The differences in settings and versions; empty without the folder."""
        if self.before is None:
            return ()
        name = self.entry.scenario
        was, is_ = (
            {name: (each.run.manifest, each.run.entry(name))} for each in (self.before, self.now)
        )
        return differences(was, is_)

    @property
    def next_step(self) -> NextStep:
        """What rules out noise."""
        return next_step(self.entry, self.now.run.manifest)

    @property
    def line(self) -> str:
        """Which run it is, the most important changes since then, and what else differs."""
        verdicts = (self.entry.verdict, scenario_word(self.now.row.verdict))
        changes = headline(self.changes, verdicts, self.hop)
        commit = f"commit {commit_text(self.entry)}"
        others = ", ".join(x.name for x in self.differences if x.name != "commit")
        differing = f"; other differences: {others}" if others else ""
        return f"since {self.entry.run_id} ({self._age} earlier, {commit}): {changes}{differing}"

    @property
    def _age(self) -> str:
        """The time between the two starts, in the largest unit that it fills."""
        seconds = (_started(self.now) - self.entry.started).total_seconds()
        unit, length = next((x for x in _UNITS if seconds >= x[1]), _UNITS[-1])
        return counted(seconds // length, unit)


def last_run(folder: Path, scenario: str) -> LastRun | str:
    """Return the last comparable run before a run, or why there is none.

    The history of the run's results folder names the earlier runs. An earlier run whose folder
    still exists is comparable by `incomparable`; another one, if the key of its line is the same.
    This raises nothing: a run is over when it is compared.

    Args:
        folder: The run folder.
        scenario: One of its scenarios.
    """
    try:
        return _last_before(read_scenario(folder, scenario), folder.parent, scenario)
    except UnreadableRun as fault:
        return f"this run cannot be read: {fault}"
    except OSError as error:
        return f"{HISTORY_FILE} or a run folder cannot be read: {error.strerror}"


def last_runs(folder: Path, rows: Sequence[Row]) -> dict[str, LastRun | str]:
    """Return `last_run` of each scenario of a run except the health check, which has no figures."""
    names = (row.verdict.scenario for row in rows)
    return {name: last_run(folder, name) for name in names if name != HEALTH_CHECK}


def last_runs_text(found: Mapping[str, LastRun | str]) -> str:
    """Return a line for each scenario, and that it claims nothing; empty without a scenario."""
    lines = [
        f"{printable(name)}: not compared: {printable(each)}"
        if isinstance(each, str)
        else printable(f"{name} {each.line}")
        for name, each in found.items()
    ]
    if steps := next_steps(found):
        lines.append(" ".join([NO_CLAIM, *(f"{x.sentence} {x.command}".rstrip() for x in steps)]))
    return "\n".join(lines)


def last_runs_json(found: Mapping[str, LastRun | str]) -> Mapping[str, object]:
    """Return the same for JSON: the earlier run and both values of each figure."""
    return {
        name: {"not_compared": each}
        if isinstance(each, str)
        else {
            "run": each.entry.run_id,
            "started": each.entry.started,
            "commit": each.entry.commit,
            "changed": each.entry.changed,
            "verdict": each.entry.verdict,
            "figures": each.changes,
            "differences": each.differences,
        }
        for name, each in found.items()
    }


def next_steps(found: Mapping[str, LastRun | str]) -> tuple[NextStep, ...]:
    """Return what rules out noise, each step once: the scenarios may have different last runs."""
    steps = (each.next_step for each in found.values() if isinstance(each, LastRun))
    return tuple(dict.fromkeys(steps))


def _last_before(now: RecordedScenario, results: Path, scenario: str) -> LastRun | str:
    if now.row.verdict.verdict not in _USABLE:
        return f"the verdict is {scenario_word(now.row.verdict)}"
    earlier = [x for x in read_history(results, scenario) if x.started < _started(now)]
    if not earlier:
        return "the history has no earlier run of it"
    reasons = Counter[str]()
    for entry in reversed(earlier):
        found = _compared(results, entry, now)
        if isinstance(found, LastRun):
            return found
        reasons[found] += 1
    whys = ", ".join(f"{why} ({count})" for why, count in reasons.most_common())
    return f"{counted(len(earlier), 'earlier run')}, none comparable: {whys}"


def _started(measured: RecordedScenario) -> datetime:
    """Return when the load began; a time without a zone is UTC, as in the history."""
    entry = measured.run.entry(measured.row.verdict.scenario)
    started = entry.started or measured.run.manifest.started
    return started if started.tzinfo else started.replace(tzinfo=UTC)


def _compared(results: Path, entry: HistoryEntry, now: RecordedScenario) -> LastRun | str:
    if entry.verdict not in _USABLE:
        return "no usable measurement"
    before = _recorded(results, entry)
    why = incomparable(before, now) if before else _differs(entry, now)
    return why or LastRun(entry, before, now)


def _recorded(results: Path, entry: HistoryEntry) -> RecordedScenario | None:
    """Return the results in the run's folder, if it still has a summary."""
    if is_run_id(entry.run_id):
        with suppress(UnreadableRun):
            before = read_scenario(results / entry.run_id, entry.scenario)
            if isinstance(before.row.summary, Summary):
                return before
    return None


def _differs(entry: HistoryEntry, now: RecordedScenario) -> str:
    """Return why a line of the history is not comparable with a run; empty if it is.

    Lines of earlier versions lack the environment, which does not change the load.
    """
    manifest = now.run.manifest
    if entry.key != history_key(manifest, now.run.entry(entry.scenario)):
        return "different pipeline, machine, stack, load, or MongoDB server"
    if entry.environment not in (None, manifest.overrides.environment):
        return "different threshold environment"
    return "" if entry.figures else "no figures"
