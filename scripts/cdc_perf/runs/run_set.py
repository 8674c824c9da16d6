"""Finished runs, with the results of their scenarios."""

from dataclasses import dataclass

from cdc_perf.errors import ExitCode
from cdc_perf.reasons.runs import runs_unfinished
from cdc_perf.results.manifest import Manifest, RunStatus, ScenarioEntry
from cdc_perf.runs.row import Row
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.verdict.judge import judge_run
from cdc_perf.verdict.records import RunVerdict


@dataclass(frozen=True)
class RecordedRun:
    """One run folder.

    Attributes:
        manifest: Its manifest.
        rows: The results of each scenario, in the manifest's order.
    """

    manifest: Manifest
    rows: tuple[Row, ...]

    def entry(self, scenario: str) -> ScenarioEntry:
        """Return the settings of a scenario."""
        return next(x for x in self.manifest.scenarios if x.name == scenario)


@dataclass(frozen=True)
class RecordedScenario:
    """The results of one scenario, and its run."""

    run: RecordedRun
    row: Row


@dataclass(frozen=True)
class RunSet:
    """Several run folders, such as those of a workflow run: one for each scenario.

    Attributes:
        runs: The readable runs, oldest first.
        unreadable: A sentence for each unreadable run.
        superseded: A sentence for each unreadable run whose scenarios all ran again later.
    """

    runs: tuple[RecordedRun, ...]
    unreadable: tuple[str, ...]
    superseded: tuple[str, ...] = ()

    def measured(self) -> dict[str, RecordedScenario]:
        """Return the last results of each scenario.

        The health check is included only if nothing else ran or it did not pass.
        """
        others = {
            row.verdict.scenario: RecordedScenario(run, row)
            for run in self.runs
            for row in run.rows
            if row.verdict.scenario != HEALTH_CHECK
        }
        checks = [
            RecordedScenario(run, row)
            for run in [x.run for x in others.values()] or self.runs[-1:]
            for row in run.rows
            if row.verdict.scenario == HEALTH_CHECK
            and (not others or row.verdict.exit_code is not ExitCode.PASS)
        ]
        return {**({HEALTH_CHECK: checks[-1]} if checks else {}), **others}

    def verdict(self) -> RunVerdict:
        """Return the verdict on the last results of all scenarios."""
        measured = self.measured().values()
        unfinished = {
            x.run.manifest.run_id
            for x in measured
            if x.run.manifest.status is not RunStatus.COMPLETE
        }
        reason = runs_unfinished(runs=sorted(unfinished)) if unfinished else None
        return judge_run([x.row.verdict for x in measured], reason)
