"""The runs that there are, found by their name, what they measured and what came of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from cdc_perf.errors import UsageFailure
from cdc_perf.files import json_text
from cdc_perf.report.rows import NOTHING, printable, word
from cdc_perf.results.manifest import RunStatus
from cdc_perf.runs.loader import read_results
from cdc_perf.runs.run_set import RecordedRun, RunSet
from cdc_perf.settings.names import nearest
from cdc_perf.verdict.judge import judge_run
from cdc_perf.verdict.records import RunVerdict
from cdc_perf.verdict.verdict import Verdict

_COMMIT_LENGTH = 10
_HEADERS = ("run", "name", "status", "verdict", "scenarios", "stack", "commit")


@dataclass(frozen=True)
class Wanted:
    """Which runs are looked for; what is empty is not asked for.

    Attributes:
        name: Of the run.
        scenario: One that it has.
        verdict: Of the run, or with a scenario that of the scenario.
        commit: How the checkout's commit begins.
    """

    name: str = ""
    scenario: str = ""
    verdict: str = ""
    commit: str = ""

    def check(self, scenarios: Collection[str]) -> None:
        """See that there can be such runs.

        Raises:
            UsageFailure: There is no such scenario or verdict.
        """
        if self.scenario and self.scenario not in scenarios:
            near = nearest(self.scenario, scenarios)
            raise UsageFailure(f"--scenario: unknown scenario {self.scenario!r}; {near}")
        verdicts = tuple(str(verdict) for verdict in Verdict)
        if self.verdict and self.verdict.upper() not in verdicts:
            near = nearest(self.verdict, verdicts)
            raise UsageFailure(f"--verdict: unknown verdict {self.verdict!r}; {near}")

    def means(self, run: RecordedRun) -> bool:
        """Whether a run is looked for."""
        verdicts = [row.verdict for row in run.rows if row.verdict.scenario == self.scenario]
        judged = [verdict_of(run)] if not self.scenario else verdicts
        return (
            self.name in ("", run.manifest.name)
            and any(self.verdict.upper() in ("", each.verdict) for each in judged)
            and run.manifest.versions.commit.startswith(self.commit.lower())
        )


def find_runs(results: Path, scenarios: Collection[str], wanted: Wanted) -> RunSet:
    """Return the runs in the results folder that are looked for, the oldest first.

    Those that cannot be read are told whatever is looked for.

    Args:
        results: The results folder.
        scenarios: The names of the scenarios that there are.
        wanted: Which ones.

    Raises:
        UsageFailure: There can be none.
    """
    wanted.check(scenarios)
    found = read_results(results, scenarios)
    return RunSet(tuple(run for run in found.runs if wanted.means(run)), found.unreadable)


def verdict_of(run: RecordedRun) -> RunVerdict:
    """Return the verdict on a run, from those on its scenarios."""
    return judge_run([row.verdict for row in run.rows])


def runs_table(runs: Sequence[RecordedRun]) -> str:
    """Return a line for each run."""
    return tabulate([_cells(run) for run in runs], _HEADERS, disable_numparse=True)


def runs_json(runs: Sequence[RecordedRun]) -> str:
    """Return the same for programs: an array of objects with the table's names."""
    entries = [
        {
            "run": run.manifest.run_id,
            "name": run.manifest.name,
            "status": run.manifest.status,
            "verdict": verdict_of(run).verdict,
            "exit_code": verdict_of(run).exit_code,
            "scenarios": {row.verdict.scenario: row.verdict.verdict for row in run.rows},
            "stack": run.manifest.stack,
            "commit": run.manifest.versions.commit,
            "changed": run.manifest.versions.changed,
            "started": run.manifest.started,
        }
        for run in runs
    ]
    return json_text(entries)


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
            row.verdict.scenario if going_on else f"{row.verdict.scenario} {row.verdict.verdict}"
            for row in run.rows
        ),
        printable(manifest.stack),
        f"{printable(commit)}{' and changes' if manifest.versions.changed else ''}" or NOTHING,
    )
