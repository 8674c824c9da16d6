"""A run from the stack's start to the verdict."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import msgspec

from cdc_perf.errors import ExitCode, Failure, Interrupted, StackFailure
from cdc_perf.files import readable_json, write_atomically
from cdc_perf.integrity.check import Checker
from cdc_perf.load.k6 import K6
from cdc_perf.load.web_dashboard_relay import WebDashboardRelay
from cdc_perf.lock import working_on
from cdc_perf.perf.breakpoint import measure_breakpoint
from cdc_perf.perf.components import wait_for_components, wait_for_connector
from cdc_perf.perf.environment import machine, versions
from cdc_perf.perf.generator import LoadGenerator
from cdc_perf.perf.plan import Plan, PlannedScenario
from cdc_perf.perf.record import entry_of, with_scenario_result, write_artifacts
from cdc_perf.perf.scenario_runner import ScenarioRunner
from cdc_perf.perf.verdict_export import dashboard_url, export_verdict
from cdc_perf.report.live import open_in_browser
from cdc_perf.results.hops import read_hops_file
from cdc_perf.results.manifest import Manifest, RunStatus
from cdc_perf.results.run_folder import RunFolder, check_results_folder
from cdc_perf.results.summary import NoSummary, read_summary
from cdc_perf.runs.row import Row
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.signals import deferred
from cdc_perf.stack.backend import Backend
from cdc_perf.stack.connector import deployed_settings
from cdc_perf.stack.connector_health import look
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.gauges import Gauges
from cdc_perf.stack.hops import read_hops
from cdc_perf.terminal import say
from cdc_perf.verdict.judge import judge, not_run
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict
from cdc_perf.verdict.run import judge_run
from cdc_perf.waiting import log_waits


@dataclass(frozen=True)
class RunResult:
    """A run that is over.

    Attributes:
        folder: What it left.
        verdict: The verdict on it.
        rows: A row of the summary for each scenario.
        notes: Sentences that belong beside the figures.
    """

    folder: RunFolder
    verdict: RunVerdict
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Blocked:
    """Why the scenarios that are left are not run."""

    code: ExitCode
    reason: str


def run_plan(
    plan: Plan, checkout: Checkout, backend: Backend, generator: LoadGenerator
) -> RunResult:
    """Start the stack unless it is up, run every scenario, judge, and stop what was started.

    Raises:
        UsageFailure: The results folder cannot be written to.
        StackFailure: It is full, a tool cannot be had, or the stack did not get ready.
        LoadFailure: k6 cannot load a script.
        Interrupted: A signal came before the first scenario was started.
    """
    check_results_folder(checkout.results)
    endpoints = backend.endpoints()
    was_up = endpoints is not None
    stop = backend.abandon
    try:
        if endpoints is None:
            endpoints = backend.up(say)
        else:
            backend.verify()
        finished = RunSession(
            plan, checkout, backend, generator, endpoints, was_up=was_up
        ).perform()
        if finished.verdict.exit_code is not ExitCode.INTERRUPTED:
            stop = backend.down
        return finished
    finally:
        if not was_up and not plan.keep:
            with deferred():
                stop(say)


class RunSession:
    """The state of a run; its manifest is written anew with every change."""

    def __init__(
        self,
        plan: Plan,
        checkout: Checkout,
        backend: Backend,
        generator: LoadGenerator,
        endpoints: Endpoints,
        *,
        was_up: bool,
    ) -> None:
        self._plan = plan
        self._backend = backend
        self._endpoints = endpoints
        self._grafana_url = endpoints.grafana_url
        dashboard = WebDashboardRelay() if plan.live else None
        variables = {**endpoints.environment(), **plan.overrides.variables()}
        self._laboratory = ScenarioRunner(
            k6=K6(generator.install(), variables, dashboard),
            backend=backend,
            gauges=Gauges(plan.pipeline, endpoints, backend.usage, backend.collected),
            hops=partial(read_hops, endpoints.consumer_url),
            checker=Checker(plan.pipeline, endpoints),
            connector=partial(look, plan.pipeline, endpoints),
        )
        self._shapes = {x.scenario.name: self._laboratory.shape(x) for x in plan.scenarios}
        now = datetime.now(UTC)
        self._folder = RunFolder.create(checkout.results, now)
        if endpoints.prometheus_url:
            self._laboratory = self._laboratory.observed(
                endpoints.prometheus_url, self._folder.run_id
            )
        self._manifest = Manifest(
            run_id=self._folder.run_id,
            name=plan.name,
            status=RunStatus.RUNNING,
            started=now,
            stack=backend.name,
            stack_was_up=was_up,
            overrides=plan.overrides,
            versions=versions(checkout.root, generator.version, dict(backend.versions())),
            machine=machine(),
            connector=deployed_settings(plan.pipeline, endpoints),
            scenarios=tuple(entry_of(x, self._shapes[x.scenario.name]) for x in plan.scenarios),
            notes=backend.notes(),
        )

    def perform(self) -> RunResult:
        """Run every scenario, judge, and write what the run leaves."""
        with working_on(self._folder.path), log_waits(say):
            self._manifest.write(self._folder.manifest)
            with ExitStack() as stack:
                stack.callback(self._laboratory.gauges.close)
                if self._laboratory.k6.dashboard is not None:
                    stack.callback(self._laboratory.k6.dashboard.close)
                if self._laboratory.telemetry is not None:
                    stack.callback(self._laboratory.telemetry.close)
                return self._perform()

    def _perform(self) -> RunResult:
        watch = self._backend.watch()
        say(f"run {self._folder.run_id}")
        if self._grafana_url:
            say(
                "watch it: "
                + dashboard_url(self._grafana_url, self._folder.run_id, self._manifest.started)
            )
        if self._laboratory.k6.dashboard is not None:
            open_in_browser(self._laboratory.k6.dashboard.url)
        blocked: _Blocked | None = None
        rows: list[Row] = []
        for planned in self._plan.scenarios:
            name = planned.scenario.name
            if blocked is None:
                try:
                    verdict, blocked = self._measure(planned)
                except (Interrupted, StackFailure) as failure:
                    blocked = _Blocked(failure.code, _reason(failure))
                    verdict = not_run(name, blocked.code, f"not run: {blocked.reason}")
            else:
                verdict = not_run(name, blocked.code, f"not run: {blocked.reason}")
            rows.append(self._row(verdict))
        with deferred():
            for component, content in watch.logs().items():
                write_atomically(self._folder.logs / f"{component}.log", content)
            return self._finish(rows, blocked)

    def _measure(self, planned: PlannedScenario) -> tuple[ScenarioVerdict, _Blocked | None]:
        """Run one scenario; the second value says why the next ones cannot be."""
        name = planned.scenario.name
        wait_for_components(self._backend)
        wait_for_connector(self._plan.pipeline, self._endpoints)
        files = self._folder.scenario(name)
        how = measure_breakpoint if planned.scenario.hold_seconds else ScenarioRunner.measure
        measured = how(self._laboratory, planned, self._shapes[name], files)
        loaded, interrupted = measured.loaded, measured.loaded.interrupted
        try:
            with deferred():
                verdict = judge(measured.evidence)
                write_atomically(files.verdict, readable_json(verdict))
                if self._laboratory.telemetry is not None:
                    export_verdict(self._laboratory.telemetry, verdict, measured.evidence.summary)
                events = measured.evidence.events or ()
                self._manifest = with_scenario_result(self._manifest, name, loaded, events)
                self._manifest.write(self._folder.manifest)
                say(f"{name}: {verdict.verdict}")
        except Interrupted as interruption:
            # The scenario is complete; the ones after it are not run.
            interrupted = interruption
        if interrupted is not None:
            return verdict, _Blocked(ExitCode.INTERRUPTED, str(interrupted))
        if name == HEALTH_CHECK and verdict.exit_code is not ExitCode.PASS:
            return verdict, _Blocked(ExitCode.STACK, "the health check did not pass")
        return verdict, None

    def _row(self, verdict: ScenarioVerdict) -> Row:
        files = self._folder.scenario(verdict.scenario)
        if not files.folder.exists():
            return Row(verdict, NoSummary("it was not run"))
        return Row(verdict, read_summary(files.summary), read_hops_file(files.hops))

    def _finish(self, rows: Sequence[Row], blocked: _Blocked | None) -> RunResult:
        interrupted = blocked is not None and blocked.code is ExitCode.INTERRUPTED
        reason = blocked.reason if blocked is not None and interrupted else ""
        verdict = judge_run([row.verdict for row in rows], reason)
        self._manifest = msgspec.structs.replace(
            self._manifest,
            status=RunStatus.INTERRUPTED if interrupted else RunStatus.COMPLETE,
            ended=datetime.now(UTC),
        )
        limits = [limit for planned in self._plan.scenarios for limit in planned.thresholds]
        units = {limit.metric: limit.kind.unit for limit in limits}
        write_artifacts(self._folder, self._manifest, verdict, rows, units)
        return RunResult(self._folder, verdict, tuple(rows), self._manifest.notes)


def _reason(failure: Failure) -> str:
    """Return what is wrong and what to do about it, in one line."""
    return f"{failure.message}: {failure.hint}" if failure.hint else failure.message
