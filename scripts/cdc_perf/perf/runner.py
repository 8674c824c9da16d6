"""A run, from starting the stack to the verdict."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import msgspec

from cdc_perf.errors import ExitCode, Failure, Interrupted, StackFailure
from cdc_perf.files import readable_json, write_atomically
from cdc_perf.installation import COMMAND
from cdc_perf.integrity.check import Checker, checker_of
from cdc_perf.integrity.cleanup import cleanup_lines, delete_written
from cdc_perf.integrity.records import Scope
from cdc_perf.load.files import LEDGER
from cdc_perf.load.k6 import K6, Shape
from cdc_perf.load.own_scripts import beside_library
from cdc_perf.load.web_dashboard_relay import WebDashboardRelay
from cdc_perf.lock import working_on
from cdc_perf.perf.breakpoint import measure_breakpoint
from cdc_perf.perf.components import wait_for_components, wait_for_connector
from cdc_perf.perf.environment import machine, versions
from cdc_perf.perf.generator import K6Installer
from cdc_perf.perf.loads import K6Load, Load, LoadOfOthers
from cdc_perf.perf.observation import expect_measurable
from cdc_perf.perf.plan import Plan
from cdc_perf.perf.record import entry_of, with_scenario_result, write_run_files
from cdc_perf.perf.scenario_runner import ScenarioRun, ScenarioRunner
from cdc_perf.perf.verdict_export import dashboard_url, export_verdict
from cdc_perf.perf.write_rates import write_rate
from cdc_perf.reasons import runs as reasons
from cdc_perf.report.live import open_in_browser
from cdc_perf.results.hops import hops_of
from cdc_perf.results.manifest import Manifest, RunStatus
from cdc_perf.results.run_folder import RunFolder, check_results_folder
from cdc_perf.results.summary import NoSummary
from cdc_perf.runs.row import Row
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_version import version_of
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.signals import deferred
from cdc_perf.stack.backend import Backend
from cdc_perf.stack.choice import EXTERNAL, running_endpoints
from cdc_perf.stack.connector import deployed_settings
from cdc_perf.stack.connector_health import read_connectors
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.external.addresses import variable
from cdc_perf.stack.gauges import Gauges
from cdc_perf.stack.hops import read_hops
from cdc_perf.verdict.judge import judge, judge_run, not_run
from cdc_perf.verdict.records import RunVerdict
from cdc_perf.waiting import log_waits
from cdc_perf.workload.derive import Derived
from cdc_perf.workload.plans import derive_plans

_log = logging.getLogger(__name__)
# Gets the addresses, and what the run writes, a line each.
Confirm = Callable[[Endpoints, Sequence[str]], None]


@dataclass(frozen=True)
class RunResult:
    """A finished run.

    Attributes:
        folder: The run folder.
        verdict: The verdict on the run.
        rows: A row of the summary for each scenario.
        notes: Sentences to show with the figures.
    """

    folder: RunFolder
    verdict: RunVerdict
    rows: tuple[Row, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Blocked:
    """Why the remaining scenarios do not run."""

    code: ExitCode
    reason: str


def run_plan(
    plan: Plan,
    checkout: Checkout,
    backend: Backend,
    generator: K6Installer,
    confirm: Confirm | None = None,
) -> RunResult:
    """Start the stack unless it is up, run every scenario, judge, and stop what was started.

    A plan that only observes needs a stack that is up, and starts or stops nothing.

    Args:
        plan: The plan.
        checkout: The checkout and the pipeline.
        backend: Controls the stack.
        generator: Installs k6.
        confirm: Called before the first write, with what each scenario writes, if given.

    Raises:
        UsageFailure: The results folder is not writable, or a threshold cannot be measured.
        StackFailure: The disk is full, a tool is unavailable, or the stack did not become ready.
        LoadFailure: k6 cannot load a script.
        Interrupted: A signal arrived before the first scenario started.
    """
    check_results_folder(checkout.results)
    plan = plan.on(backend.name)
    for line in plan.left_out:
        _log.info(line)
    # A stack that does not answer is not started if its owner must confirm the writes.
    needs_one = plan.observes or confirm is not None
    endpoints = running_endpoints(backend) if needs_one else backend.endpoints()
    was_up = endpoints is not None
    stop = backend.abandon
    try:
        if endpoints is None:
            endpoints = backend.up(proxied=plan.needs_proxies)
        else:
            backend.verify()
        if plan.needs_proxies and not endpoints.toxiproxy_url:
            raise _without_proxies(backend.name)
        session = prepare_session(
            plan, checkout, backend, generator, endpoints, was_up=was_up, confirm=confirm
        )
        result = session.perform()
        if result.verdict.exit_code is not ExitCode.INTERRUPTED:
            stop = backend.down
        return result
    finally:
        if not was_up and not plan.keep:
            with deferred():
                stop()


def prepare_session(
    plan: Plan,
    checkout: Checkout,
    backend: Backend,
    generator: K6Installer,
    endpoints: Endpoints,
    *,
    was_up: bool,
    confirm: Confirm | None = None,
) -> "RunSession":
    """Install k6, have it inspect every script, and create the run folder.

    Raises:
        UsageFailure: An observation has a threshold that cannot be measured, or a workload does not
            fit the tables.
        StackFailure: k6 cannot be installed, or the source cannot be read.
        LoadFailure: k6 cannot load a script.
    """
    if plan.observes:
        for planned in plan.scenarios:
            expect_measurable(planned.thresholds, plan.pipeline, endpoints)
    else:
        plan = _with_library(plan, checkout)
    workloads = derive_plans(plan.pipeline, endpoints.postgres_dsn, plan.workloads)
    runner = ScenarioRunner(
        load=_load(plan, generator, endpoints, workloads),
        backend=backend,
        gauges=Gauges(plan.pipeline, endpoints, backend.usage, backend.collected),
        hops=partial(read_hops, endpoints.consumer_url, endpoints.connect_ca)
        if endpoints.consumer_url
        else None,
        checker=_checker(plan, backend, endpoints),
        connectors=partial(read_connectors, plan.pipeline, endpoints),
    )
    shapes = [runner.shape(planned) for planned in plan.scenarios]
    if confirm is not None:
        confirm(endpoints, _loads(plan, shapes))
    now = datetime.now(UTC)
    folder = RunFolder.create(checkout.results, now)
    if endpoints.prometheus_url:
        runner = runner.pushing_to(endpoints.prometheus_url, folder.run_id)
    runs = tuple(
        ScenarioRun(planned, shape, folder.scenario(planned.scenario.name))
        for planned, shape in zip(plan.scenarios, shapes, strict=True)
    )
    k6_version = "" if plan.observes else generator.version
    manifest = Manifest(
        run_id=folder.run_id,
        name=plan.name,
        status=RunStatus.RUNNING,
        started=now,
        pipeline=version_of(checkout, plan.pipeline),
        pipeline_option=checkout.pipeline_option,
        stack=backend.name,
        stack_was_up=was_up,
        overrides=plan.overrides,
        versions=versions(checkout.root, k6_version, dict(backend.versions())),
        machine=machine(),
        connector=deployed_settings(plan.pipeline, endpoints),
        scenarios=tuple(entry_of(run) for run in runs),
        notes=(*backend.notes(), *plan.left_out, *_workload_notes(plan, workloads)),
    )
    return RunSession(plan, backend, endpoints, runner, runs, folder, manifest)


def _without_proxies(stack: str) -> StackFailure:
    if stack == EXTERNAL:
        hint = f"set {variable('toxiproxy_url')} to the API of a Toxiproxy that has them"
    else:
        hint = f"{COMMAND} down, then this command again: it starts the stack with Toxiproxy"
    return StackFailure(
        "network faults need a proxy for each link, and the stack has none", hint=hint
    )


def _with_library(plan: Plan, checkout: Checkout) -> Plan:
    """Return the plan whose scenarios' scripts are beside the library that they import."""
    scenarios = [
        replace(x.scenario, script=beside_library(checkout, x.scenario.k6_script))
        for x in plan.scenarios
    ]
    planned = [
        replace(x, scenario=scenario) for x, scenario in zip(plan.scenarios, scenarios, strict=True)
    ]
    return replace(plan, scenarios=tuple(planned))


