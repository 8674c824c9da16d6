"""Run one scenario on a running stack, and collect the evidence for its verdict."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

from cdc_perf.errors import Interrupted, StackFailure
from cdc_perf.faults.context import FaultContext
from cdc_perf.faults.player import FaultPlayer
from cdc_perf.faults.records import InjectionFile
from cdc_perf.faults.recovery import RecoveryFile, with_findings
from cdc_perf.files import readable_json, write_atomically
from cdc_perf.integrity.check import Checker, excuse, unchecked
from cdc_perf.integrity.events import Events
from cdc_perf.integrity.record_hops import record_hops
from cdc_perf.integrity.records import Integrity
from cdc_perf.integrity.topic import StartOffsets
from cdc_perf.load.exceptions import read_exceptions
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.load.hops import HopMeasurements, HopWatch, Read
from cdc_perf.load.k6 import FAULTED, Shape
from cdc_perf.load.progress import LoadProgress
from cdc_perf.load.run import LoadResult
from cdc_perf.perf.components import wait_for_components
from cdc_perf.perf.loads import Load
from cdc_perf.perf.planned_scenario import PlannedScenario
from cdc_perf.prometheus.export import PrometheusExport, ScenarioExport
from cdc_perf.report.live import display
from cdc_perf.results.hops import hops_of
from cdc_perf.results.summary import Summary, read_summary
from cdc_perf.settings.executors import RampingArrivalRate, warm_up_seconds
from cdc_perf.settings.metrics import of_jvm
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.signals import deferred
from cdc_perf.stack.backend import Backend, Watch
from cdc_perf.stack.connector_health import ConnectorHealth
from cdc_perf.stack.gauges import Gauges
from cdc_perf.verdict.evidence import Evidence
from cdc_perf.verdict.points import Faulted, summarize_points

_COLLECT_SECONDS = 60.0
_COLLECT_SHARE = 0.2


@dataclass(frozen=True)
class ScenarioRun:
    """A planned run of a scenario, or of a part of a breakpoint.

    Attributes:
        planned: The scenario and its thresholds.
        shape: The load as k6 will run it; or the observation.
        files: The files that the run writes.
    """

    planned: PlannedScenario
    shape: Shape
    files: ScenarioFiles

    @property
    def name(self) -> str:
        """The name of the scenario."""
        return self.planned.scenario.name


@dataclass(frozen=True)
class ScenarioResult:
    """The result of one load.

    Attributes:
        load: The result of the load itself.
        evidence: The evidence for the verdict.
        begins: The end offsets of the topics before the load; None if no check is needed.
    """

    load: LoadResult
    evidence: Evidence
    begins: StartOffsets | None = None


@dataclass(frozen=True)
class ScenarioRunner:
    """A stack and its load, which can run scenarios.

    Attributes:
        load: What loads the stack.
        backend: Controls the stack.
        gauges: Reads the stack's gauges.
        hops: Reads the consumer's counts; None if there is no cdc-consumer: then the hops come from
            the topics' records.
        checker: Drains the pipeline and checks for data loss.
        connectors: Returns the health of each connector; nothing if Connect's address is unknown.
        telemetry: Exports the progress to Prometheus; None if there is none.
    """

    load: Load
    backend: Backend
    gauges: Gauges
    hops: Read | None
    checker: Checker
    connectors: Callable[[], tuple[ConnectorHealth, ...]]
    telemetry: PrometheusExport | None = None

    def with_variables(self, variables: Mapping[str, str]) -> "ScenarioRunner":
        """Return a copy with more variables for the scripts."""
        return replace(self, load=self.load.with_variables(variables))

    def pushing_to(self, url: str, run_id: str) -> "ScenarioRunner":
        """Return a copy that pushes the samples of k6 and of the harness to a Prometheus."""
        telemetry = PrometheusExport(url, run_id)
        return replace(self, load=self.load.pushing_to(url, run_id), telemetry=telemetry)

    def shape(self, planned: PlannedScenario) -> Shape:
        """Return the load of a scenario.

        Raises:
            LoadFailure: The script does not load.
        """
        load = self.load.with_variables(FAULTED) if planned.faults else self.load
        return load.shape(planned.scenario)

    def measure(self, run: ScenarioRun) -> ScenarioResult:
        """Run a scenario and collect the evidence, even if k6 fails or is interrupted."""
        planned, shape, files, name = run.planned, run.shape, run.files, run.name
        watch = self.backend.watch()
        player = self._player(run)
        # The health check sends one row through every hop, which needs no comparison of all rows.
        begins = None if name == HEALTH_CHECK else self.checker.begin()
        hops = HopWatch(self.hops, warm_up_seconds(shape.options))
        telemetry = self.telemetry.scenario(name, planned.thresholds) if self.telemetry else None
        try:
            loaded = self._load(run, hops, telemetry, player)
        finally:
            with deferred():
                injections = () if player is None else player.close()
        if injections:
            write_atomically(files.injections, readable_json(InjectionFile(injections=injections)))
        integrity = None
        read = begins is not None
        from_records = HopMeasurements(fault="the topics were not read" if read else "")

        def use(events: Events) -> None:
            nonlocal from_records
            if self.hops is None:
                prefix = self.checker.pipeline.kafka.topic_prefix
                found = record_hops(events, prefix, hops.warm_up_ended)
                from_records = replace(found.measurements, note=found.note)

        if loaded.interrupted is None and begins is not None:
            try:
                integrity = self._check(begins, files, watch, use, faults=bool(injections))
            except Interrupted as interruption:
                loaded = replace(loaded, interrupted=interruption)
        with deferred():
            # Events that are applied and components that die during the drain count too.
            seen = from_records if self.hops is None else hops.close()
            write_atomically(files.hops, readable_json(hops_of(seen)))
            events = watch.events()
            connectors = self.connectors()
            if telemetry is not None:
                telemetry.loaded(loaded.ended, events or ())
            summary = read_summary(files.summary)
            points = summarize_points(
                self.load.points(files),
                files.gauges,
                files.series,
                planned.thresholds,
                summary,
                ramp=isinstance(shape.options, RampingArrivalRate),
                faulted=Faulted(injections, files.ledger, warm_up_seconds(shape.options))
                if injections
                else None,
            )
            if points.recoveries:
                found = with_findings(points.recoveries, integrity)
                points = replace(points, recoveries=found)
                write_atomically(files.recovery, readable_json(RecoveryFile(recoveries=found)))
            evidence = Evidence(
                scenario=name,
                executor=shape.options,
                thresholds=planned.thresholds,
                summary=summary,
                points=points,
                k6_exit=loaded.exit_code,
                clock_step_seconds=loaded.clock_step_seconds,
                events=events,
                hops=seen,
                integrity=integrity,
                connectors=connectors,
                exceptions=read_exceptions(files.log),
                interrupted="" if loaded.interrupted is None else str(loaded.interrupted),
                injections=injections,
                recovery=planned.recovery,
                stack_name=self.backend.name,
                stopped=loaded.stopped,
            )
            if injections and isinstance(evidence.judged_summary, Summary):
                write_atomically(files.steady, readable_json(evidence.judged_summary))
        return ScenarioResult(loaded, evidence, begins)

    def close(self) -> None:
        """Close the connections of the gauges, the web dashboard, and the export."""
        with ExitStack() as stack:
            for part in (self.gauges, self.load.dashboard, self.telemetry):
                if part is not None:
                    stack.callback(part.close)

    def check_again(self, measured: ScenarioResult, files: ScenarioFiles) -> ScenarioResult:
        """Repeat the check of an earlier part of a scenario, after the pipeline has caught up."""
        if measured.begins is None:
            return measured
        integrity = self._check(measured.begins, files, self.backend.watch())
        return replace(measured, evidence=replace(measured.evidence, integrity=integrity))

    def _player(self, run: ScenarioRun) -> FaultPlayer | None:
        """Return what injects the faults of a scenario; None without any."""
        if not run.planned.faults:
            return None
        checker = self.checker
        context = FaultContext(checker.pipeline, checker.endpoints, self.backend.control())
        warm_up = warm_up_seconds(run.shape.options)
        return FaultPlayer(run.planned.faults, context, run.files.ledger, warm_up)

    def _load(
        self,
        run: ScenarioRun,
        hops: HopWatch,
        telemetry: ScenarioExport | None,
        player: FaultPlayer | None,
    ) -> LoadResult:
        """Run the load, with its faults; show and export its progress."""
        progress = display(run.name)
        collect_seconds = None
        if any(of_jvm(threshold.metric) for threshold in run.planned.thresholds):
            # A collection stops a JVM for 0.1 s: do it rarely, and only if a threshold needs it.
            collect_seconds = min(_COLLECT_SECONDS, _COLLECT_SHARE * run.shape.seconds)

        def gauges(others: Mapping[str, int]) -> Mapping[str, float]:
            values = self.gauges.read(others, collect_seconds)
            if telemetry is not None:
                telemetry.gauges(values)
                if player is not None:
                    telemetry.faults(player.active())
            return values

        def show(moment: LoadProgress) -> None:
            hops.follow(moment)
            if player is not None:
                player.follow(moment)
                moment = replace(moment, faults=player.progress)
            progress.show(moment)
            if telemetry is not None:
                telemetry.progress(moment)

        try:
            until = (lambda: False) if player is None else (lambda: player.finished)
            load = self.load if player is None else self.load.with_variables(FAULTED)
            return load.run(run.planned.scenario, run.shape, run.files, gauges, show, until)
        finally:
            progress.close()

    def _check(
        self,
        begins: StartOffsets,
        files: ScenarioFiles,
        watch: Watch,
        use: Callable[[Events], None] = lambda _events: None,
        *,
        faults: bool = False,
    ) -> Integrity:
        """Check the pipeline's integrity, unless a component does not restart."""
        try:
            wait_for_components(self.backend)
        except StackFailure as failure:
            integrity = unchecked(failure.message)
        else:
            events = watch.events()
            excused = (
                "the components of this stack are not monitored"
                if events is None
                else excuse(event.component for event in events)
            )
            if faults and not excused:
                excused = "faults were injected: Debezium resends unconfirmed changes"
            integrity = self.checker.check(begins, files.ledger, excused, quiet=True, use=use)
        write_atomically(files.integrity, readable_json(integrity))
        return integrity
