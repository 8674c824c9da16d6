"""One scenario on a running stack: loaded, watched, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scripts.interruption import postponed
from scripts.load import run as load
from scripts.load.files import ScenarioFiles
from scripts.load.k6 import K6, Observed, Shape, inspect
from scripts.load.progress import Progress
from scripts.load.telemetry import Judged, ScenarioTelemetry, Telemetry, limit_text
from scripts.perf.plan import PlannedScenario
from scripts.report.live import display, say
from scripts.results.summary import read_summary
from scripts.stack.backend import Backend
from scripts.stack.gauges import Gauges
from scripts.verdict.evidence import Evidence
from scripts.verdict.points import examine
from scripts.verdict.records import ScenarioVerdict


@dataclass(frozen=True)
class Measured:
    """What one k6 run left.

    Attributes:
        loaded: What is known of k6.
        evidence: What the verdict rests on.
    """

    loaded: load.Loaded
    evidence: Evidence


@dataclass(frozen=True)
class Laboratory:
    """A stack and a load generator, ready to measure.

    Attributes:
        k6: The load generator, with the addresses of the stack.
        backend: What runs the stack.
        gauges: What the stack shows of itself.
        telemetry: Tells a Prometheus how it goes; None: there is none.
    """

    k6: K6
    backend: Backend
    gauges: Gauges
    telemetry: Telemetry | None = None

    def with_variables(self, variables: Mapping[str, str]) -> "Laboratory":
        """Return the same with more variables for the scripts."""
        return replace(self, k6=replace(self.k6, environment={**self.k6.environment, **variables}))

    def observed(self, url: str, run_id: str) -> "Laboratory":
        """Return the same with a Prometheus that k6 and the harness push to."""
        k6 = replace(self.k6, observed=Observed(url, run_id))
        return replace(self, k6=k6, telemetry=Telemetry(url, run_id, say))

    def shape(self, planned: PlannedScenario) -> Shape:
        """Ask k6 what a scenario comes to.

        Raises:
            LoadFailure: The script cannot be loaded.
        """
        return inspect(self.k6, planned.scenario)

    def measure(self, planned: PlannedScenario, shape: Shape, files: ScenarioFiles) -> Measured:
        """Run a scenario, whatever comes, and gather the evidence."""
        name = planned.scenario.name
        watch = self.backend.watch()
        progress = display(name)
        told = self._telemetry(planned)

        def gauges(k6: int) -> Mapping[str, float]:
            values = self.gauges.read({"k6": k6})
            if told is not None:
                told.gauges(values)
            return values

        def show(moment: Progress) -> None:
            progress.show(moment)
            if told is not None:
                told.progress(moment)

        try:
            loaded = load.run(self.k6, planned.scenario, shape, files, gauges, show)
        finally:
            progress.close()
        with postponed():
            events = watch.events()
            if told is not None:
                told.loaded(events)
            summary = read_summary(files.summary)
            evidence = Evidence(
                scenario=name,
                executor=shape.options,
                thresholds=planned.thresholds,
                summary=summary,
                points=examine(
                    (files.points,), files.gauges, files.series, planned.thresholds, summary
                ),
                k6_exit=loaded.exit_code,
                clock_step_seconds=loaded.clock_step_seconds,
                events=events,
            )
        return Measured(loaded, evidence)

    def _telemetry(self, planned: PlannedScenario) -> ScenarioTelemetry | None:
        if self.telemetry is None:
            return None
        return self.telemetry.scenario(planned.scenario.name, planned.thresholds)

    def tell(self, verdict: ScenarioVerdict) -> None:
        """Tell the verdict on a scenario, where someone listens."""
        if self.telemetry is None:
            return
        limits = [Judged(x.metric, limit_text(x), x.ok) for x in verdict.thresholds]
        self.telemetry.judged(verdict.scenario, verdict.verdict, verdict.exit_code, limits)