def _loads(plan: Plan, shapes: Sequence[Shape]) -> tuple[str, ...]:
    """Return what the run writes, a line for each scenario and fault, and what it deletes."""
    rates = tuple(
        write_rate(planned.scenario, shape)
        for planned, shape in zip(plan.scenarios, shapes, strict=True)
    )
    faults = tuple(
        f"{planned.scenario.name}: injects the fault {each}: {each.fault.action.description}"
        for planned in plan.scenarios
        for each in planned.faults
    )
    cleanup = ("cleanup: deletes the rows that the run inserted",) if plan.cleanup else ()
    return (*rates, *faults, *cleanup)


def _checker(plan: Plan, backend: Backend, endpoints: Endpoints) -> Checker:
    """Return what checks the stack: an observation, only the rows that it saw events of."""
    if plan.observes:
        scope = Scope.ALL if plan.full else Scope.TOPICS
        return Checker(plan.pipeline, endpoints, scope=scope, shared=True, read_only=True)
    external = backend.name == EXTERNAL
    return checker_of(plan.pipeline, endpoints, Scope.RUN, external=external, full=plan.full)


def _load(
    plan: Plan, generator: K6Installer, endpoints: Endpoints, workloads: Mapping[str, Derived]
) -> Load:
    if plan.observes:
        return LoadOfOthers()
    variables = {**endpoints.environment(), **plan.variables}
    dashboard = WebDashboardRelay() if plan.live else None
    scenarios = (planned.scenario for planned in plan.scenarios)
    plans = {
        scenario.name: workloads[scenario.workload].plan
        for scenario in scenarios
        if scenario.workload in workloads and scenario.name != HEALTH_CHECK
    }
    return K6Load(K6(generator.install(), variables, dashboard), plans)


