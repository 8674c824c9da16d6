"""Search the runs in the results folder, and list them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from cdc_perf.errors import UsageFailure
from cdc_perf.files import json_text
from cdc_perf.report.rows import NOT_RUN, NOTHING, did_not_start, printable, word
from cdc_perf.results.manifest import RunStatus
from cdc_perf.runs.loader import read_results
from cdc_perf.runs.run_set import RecordedRun, RunSet
from cdc_perf.settings.names import nearest
from cdc_perf.verdict.judge import judge_run
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict
from cdc_perf.verdict.verdict import Verdict

_COMMIT_LENGTH = 10
_HEADERS = ("run", "name", "status", "verdict", "scenarios", "stack", "commit")


@dataclass(frozen=True)
class RunFilter:
    """The criteria of a search for runs; an empty one matches every run.

    Attributes:
        name: The run's name.
        scenario: A scenario of the run.
        verdict: The verdict on the run, or on `scenario` if that is set.
        commit: A prefix of the checkout's commit.
    """

    name: str = ""
    scenario: str = ""
    verdict: str = ""
    commit: str = ""

    def check(self, scenarios: Collection[str]) -> None:
        """Check that the criteria are valid.

        Raises:
            UsageFailure: If there is no such scenario or verdict.
        """
        if self.scenario and self.scenario not in scenarios:
            near = nearest(self.scenario, scenarios)
            raise UsageFailure(f"--scenario: unknown scenario {self.scenario!r}; {near}")
        verdicts = tuple(str(verdict) for verdict in Verdict)
        if self.verdict and self.verdict.upper() not in verdicts:
            near = nearest(self.verdict, verdicts)
            raise UsageFailure(f"--verdict: unknown verdict {self.verdict!r}; {near}")

    def means(self, run: RecordedRun) -> bool:
        """Return whether a run matches."""
        verdicts = [row.verdict for row in run.rows if row.verdict.scenario == self.scenario]
        judged = [verdict_of(run)] if not self.scenario else verdicts
        return (
            self.name in ("", run.manifest.name)
            and any(self.verdict.upper() in ("", each.verdict) for each in judged)
            and run.manifest.versions.commit.startswith(self.commit.lower())
        )


def find_runs(results: Path, scenarios: Collection[str], criteria: RunFilter) -> RunSet:
    """Return the matching runs in the results folder, oldest first, and all unreadable ones.

    Args:
        results: The results folder.
        scenarios: The names of all scenarios.
        criteria: The criteria.

    Raises:
        UsageFailure: If a criterion is invalid.
    """
    criteria.check(scenarios)
    found = read_results(results, scenarios)
    return RunSet(tuple(run for run in found.runs if criteria.means(run)), found.unreadable)


def verdict_of(run: RecordedRun) -> RunVerdict:
    """Return the verdict on a run, based on its scenarios."""
    return judge_run([row.verdict for row in run.rows])


def runs_table(runs: Sequence[RecordedRun]) -> str:
    """Return a line for each run."""
    return tabulate([_cells(run) for run in runs], _HEADERS, disable_numparse=True)


def runs_json(runs: Sequence[RecordedRun]) -> str:
    """Return the runs as JSON: an array of objects with the table's names."""
    entries = [
        {
            "run": run.manifest.run_id,
            "name": run.manifest.name,
            "status": run.manifest.status,
            "verdict": verdict_of(run).verdict,
            "exit_code": verdict_of(run).exit_code,
            "scenarios": {row.verdict.scenario: row.verdict.verdict for row in run.rows},
            "pipeline": run.manifest.pipeline,
            "stack": run.manifest.stack,
            "commit": run.manifest.versions.commit,
            "changed": run.manifest.versions.changed,
            "started": run.manifest.started,
        }
        for run in runs
    ]
    return json_text(entries)


def _state(verdict: ScenarioVerdict) -> str:
    return NOT_RUN if did_not_start(verdict) else verdict.verdict


def _cells(run: RecordedRun) -> tuple[str, ...]:
    manifest, whole = run.manifest, verdict_of(run)
    commit = manifest.versions.commit[:_COMMIT_LENGTH]
    going_on = manifest.status is RunStatus.RUNNING
    return (
        manifest.run_id,
        printable(manifest.name) or NOTHING,
        manifest.status,
        NOTHING if going_on else word(whole.verdict, whole.exit_code),
        ", ".join(
            row.verdict.scenario if going_on else f"{row.verdict.scenario} {_state(row.verdict)}"
            for row in run.rows
        ),
        printable(manifest.stack),
        f"{printable(commit)}{' (modified)' if manifest.versions.changed else ''}" or NOTHING,
    )