def _workload_notes(plan: Plan, workloads: Mapping[str, Derived]) -> Iterator[str]:
    """Yield the seed of each workload, and the tables without a load."""
    for name, workload in plan.workloads.items():
        yield f"{workload.file or 'the load'}: seed {workload.seed}"
        yield from (f"no load: {line}" for line in workloads[name].left_out)


@dataclass
class RunSession:
    """A run on a stack that is up.

    Attributes:
        plan: The plan of the run.
        backend: Controls the stack.
        endpoints: The addresses of the stack.
        runner: Runs one scenario.
        runs: The scenarios, in their order.
        folder: The run folder.
        manifest: The content of run.json, which is rewritten with every change.
    """

    plan: Plan
    backend: Backend
    endpoints: Endpoints
    runner: ScenarioRunner
    runs: Sequence[ScenarioRun]
    folder: RunFolder
    manifest: Manifest

    def perform(self) -> RunResult:
        """Run every scenario, judge each, and write the files of the run."""
        with working_on(self.folder.path), log_waits(), ExitStack() as stack:
            self.manifest.write(self.folder.manifest)
            stack.callback(self.runner.close)
            watch = self.backend.watch()
            self._announce()
            rows, blocked = self._run_scenarios()
            if self.plan.cleanup:
                self._clean_up(blocked)
            with deferred():
                for component, content in watch.logs().items():
                    write_atomically(self.folder.logs / f"{component}.log", content)
                return self._finish(rows, blocked)

    def _announce(self) -> None:
        _log.info(f"run {self.folder.run_id}")
        if self.endpoints.grafana_url:
            url = dashboard_url(
                self.endpoints.grafana_url, self.folder.run_id, self.manifest.started
            )
            _log.info(f"Grafana: {url}")
        if self.runner.load.dashboard is not None:
            open_in_browser(self.runner.load.dashboard.url)

    def _run_scenarios(self) -> tuple[list[Row], _Blocked | None]:
        """Run the scenarios in order, until one of them blocks the rest."""
        blocked: _Blocked | None = None
        rows: list[Row] = []
        for run in self.runs:
            if blocked is None:
                try:
                    row, blocked = self._measure(run)
                except (Interrupted, StackFailure) as failure:
                    blocked = _Blocked(failure.code, _reason(failure))
                    row = _not_run(run.name, blocked)
            else:
                row = _not_run(run.name, blocked)
            rows.append(row)
        return rows, blocked

    def _measure(self, run: ScenarioRun) -> tuple[Row, _Blocked | None]:
        """Run one scenario; the second value says why the next ones cannot run.

        Raises:
            StackFailure: The stack or the connector does not run.
            Interrupted: A signal arrived before the load or between the parts of a breakpoint.
        """
        wait_for_components(self.backend)
        wait_for_connector(self.plan.pipeline, self.endpoints)
        if run.planned.scenario.hold_seconds:
            result = measure_breakpoint(self.runner, run)
        else:
            result = self.runner.measure(run)
        evidence, interrupted = result.evidence, result.load.interrupted
        try:
            with deferred():
                verdict = judge(evidence)
                write_atomically(run.files.verdict, readable_json(verdict))
                if self.runner.telemetry is not None:
                    export_verdict(self.runner.telemetry, verdict, evidence.summary)
                events = evidence.events or ()
                self.manifest = with_scenario_result(self.manifest, run.name, result.load, events)
                self.manifest.write(self.folder.manifest)
                _log.info(f"{run.name}: {verdict.verdict}")
        except Interrupted as interruption:
            # The scenario is complete, but the later ones do not run.
            interrupted = interruption
        row = Row(
            verdict,
            evidence.judged_summary,
            hops_of(evidence.hops),
            evidence.points.recoveries,
        )
        if interrupted is not None:
            return row, _Blocked(ExitCode.INTERRUPTED, str(interrupted))
        if run.name == HEALTH_CHECK and verdict.exit_code is not ExitCode.PASS:
            return row, _Blocked(ExitCode.STACK, "the health check failed")
        return row, None

    def _clean_up(self, blocked: _Blocked | None) -> None:
        """Delete the rows that the run inserted; those of an interrupted run stay.

        An interrupted run may have an unchecked scenario, whose rows are the only evidence.
        """
        if blocked is not None and blocked.code is ExitCode.INTERRUPTED:
            lines: tuple[str, ...] = ("cleanup: the rows of an interrupted run stay",)
        else:
            ledgers = sorted(self.folder.path.rglob(LEDGER))
            try:
                dsn = self.endpoints.postgres_dsn
                lines = cleanup_lines(delete_written(dsn, self.plan.pipeline, ledgers))
            except Failure as failure:
                lines = (_reason(failure),)
        for line in lines:
            _log.info(line)
        notes = (*self.manifest.notes, *lines)
        self.manifest = msgspec.structs.replace(self.manifest, notes=notes)

    def _finish(self, rows: Sequence[Row], blocked: _Blocked | None) -> RunResult:
        interrupted = blocked is not None and blocked.code is ExitCode.INTERRUPTED
        reason = reasons.run_interrupted(how=blocked.reason) if blocked and interrupted else None
        verdict = judge_run([row.verdict for row in rows], reason)
        self.manifest = msgspec.structs.replace(
            self.manifest,
            status=RunStatus.INTERRUPTED if interrupted else RunStatus.COMPLETE,
            ended=datetime.now(UTC),
        )
        write_run_files(self.folder, self.manifest, verdict, rows)
        return RunResult(self.folder, verdict, tuple(rows), self.manifest.notes)


def _not_run(name: str, blocked: _Blocked) -> Row:
    verdict = not_run(name, blocked.code, reasons.not_run(why=blocked.reason))
    return Row(verdict, NoSummary("it was not run"))


def _reason(failure: Failure) -> str:
    """Return the message and the hint, in one line."""
    return f"{failure.message}: {failure.hint}" if failure.hint else failure.message
